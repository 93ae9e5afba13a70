"""What becomes of messages after they were written: edits and deletions, handed over in their order.

A resumed connection repeats them, and they may come while the question itself is being stored.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from bots.discord.keeping import NotKeptError, keep
from bots.platform import Inbox
from core.incident import incident
from core.messages import Message

log = logging.getLogger("steward.discord")

_REMEMBERED: Final = 1000
"""Edited and deleted messages that are remembered."""


class Changes:
    """Hands over edits and deletions."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._in_turn = asyncio.Lock()
        self._deleted: deque[str] = deque(maxlen=_REMEMBERED)
        self._edits: dict[str, datetime] = {}

    async def edit(self, message: Message, at: datetime | None, ask: Callable[[], Awaitable[bool]] | None) -> None:
        """Hand over what a message says now; nothing where it is known to have said that, or something later, before.

        Args:
            message: as it reads now.
            at: when it was edited.
            ask: takes it in as a question, where it may be one for the first time; False where it was one.

        Raises:
            NotKeptError: it could not be stored.
        """
        if not self._is_newer(message.id, at):
            return
        edited = partial(keep, partial(self._inbox.edited, message), f"the edit of {message.id}")
        async with self._in_turn:
            if await edited() or (ask and await ask()):
                return
            await edited()  # nothing to do, unless the question was stored between the two, with its earlier text

    async def delete(self, deleted: Sequence[str]) -> None:
        """Hand over that messages were deleted."""
        self._deleted.extend(deleted)
        async with self._in_turn:
            for each in deleted:
                await self._delete(each)

    def is_deleted(self, message_id: str) -> bool:
        """Tell whether a message was deleted lately."""
        return message_id in self._deleted

    async def stored(self, message_id: str) -> None:
        """Take note that a message was stored; it may have been deleted meanwhile."""
        if self.is_deleted(message_id):
            await self._delete(message_id)

    async def _delete(self, deleted: str) -> None:
        try:
            await keep(partial(self._inbox.deleted, deleted), f"the deletion of {deleted}")
        except NotKeptError as error:
            incident(log, str(error), error.__cause__)

    def _is_newer(self, edited: str, at: datetime | None) -> bool:
        known = self._edits.pop(edited, None)
        latest = max(filter(None, (known, at)), default=None)
        if latest is not None:
            self._edits[edited] = latest
        for oldest in list(self._edits)[:-_REMEMBERED]:
            del self._edits[oldest]
        return known is None or (at is not None and at > known)
