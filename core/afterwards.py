"""What is done after answers, in the background and one turn after the other."""

import asyncio
import logging

from core.errors import ModelError, StewardError
from core.folding import Folding
from core.gathering import Gathering
from core.messages import Turn

log = logging.getLogger("steward.afterwards")


class Afterwards:
    """Folds turns, and gathers facts where that is configured.

    Args:
        folding: None where no language model is connected.
        gathering: None where facts are not gathered.
    """

    def __init__(self, folding: Folding | None, gathering: Gathering | None = None) -> None:
        self._folding = folding
        self._gathering = gathering
        self._waiting: asyncio.Queue[Turn] = asyncio.Queue()

    def answered(self, turn: Turn) -> None:
        """Note that a turn was answered."""
        if self._folding or self._gathering:
            self._waiting.put_nowait(turn)

    async def run(self) -> None:
        """Work until cancelled; what fails is logged, and done after the next answer there."""
        while True:
            turn = await self._waiting.get()
            try:
                await self._attend(turn)
            except StewardError as error:
                reason = type(error).__name__ if isinstance(error, ModelError) else error  # a server may quote us
                log.warning("turn %d: not summarized: %s", turn.id, reason)
            except Exception:
                log.exception("turn %d: not summarized", turn.id)
            finally:
                self._waiting.task_done()

    async def idle(self) -> None:
        """Wait until nothing is left to do."""
        await self._waiting.join()

    async def _attend(self, turn: Turn) -> None:
        if self._gathering:
            await self._gathering.gather(turn)
        if self._folding:
            await self._folding.fold(turn)
