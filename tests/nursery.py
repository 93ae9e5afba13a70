"""Where Steward is started as a process, again and again: each life is a fork of `tests.crashing`."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from tests.command import environment
from tests.crashing import Life
from tests.waiting import LIMIT, until

_ROOT: Final = Path(__file__).parent.parent


class Nursery:
    """Begins one life after the other."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._code: asyncio.Task[bytes] | None = None
        self._pids: list[int] = []

    async def begin(self, life: Life) -> None:
        """Begin a life."""
        assert self._code is None, "the last life has not ended yet"
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(life.dump().encode() + b"\n")
        self._pids.append(int(await self._process.stdout.readline()))
        self._code = asyncio.create_task(self._process.stdout.readline())

    @property
    def alive(self) -> bool:
        """Whether a life has begun and not ended."""
        return self._code is not None and not self._code.done()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the one that lives."""
        if self.alive:
            os.kill(self._pids[-1], number)

    async def ended(self) -> int:
        """Wait for the end of a life and return its exit code.

        Raises:
            TimeoutError: it goes on.
        """
        assert self._code is not None, "no life has begun"
        code = int(await asyncio.wait_for(asyncio.shield(self._code), LIMIT))
        self._code = None
        return code

    async def end(self) -> None:
        """Kill the one that lives, and wait until nothing is left of any."""
        if self._code is not None:
            self.signal(signal.SIGKILL)
            await self.ended()
        try:
            await until(lambda: not any(map(_is_there, self._pids)), "no process of the dead is left")
        finally:
            for pid in filter(_is_there, self._pids):
                os.killpg(pid, signal.SIGKILL)
            self._pids.clear()


def _is_there(session: int) -> bool:
    """Tell whether a process of a life is left, itself or one that it started."""
    try:
        os.killpg(session, 0)
    except ProcessLookupError:
        return False
    return True


@contextlib.asynccontextmanager
async def nursery(folder: Path) -> AsyncIterator[Nursery]:
    """Open a nursery whose lives have `tests.crash_skills` as the skills of an installed package, and no others."""
    package = folder / "crash-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: crash\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[steward.skills]\ncrash = tests.crash_skills\n")
    (folder / "skills").mkdir()
    (folder / "skills" / "__init__.py").touch()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.crashing",
        cwd=folder,
        env=environment(PYTHONPATH=f"{folder}{os.pathsep}{_ROOT}"),
        stdin=PIPE,
        stdout=PIPE,
    )
    opened = Nursery(process)
    try:
        yield opened
    finally:
        await opened.end()
        assert process.stdin
        process.stdin.close()
        await asyncio.wait_for(process.wait(), LIMIT)
