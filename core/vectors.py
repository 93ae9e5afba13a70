"""Vectors: what remembered passages mean, so that they are found also where other words were used.

They are made in the background, the newest first, so that nothing waits for them; what was not made yet is made after
the next start. Each takes `Embedder.size` bytes. A search reads the vectors of what its readers may see, and no other.
"""

import asyncio
import heapq
import json
import logging
import time
from dataclasses import dataclass
from typing import Final

from core import scopes
from core.audience import Readers, visible
from core.embedding import Embedder, likeness
from core.errors import OperatorError
from core.store import Row, Store

log = logging.getLogger("steward.vectors")

_LOOKED_AT: Final = 20_000
"""The newest passages that a search compares."""

_AT_ONCE: Final = 4_000
"""Passages read by one query, so that other queries need not wait long."""

_ALIKE: Final = 0.2
"""Likeness from which a passage counts as found; half of all paraphrases have 0.3, unrelated texts seldom 0.2."""

_WINDOW: Final = 1_000
"""Numbers of passages that are searched at once for some without a vector."""

_BATCH: Final = 8
"""Passages that get their vectors together, some 0.1 s of work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some vectors, one behind the other.

    Attributes:
        numbers: those of the passages, in the same order.
        before: where the next part begins; 0 where there is none.
    """

    numbers: list[int]
    vectors: bytes
    before: int


class Vectors:
    """Makes and compares the vectors of passages.

    Args:
        embedder: makes them.
        idle: seconds until it is looked again for new passages.
    """

    def __init__(self, store: Store, embedder: Embedder, *, idle: float = 2.0) -> None:
        self._store = store
        self._embedder = embedder
        self._idle = idle
        self._lowest: int | None = None
        self._highest = 0

    async def run(self) -> None:
        """Make the vectors that are not there yet, until cancelled; half of the time at most is spent on it."""
        while True:
            try:
                if not await self.advance():
                    await asyncio.sleep(self._idle)
            except OperatorError as error:
                log.error("vectors could not be made: %s", error)
                self._lowest = None  # look through them all again
                await asyncio.sleep(self._idle)

    async def advance(self) -> bool:
        """Make the vectors of a small part of the passages; return whether more may be left."""
        window = await self._window()
        if window is None:
            return False
        rows = await self._store.fetch(
            "SELECT id, text FROM passages LEFT JOIN vectors ON passage = id"
            " WHERE id >= ? AND id < ? AND (vector IS NULL OR length(vector) <> ?) ORDER BY id DESC",
            (*window, self._embedder.size),
        )
        for start in range(0, len(rows), _BATCH):
            began = time.monotonic()
            await self._make(rows[start : start + _BATCH])
            await asyncio.sleep(time.monotonic() - began)
        return True

    async def _window(self) -> tuple[int, int] | None:
        """Return from and to which number passages are looked at next: new ones, else older ones, else None."""
        last = await self._last()
        if self._lowest is None:
            self._lowest, self._highest = last + 1, last
        if last > self._highest:
            new = self._highest + 1
            self._highest = min(last, self._highest + _WINDOW)
            return new, self._highest + 1
        if self._lowest > 1:
            old = self._lowest
            self._lowest = max(1, old - _WINDOW)
            return self._lowest, old
        return None

    async def _last(self) -> int:
        rows = await self._store.fetch("SELECT coalesce(max(id), 0) AS last FROM passages")
        return int(rows[0]["last"])

    async def _make(self, rows: list[Row]) -> None:
        try:
            vectors = await asyncio.to_thread(self._embedder.embed, [row["text"] for row in rows])
        except Exception:
            log.exception("passages %d to %d got no vectors; they are tried again after the next start", *_ends(rows))
            return
        async with self._store.transaction() as transaction:
            for row, vector in zip(rows, vectors, strict=True):
                # of a passage that was removed meanwhile nothing is kept
                await transaction.execute(
                    "INSERT INTO vectors (passage, vector) SELECT id, ? FROM passages WHERE id = ?"
                    " ON CONFLICT (passage) DO UPDATE SET vector = excluded.vector",
                    (vector, row["id"]),
                )

    async def nearest(self, readers: Readers, text: str, *, most: int) -> list[int]:
        """Return the numbers of the passages that these readers may see and that mean what a text means, best first."""
        scope = await scopes.seen_by(self._store, readers)
        if not scope:
            return []
        [vector] = await asyncio.to_thread(self._embedder.embed, [text])
        alike: list[tuple[float, int]] = []
        before = await self._last() + 1
        for _ in range(_LOOKED_AT // _AT_ONCE):
            part = await self.read(readers, scope.query(), before)
            found = await asyncio.to_thread(likeness, vector, part.vectors)
            pairs = (pair for pair in zip(found, part.numbers, strict=True) if pair[0] >= _ALIKE)
            alike = heapq.nlargest(most, [*alike, *pairs])
            before = part.before
            if not before:
                break
        return [number for _, number in alike]

    async def read(self, readers: Readers, scope: str, before: int) -> Part:
        """Return a part of the vectors that these readers may see, the newest first.

        Args:
            readers: who will read what is found.
            scope: the query that leaves what is looked at.
            before: the number of the passage before which to begin.
        """
        table, values = visible("passages", readers)
        # One row with all of them: with a row for each, a busy event loop would hold up every single one.
        rows = await self._store.fetch(
            "WITH next AS MATERIALIZED"  # noqa: S608  # `visible` writes it
            " (SELECT rowid AS number FROM found WHERE found MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?)"
            " SELECT json_group_array(id) AS numbers, CAST(group_concat(vector, '') AS BLOB) AS vectors,"
            " (SELECT CASE count(*) WHEN ? THEN min(number) ELSE 0 END FROM next) AS before"
            f" FROM next CROSS JOIN {table} AS seen ON seen.id = number JOIN vectors ON passage = id"
            " WHERE length(vector) = ?",
            (scope, before, _AT_ONCE, _AT_ONCE, *values, self._embedder.size),
        )
        [row] = rows
        return Part(numbers=json.loads(row["numbers"]), vectors=row["vectors"] or b"", before=row["before"])


def _ends(rows: list[Row]) -> tuple[int, int]:
    return rows[-1]["id"], rows[0]["id"]
