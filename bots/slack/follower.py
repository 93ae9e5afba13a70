"""Something shown that follows what happens: one change at a time, and nobody waits for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

log = logging.getLogger("steward.slack")


class Follower:
    """Takes steps while there is something new to show.

    Args:
        name: of what is shown, for the log.
        due: tells whether there is something new.
        step: shows it, and returns the seconds before the next step.
    """

    def __init__(self, name: str, due: Callable[[], bool], step: Callable[[], Awaitable[float]]) -> None:
        self._name = name
        self._due = due
        self._step = step
        self._ended = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    @property
    def ended(self) -> bool:
        """Nothing more is to be shown."""
        return self._ended.is_set()

    def wake(self) -> None:
        """Note that there may be something new."""
        if not self.ended and (self._running is None or self._running.done()):
            self._running = asyncio.create_task(self._run(), name=self._name)

    async def rest(self, seconds: float) -> None:
        """Wait, unless it is to end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()

    async def end(self) -> None:
        """Take no further step, and wait for the one that is under way."""
        self._ended.set()
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        try:
            while not self.ended and self._due():
                await self.rest(await self._step())
        except Exception:
            log.exception("%s came to an end", self._name)
            self._ended.set()
