"""Scopes: the words that stand for channels and audiences in the search index.

With them a search walks through little of what its readers may not see, however much of that there is. They keep it
fast; what may be seen is decided by `core.audience.visible`, through which everything is read.

Each has a word for all passages, and one for each bucket, a run of passages: an index that is asked for two words, each
of which is common and which never meet, walks through all of both, and through no more than a bucket where one is.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from core.audience import Readers
from core.store import Row, Store, Transaction
from core.store.index import BUCKET

_IDS: Final = "SELECT id FROM scopes WHERE key IN (?, ?)"


async def enter(transaction: Transaction, channel: str, audience: str) -> list[int]:
    """Return the numbers of a channel and an audience."""
    keys = (channel, audience)
    ids = await transaction.execute(_IDS, keys)
    if len(ids) < len(set(keys)):
        await transaction.execute("INSERT INTO scopes (key) VALUES (?), (?) ON CONFLICT (key) DO NOTHING", keys)
        ids = await transaction.execute(_IDS, keys)
    return [int(row["id"]) for row in ids]


async def leave(transaction: Transaction, removed: Sequence[Row]) -> None:
    """Drop the words of channels and audiences of which no passage is left; the rows are those of removed passages."""
    keys = sorted({row[name] for row in removed for name in ("channel", "audience")})
    await transaction.execute(
        "DELETE FROM scopes WHERE key IN (SELECT value FROM json_each(?))"
        " AND NOT EXISTS (SELECT 1 FROM passages WHERE channel = scopes.key)"
        " AND NOT EXISTS (SELECT 1 FROM passages WHERE audience = scopes.key)",
        (json.dumps(keys),),
    )


def terms(scopes: Iterable[int], passage: int) -> str:
    """Return the words that stand for channels and audiences in the index's entry of a passage."""
    return " ".join(f"s{each} s{each}x{passage // BUCKET}" for each in scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What some readers may see of the index.

    Attributes:
        channel: the number of their channel, None where nothing comes from it.
        here: those of the audiences that may see what comes from it.
        beyond: those of the audiences that may be seen wherever they are from.
    """

    channel: int | None
    here: frozenset[int]
    beyond: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.beyond) or (self.channel is not None and bool(self.here))

    def query(self, buckets: range | None = None) -> str:
        """Write the part of a query that leaves their entries, of these buckets alone where they are given."""
        beyond = _any(self.beyond, buckets)
        if self.channel is None or not self.here:
            return beyond
        own = f"({_any([self.channel], buckets)} AND {_any(self.here, buckets)})"
        return f"({own} OR {beyond})" if beyond else own


async def seen_by(store: Store, readers: Readers) -> Scope:
    """Return what these readers may see of the index."""
    rows = await store.fetch(
        "SELECT id, key FROM scopes WHERE key = ? OR key IN (SELECT value FROM json_each(?))",
        (readers.channel, json.dumps(sorted(readers.here | readers.beyond))),
    )
    numbers = {str(row["key"]): int(row["id"]) for row in rows}
    return Scope(
        channel=numbers.get(readers.channel),
        here=frozenset(numbers[key] for key in readers.here & numbers.keys()),
        beyond=frozenset(numbers[key] for key in readers.beyond & numbers.keys()),
    )


def _any(scopes: Iterable[int], buckets: range | None) -> str:
    """Write for a query that a passage is of one of some channels or audiences; "" for none."""
    names = [f"s{each}" for each in sorted(scopes)]
    if buckets is not None:
        names = [f"{name}x{bucket}" for name in names for bucket in buckets]
    return f"scope:({' OR '.join(names)})" if names else ""
