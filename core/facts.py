"""Facts: what people asked to be remembered, each with who said it, where, and who may see it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from core import passages
from core.audience import Readers, visible
from core.chores import want_scrub
from core.errors import UserError
from core.messages import Message
from core.passages import Passage
from core.store import Row, Store, Transaction
from core.unicode import well_formed

LONGEST: Final = 1_000
"""Characters of a fact."""

_COLUMNS: Final = (
    "id, text, conversation, channel, audience, author, author_name, turn, link, created_at, changed_at, editor_name"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that is remembered because somebody wanted it to be.

    Attributes:
        author: who said it, with the platform before: "slack/U1"; `author_name` is for display.
        audience: the key of who could see where it was said.
        link: the address at which people find where it was said, "" where there is none.
        changed_at: when it was last put another way, by who is called `editor_name`; "" where nobody did, or that is
            forgotten.
    """

    id: int
    text: str
    author: str
    author_name: str
    audience: str
    editor_name: str
    link: str
    created_at: datetime
    changed_at: datetime


class Facts:
    """The facts of all channels."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def remember(self, text: str, message: Message, turn: int, *, unasked_at: float | None = None) -> Fact | None:
        """Keep a fact that comes from a message; one that is kept of the same turn in the same words is returned.

        Where that message was forgotten meanwhile, None is returned.

        Args:
            text: the fact.
            message: where it was said.
            turn: the number of the message's turn.
            unasked_at: where nobody asked for it, when the turn came to be remembered: the fact is kept only while the
                turn is still remembered as it was then.

        Raises:
            UserError: it is empty or too long.
        """
        said = _checked(text)
        async with self._store.transaction() as transaction:
            if await transaction.execute("SELECT 1 FROM turns WHERE id = ? AND forgotten > 0", (turn,)):
                return None
            if unasked_at is not None and not await transaction.execute(
                "SELECT 1 FROM memory WHERE turn = ? AND at = ?", (turn, unasked_at)
            ):
                return None
            known = await transaction.execute(
                f"SELECT {_COLUMNS} FROM facts WHERE turn = ? AND text = ?",  # noqa: S608  # a constant
                (turn, said),
            )
            if known:
                return _fact(known[0])
            now = time.time()
            rows = await transaction.execute(  # the channel may have become its members' own since it was said
                "INSERT INTO facts (text, conversation, channel, audience, author, author_name, turn, link, created_at,"  # noqa: S608
                " changed_at)"
                " VALUES (?, ?, ?, coalesce((SELECT audience FROM turns WHERE id = ?), ?), ?, ?, ?, ?, ?, ?)"
                f" RETURNING {_COLUMNS}",
                (
                    said,
                    message.conversation.key,
                    message.conversation.channel_key,
                    turn,
                    message.audience.key,
                    message.account,
                    message.author.name,
                    turn,
                    message.link,
                    now,
                    now,
                ),
            )
            await passages.add(transaction, [_passage(rows[0])])
        return _fact(rows[0])

    async def list(self, readers: Readers, *, most: int) -> list[Fact]:
        """Return the latest facts of a channel that these readers may see, oldest first."""
        table, values = visible("facts", readers)
        rows = await self._store.fetch(
            f"SELECT {_COLUMNS} FROM {table} WHERE channel = ? ORDER BY id DESC LIMIT ?",  # noqa: S608  # constants
            (*values, readers.channel, most),
        )
        return [_fact(row) for row in reversed(rows)]

    async def edit(self, readers: Readers, number: int, text: str, accounts: frozenset[str], by: Message) -> Fact:
        """Put a fact another way; it goes with the message it came from all the same.

        Args:
            readers: who can see the place where this is asked for.
            number: the fact's.
            text: the fact as it is now.
            accounts: those of the person who wants it; empty for somebody who may change every fact.
            by: the use of the command.

        Raises:
            UserError: there is no such fact here, it is somebody else's, or the text is empty or too long.
        """
        said = _checked(text)
        await self._own(readers, number, accounts)
        async with self._store.transaction() as transaction:
            rows = await transaction.execute(
                "UPDATE facts SET text = ?, changed_at = ?, editor = ?, editor_name = ? WHERE id = ?"  # noqa: S608
                f" RETURNING {_COLUMNS}",
                (said, time.time(), by.account, by.author.name, number),
            )
            if not rows:
                raise UserError(f"There is no fact {number} here any more.")
            await passages.remove(transaction, "fact", [str(number)])
            await passages.add(transaction, [_passage(rows[0])])
            await want_scrub(transaction)
        return _fact(rows[0])

    async def delete(self, readers: Readers, number: int, accounts: frozenset[str]) -> Fact:
        """Forget a fact; return what it was. See `edit`.

        Raises:
            UserError: there is no such fact here, or it is somebody else's.
        """
        fact = await self._own(readers, number, accounts)
        async with self._store.transaction(durable=True) as transaction:
            await forget(transaction, "id = ?", number)
            await want_scrub(transaction)
        return fact

    async def _own(self, readers: Readers, number: int, accounts: frozenset[str]) -> Fact:
        table, values = visible("facts", readers)
        rows = await self._store.fetch(f"SELECT {_COLUMNS} FROM {table} WHERE id = ?", (*values, number))  # noqa: S608
        if not rows:
            raise UserError(f"There is no fact {number} here.")
        fact = _fact(rows[0])
        if accounts and fact.author not in accounts:
            raise UserError(f"Only {fact.author_name}, who said it, or an admin can change fact {number}.")
        return fact


async def forget(transaction: Transaction, where: str, *values: str | int | float) -> int:
    """Forget facts, and that they are found; return how many there were. `where` is a condition of this program's."""
    rows = await transaction.execute(f"DELETE FROM facts WHERE {where} RETURNING id", values)  # noqa: S608
    await passages.remove(transaction, "fact", [str(row["id"]) for row in rows])
    return len(rows)


def listed(facts: Sequence[Fact]) -> str:
    """Write facts as a model reads them."""
    return "\n".join(
        f"- fact {fact.id} ({fact.author_name}, {fact.changed_at:%Y-%m-%d}): {fact.text}" for fact in facts
    )


def _checked(text: str) -> str:
    said = well_formed(" ".join(text.split()))
    if not said:
        raise UserError("Say what is to be remembered.")
    if len(said) > LONGEST:
        raise UserError(f"A fact may have {LONGEST:,} characters; this one has {len(said):,}.")
    return said


def _passage(row: Row) -> Passage:
    return Passage(
        kind="fact",
        ref=str(row["id"]),
        conversation=row["conversation"],
        channel=row["channel"],
        audience=row["audience"],
        text=f"{row['author_name']}: {row['text']}",
        link=row["link"],
        at=row["changed_at"],
    )


def _fact(row: Row) -> Fact:
    return Fact(
        id=row["id"],
        text=row["text"],
        author=row["author"],
        author_name=row["author_name"],
        audience=row["audience"],
        editor_name=row["editor_name"],
        link=row["link"],
        created_at=datetime.fromtimestamp(row["created_at"], UTC),
        changed_at=datetime.fromtimestamp(row["changed_at"], UTC),
    )
