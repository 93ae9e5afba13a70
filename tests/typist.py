"""Somebody at a terminal: a command run on a pseudo-terminal, typed to and watched."""

import asyncio
import contextlib
import fcntl
import os
import re
import struct
import subprocess
import termios
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from tests.command import environment

ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[=>]")
WHERE = b"\x1b[6n"


class Typist:
    """Sees what stands on the terminal; `raw` with its escape sequences."""

    def __init__(self, terminal: int, process: "subprocess.Popen[bytes]") -> None:
        self.raw = b""
        self._terminal = terminal
        self._process = process
        self._seen = 0
        self._more = asyncio.Event()

    @property
    def text(self) -> str:
        return ANSI.sub("", self.raw.decode("utf-8", "replace")).replace("\r", "")

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    async def sees(self, wanted: str, *, timeout: float = 15) -> None:
        """Wait until a text appears below what was seen before."""
        try:
            async with asyncio.timeout(timeout):
                while (found := self.text.find(wanted, self._seen)) < 0:
                    await self._more.wait()
                    self._more.clear()
        except TimeoutError:
            raise AssertionError(f"{wanted!r} was not seen below {self.text[self._seen :]!r}") from None
        self._seen = found + len(wanted)

    def terminate(self) -> None:
        self._process.terminate()

    async def ends(self, *, timeout: float = 15) -> int:
        """Wait for the end of the command and return its exit code."""
        return await asyncio.to_thread(self._process.wait, timeout)

    def read(self) -> None:
        try:
            read = os.read(self._terminal, 65_536)
        except OSError:  # the command ended
            asyncio.get_running_loop().remove_reader(self._terminal)
            return
        self.raw += read
        if WHERE in read:
            os.write(self._terminal, b"\x1b[20;1R")
        self._more.set()


@contextlib.asynccontextmanager
async def typist(folder: Path, command: Sequence[str], variables: Mapping[str, str]) -> AsyncIterator[Typist]:
    """Run a command on a terminal of 24 lines and 100 columns."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
        command,
        cwd=folder,
        env=environment(**{"TERM": "xterm-256color", **variables}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - so that Ctrl-C reaches it
    )
    os.close(theirs)
    seen = Typist(ours, process)
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, seen.read)
    try:
        yield seen
    finally:
        process.kill()
        process.wait()
        loop.remove_reader(ours)
        os.close(ours)
