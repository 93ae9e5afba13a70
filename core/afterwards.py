"""What is done after answers, in the background and one thing after the other."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from core.errors import ModelError, StewardError
from core.folding import Folding
from core.gathering import Gathering
from core.messages import Turn

log = logging.getLogger("steward.afterwards")

_Chore: TypeAlias = Callable[[], Awaitable[object]]


class Afterwards:
    """Folds turns, and gathers facts where that is configured.

    Args:
        folding: None where no language model is connected.
        gathering: None where facts are not gathered.
    """

    def __init__(self, folding: Folding | None, gathering: Gathering | None = None) -> None:
        self._folding = folding
        self._gathering = gathering
        self._waiting: asyncio.Queue[tuple[int, _Chore]] = asyncio.Queue()

    def answered(self, turn: Turn) -> None:
        """Note that a turn was answered."""
        files = tuple(replace(file, content=None) for file in turn.message.attachments)
        light = replace(turn, message=replace(turn.message, attachments=files))
        if self._gathering:
            self._waiting.put_nowait((turn.id, partial(self._gathering.gather, light)))
        if self._folding:
            self._waiting.put_nowait((turn.id, partial(self._fold, self._folding, light)))

    async def run(self) -> None:
        """Work until cancelled; what fails is logged, and folding is tried again after the next answer there."""
        while True:
            number, chore = await self._waiting.get()
            try:
                await chore()
            except StewardError as error:
                reason = type(error).__name__ if isinstance(error, ModelError) else error  # a server may quote us
                log.warning("turn %d: what is done after its answer failed: %s", number, reason)
            except Exception:
                log.exception("turn %d: what is done after its answer failed", number)
            finally:
                self._waiting.task_done()

    async def idle(self) -> None:
        """Wait until nothing is left to do."""
        await self._waiting.join()

    async def _fold(self, folding: Folding, turn: Turn) -> None:
        """Fold once, and again when everything else that waits is done, until nothing is due."""
        if await folding.fold(turn):
            self._waiting.put_nowait((turn.id, partial(self._fold, folding, turn)))
