"""Company: who talks in a thread, so that an assistant can tell whether people talk to it or to each other."""

import time
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from core.messages import Conversation
from core.store import Store, Transaction

_LATELY: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The company in one thread.

    Attributes:
        joined: the assistant was asked something here.
        people: the ids of everybody who said something here, as far as it was heard.
        last: who of them spoke last, "" where nobody has.
        answered: the assistant has answered since.
    """

    joined: bool = False
    people: frozenset[str] = frozenset()
    last: str = ""
    answered: bool = False


class Companies:
    """The companies of all threads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def heard(self, conversation: Conversation, person: str) -> None:
        """Note that a person said something in a thread, whoever it was for."""
        await self._store.write(
            "INSERT INTO company (conversation, person, at) VALUES (?, ?, ?)"
            " ON CONFLICT (conversation, person) DO UPDATE SET at = excluded.at",
            (conversation.key, person, time.time()),
        )

    async def of(self, conversation: Conversation) -> Company:
        """Return the company in a thread."""
        turns = await self._store.fetch(
            "SELECT author, received_at, closed_at FROM turns WHERE conversation = ? ORDER BY id DESC LIMIT 500",
            (conversation.key,),
        )
        heard = await self._store.fetch("SELECT person, at FROM company WHERE conversation = ?", (conversation.key,))
        spoke = [(row["received_at"], row["author"]) for row in turns] + [(row["at"], row["person"]) for row in heard]
        at, last = max(spoke, default=(0.0, ""))
        return Company(
            joined=bool(turns),
            people=frozenset(person for _, person in spoke) - {""},
            last=last,
            answered=any((row["closed_at"] or 0.0) >= at for row in turns),
        )

    async def in_a_row(self, conversation: Conversation, person: str) -> int:
        """Return how many of the latest questions of the last hour in a place are one person's, one after the other."""
        rows = await self._store.fetch(
            "SELECT author FROM turns WHERE conversation = ? AND received_at > ? ORDER BY id DESC LIMIT 100",
            (conversation.key, time.time() - _LATELY),
        )
        return sum(1 for _ in takewhile(lambda row: row["author"] == person, rows))

    async def forget(self, transaction: Transaction, conversation: Conversation) -> None:
        """Forget who talked in a thread, or in all threads of a channel."""
        channel = conversation.key
        await transaction.execute(
            "DELETE FROM company WHERE conversation = ? OR substr(conversation, 1, ?) = ?",
            (channel, len(channel) + 1, f"{channel}/"),
        )
