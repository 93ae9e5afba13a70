"""`steward run` in processes that are there to be killed.

    python -m tests.crashing

Steward is imported once, and each life is a fork of this process: a start costs a tenth of a new interpreter's. A line
on standard input begins a life, a `Life` as JSON; its process id is printed, and once it has ended its exit code.
"""

import asyncio
import importlib
import json
import os
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from time import sleep

from bots.app import open_app
from core import telemetry
from core.boundary import Boundary, Watch
from core.config import load
from core.errors import OperatorError

EARLY = ("bots.slack", "bots.discord", "core.client")
"""Modules that Steward imports where they are needed, and that are here imported once for all lives."""

LONGEST = 300
"""Seconds after which a life that nobody ended ends by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One run of Steward.

    Attributes:
        config: path of its configuration.
        log: path of the file to which it adds its log.
        boundary: where it ends itself by SIGKILL; "": nowhere.
        time: when it gets there for the how many'th time.
        linger: seconds that it stays at every boundary, so that a kill from outside may well come there.
    """

    config: str
    log: str
    boundary: str = ""
    time: int = 1
    linger: float = 0.0

    def dump(self) -> str:
        return json.dumps(asdict(self))


def watching(life: Life) -> Watch:
    """Linger at each boundary, and kill this process at the one where it is to end."""
    left = life.time

    def watch(reached: Boundary) -> None:
        nonlocal left
        sleep(life.linger)
        left -= reached == life.boundary
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return watch


def live(life: Life) -> int:
    """Do what `steward run` does and return the exit code."""
    config = load(Path(life.config))
    telemetry.configure(config.log, config.secrets())

    async def run() -> None:
        async with open_app(config, watch=watching(life)) as app:
            await app.run()

    try:
        asyncio.run(run())
    except OperatorError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _begin(life: Life) -> int:
    """Fork a life, in a session of its own with whatever processes it starts; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        signal.alarm(LONGEST)
        log = os.open(life.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for old, new in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(old, new)
        code = live(life)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    for name in EARLY:
        importlib.import_module(name)
    while line := sys.stdin.readline():
        pid = _begin(Life(**json.loads(line)))
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
