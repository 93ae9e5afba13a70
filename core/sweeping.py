"""Sweeping: what is done from time to time so that nothing is kept longer than it should be."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from core.errors import StewardError

log = logging.getLogger("steward.sweeping")

HOUR: Final = 3_600.0
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Something to be done every so many seconds.

    Attributes:
        name: for the log.
        work: returns what there was to do, false where that was nothing.
    """

    name: str
    every: float
    work: Callable[[], Awaitable[object]]


class Sweeping:
    """Does its rounds, at once and then again and again; one that fails keeps no other from being done."""

    def __init__(self, rounds: Sequence[Round]) -> None:
        self._due = dict.fromkeys(rounds, 0.0)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            for each in [each for each, due in self._due.items() if due <= time.monotonic()]:
                self._due[each] = time.monotonic() + each.every
                await self._do(each)
            await asyncio.sleep(max(0.0, min(self._due.values()) - time.monotonic()))

    async def _do(self, each: Round) -> None:
        try:
            if done := await each.work():
                log.info("%s: %s", each.name, done)
        except StewardError as error:
            log.error("%s: it could not be done: %s", each.name, error)
        except Exception:
            log.exception("%s: it could not be done", each.name)
