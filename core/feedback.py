"""Feedback: what people thought of answers."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

from core.messages import Person
from core.store import Row, Store

Value: TypeAlias = Literal["good", "bad"]

_MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one person thought of one answer.

    Attributes:
        turn: the answer's number, as in the log.
        conversation: the key of the place where it was given.
        person: the platform's id of who thought so.
    """

    turn: int
    conversation: str
    person: str
    value: Value
    at: datetime


class Feedback:
    """The opinions, one of each person on each answer."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def give(self, turn: int, person: Person, value: Value) -> None:
        """Keep what a person thinks; a later opinion takes the place of an earlier one."""
        await self._store.write(
            "INSERT INTO feedback (turn, person, value, at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (turn, person) DO UPDATE SET value = excluded.value, at = excluded.at",
            (turn, person.id, value, time.time()),
        )

    async def list(self) -> list[Opinion]:
        """Return the latest opinions, oldest first."""
        rows = await self._store.fetch(
            "SELECT turn, conversation, person, value, at FROM feedback JOIN turns ON turns.id = turn"
            " ORDER BY at DESC, turn DESC LIMIT ?",
            (_MOST,),
        )
        return [_opinion(row) for row in reversed(rows)]

    async def counted(self) -> dict[Value, int]:
        """Return how many opinions of each kind there are."""
        rows = await self._store.fetch("SELECT value, count(*) AS number FROM feedback GROUP BY value")
        counted: dict[Value, int] = {"good": 0, "bad": 0}
        return counted | {row["value"]: row["number"] for row in rows}


def _opinion(row: Row) -> Opinion:
    return Opinion(
        turn=row["turn"],
        conversation=row["conversation"],
        person=row["person"],
        value=row["value"],
        at=datetime.fromtimestamp(row["at"], UTC),
    )
