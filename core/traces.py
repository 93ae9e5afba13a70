"""Traces: everything that was made of turns and is kept beside them, which goes with them."""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

from core import facts, passages, summaries
from core.items import RECALLED
from core.store import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How much was erased of each kind.

    Attributes:
        turns: questions with their answers.
        files: those that were sent and made.
        summaries: the versions that knew of any of it; they are made anew from what is left.
        cached: results of skills.
        opinions: what was thought of answers.
        accounts: links between accounts.
    """

    turns: int = 0
    files: int = 0
    facts: int = 0
    summaries: int = 0
    cached: int = 0
    opinions: int = 0
    accounts: int = 0

    def __add__(self, other: "Erased") -> "Erased":
        """Return how much both are together."""
        return Erased(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)})

    def __str__(self) -> str:
        """Write how much that was, for the log."""
        return ", ".join(f"{getattr(self, each.name)} {each.name}" for each in fields(self) if getattr(self, each.name))

    def __bool__(self) -> bool:
        """Tell whether anything was erased."""
        return any(astuple(self))


async def erase(transaction: Transaction, turns: Sequence[int]) -> Erased:
    """Erase what was made of some turns.

    That is what is recalled and found of them, the facts that come from them, every summary that knows of them, and the
    results that were cached for them. Their messages, files, reports and opinions are not among it, nor are they
    themselves counted.
    """
    await blank_recalled(transaction, "1")
    numbers = json.dumps(list(turns))
    of_turns = "turn IN (SELECT value FROM json_each(?))"
    rows = await transaction.execute(
        f"DELETE FROM memory WHERE {of_turns} RETURNING turn, conversation, channel",  # noqa: S608  # a constant
        (numbers,),
    )
    await passages.remove(transaction, "turn", [str(row["turn"]) for row in rows])
    earliest: dict[str, int] = {}
    for row in rows:
        for place in (row["conversation"], row["channel"]):
            earliest[place] = min(row["turn"], earliest.get(place, row["turn"]))
    dropped = [await summaries.drop(transaction, place, turn) for place, turn in earliest.items()]
    cached = await transaction.execute(f"DELETE FROM cache WHERE {of_turns} RETURNING turn", (numbers,))  # noqa: S608
    return Erased(
        facts=await facts.forget(transaction, of_turns, numbers),
        summaries=sum(dropped),
        cached=len(cached),
    )


async def blank_recalled(transaction: Transaction, where: str, *values: int) -> None:
    """Take out of stored steps what was recalled of other turns: it is kept with those, and can be recalled again."""
    await transaction.execute(
        "UPDATE steps SET item = json_set(item, '$.text', ?) WHERE json_valid(item) AND"  # noqa: S608  # of this program
        f" json_extract(item, '$.recalled') AND {where}",
        (RECALLED, *values),
    )
