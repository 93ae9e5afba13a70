"""Closing: a channel that the whole workspace could see becomes its members' own, with all that was said before.

It is used afterwards where these members read the answer, and nowhere else. There is no way back: what was said among
them stays theirs, also once the channel is public again.
"""

from typing import Final

from core import passages, summaries
from core.audience import Table
from core.messages import Audience, Conversation
from core.store import Store, Transaction, Value

_OF: Final = "channel = ? AND audience = ?"

_MOVED: Final[tuple[Table, ...]] = ("memory", "facts", "files")

_ANYTHING: Final = " UNION ALL ".join(
    f"SELECT 1 FROM (SELECT 1 FROM {table} WHERE channel = ?1 AND audience = ?2 LIMIT 1)"  # noqa: S608  # names of tables
    for table in ("turns", "passages", "facts", "files", "summaries")
)
"""Asks for what has an index by channel; what else is kept hangs on turns."""


class Closing:
    """Narrows who may see what a channel remembers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def close(self, conversation: Conversation, audience: Audience) -> list[int]:
        """Make everything that a channel remembers for the whole workspace this audience's; again, it does nothing.

        Args:
            conversation: the channel, or a thread in it.
            audience: who can see the channel now.

        Returns:
            The numbers of the turns that are being answered, or wait for it. Their messages are this audience's now;
            who works on one is refused whatever it writes next, and it is to be taken up again.

        Raises:
            OperatorError: the database could not be read or written.
        """
        channel, before, now = conversation.channel_key, conversation.workspace_audience.key, audience.key
        if not await self._store.fetch(f"{_ANYTHING} LIMIT 1", (channel, before)):
            return []
        async with self._store.transaction(durable=True) as transaction:
            if not await transaction.execute(f"{_ANYTHING} LIMIT 1", (channel, before)):  # it was told twice at once
                return []
            await summaries.move(transaction, channel, before, now)
            await passages.move(transaction, channel, before, now)
            for table in _MOVED:
                await transaction.execute(
                    f"UPDATE {table} SET audience = ? WHERE {_OF}",  # noqa: S608  # the names above
                    (now, channel, before),
                )
            # their keys are made of the audience, too: no answer would find them
            await transaction.execute(f"DELETE FROM cache WHERE {_OF}", (channel, before))  # noqa: S608  # a constant
            return await _move_turns(transaction, channel, before, audience)


async def _move_turns(transaction: Transaction, channel: str, before: str, audience: Audience) -> list[int]:
    """Change the audience of turns, also in their messages, of which they are answered, now or once more."""
    of: tuple[Value, ...] = (channel, before)
    rows = await transaction.execute(
        f"UPDATE turns SET attempt = attempt + 1 WHERE {_OF}"  # noqa: S608  # a constant
        " AND state IN ('received', 'running') AND parked_at IS NULL RETURNING id",
        of,
    )
    await transaction.execute(
        f"UPDATE turns SET audience = ?, message = {_narrowed('message')}, revision = {_narrowed('revision')}"  # noqa: S608
        f" WHERE {_OF}",
        (audience.key, *(audience.scope, audience.id) * 2, *of),
    )
    return [row["id"] for row in rows]


def _narrowed(column: str) -> str:
    """Write a message with another audience in SQL; one that is empty or cannot be read stays as it is."""
    return (
        f"CASE WHEN json_valid({column}) THEN json_set({column}, '$.audience.scope', ?, '$.audience.id', ?)"
        f" ELSE {column} END"
    )
