"""Commands that are about to be deferred: their answers wait until they are."""

import asyncio
import contextlib
from collections.abc import Iterator


class Deferrals:
    """The interactions on their way to being acknowledged.

    A question is accepted before it is deferred, and the answer of a fast model could be there before Discord knows
    that one is to come; it would be refused, and "is thinking…" would stay for ever.
    """

    def __init__(self) -> None:
        self._pending: dict[str, asyncio.Event] = {}

    @contextlib.contextmanager
    def pending(self, interaction_id: str) -> Iterator[None]:
        """Let answers to an interaction wait until this block is left."""
        done = self._pending.setdefault(interaction_id, asyncio.Event())
        try:
            yield
        finally:
            done.set()
            self._pending.pop(interaction_id, None)

    async def settled(self, interaction_id: str) -> None:
        """Wait until an interaction is acknowledged, or cannot be; one that is not known here is."""
        if interaction_id in self._pending:
            await self._pending[interaction_id].wait()
