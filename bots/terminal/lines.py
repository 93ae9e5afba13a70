"""Where the messages of a terminal come from, one after the other."""

import asyncio
import codecs
import contextlib
import os
import threading
from typing import Protocol


class Lines(Protocol):
    """Messages to come.

    Attributes:
        interrupted: the person pressed Ctrl-C.
    """

    interrupted: bool

    async def next(self) -> str | None:
        """Return the next message, None at the end."""
        ...


class OneMessage:
    """One message, given on the command line."""

    def __init__(self, text: str) -> None:
        self.interrupted = False
        self._left = [text]

    async def next(self) -> str | None:
        """Return it once."""
        return self._left.pop() if self._left else None


class PipedLines:
    """The lines of a pipe or file, in UTF-8; each is one message.

    A thread reads them, for a file cannot be waited for in the event loop. It reads past `sys.stdin`, whose lock
    would make Python abort at exit while a read is under way.
    """

    def __init__(self, descriptor: int) -> None:
        self.interrupted = False
        self._descriptor = descriptor
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._thread: threading.Thread | None = None

    async def next(self) -> str | None:
        """Return the next line without its end."""
        if self._thread is None:
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._read, args=(loop,), name="standard input", daemon=True)
            self._thread.start()
        return await self._queue.get()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        rest = ""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            while chunk := self._chunk():
                *lines, rest = (rest + decoder.decode(chunk)).split("\n")
                for line in lines:
                    loop.call_soon_threadsafe(self._queue.put_nowait, line.removesuffix("\r"))
            for last in (rest + decoder.decode(b"", final=True), None):
                loop.call_soon_threadsafe(self._queue.put_nowait, last)

    def _chunk(self) -> bytes:
        try:
            return os.read(self._descriptor, 65_536)
        except OSError:
            return b""
