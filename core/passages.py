"""Passages: every text that is remembered, in pieces that can be found by their words.

The index is one of SQLite's (FTS5, https://www.sqlite.org/fts5.html). It holds words and no text, and with the words of
a passage more that stand for its channel and its audience: so a search walks through little of what its readers may not
see, however much of that there is. What it finds is then read through `core.audience.visible`.

Finding is bounded, whatever is asked for: the newest passages that hold a word, for each, and of those that hold most
of the words the newest. The index is never asked for passages with several words: where common words never stand
together it would walk through all of it. So it would for a word that is common only where its readers see nothing: it
is asked for a part of the passages at a time.
"""

import json
import math
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import regex

from core import scopes
from core.audience import Readers, visible
from core.scopes import Scope
from core.store import Row, Store, Transaction, Value
from core.store.index import BUCKET, ENTRIES
from core.unicode import well_formed
from core.vectors import Vectors
from core.words import overlaps, term, terms, words

Kind: TypeAlias = Literal["turn", "summary", "fact", "file"]

LONGEST: Final = 2_000
"""Characters of a passage; a longer text becomes several."""

MOST_PIECES: Final = 20
"""Passages of one text; what is beyond is not found by its words."""

_MOST_WORDS: Final = 12
"""Words of a search that count, the longest ones."""

_NEWEST: Final = 2_000
"""Passages with a word that are looked at in one go."""

_ENOUGH: Final = 1_500
"""Passages with a word from which on it is not looked for among older ones."""

_QUICK: Final = 0.005
"""Seconds in which a word is quickly looked for in a bucket, so that more are looked through in the next go."""

_CANDIDATES: Final = 80
"""Passages that are read and weighed."""

PATIENCE: Final = 0.03
"""Seconds of looking after which no further word is looked up, nor one among older passages."""

_MANY: Final = 100
"""Audiences beyond a channel for which the index takes some 5 ms, however rare a word is."""

_FRESH: Final = 30 * 86_400.0
"""Seconds in which what is remembered loses half of the weight that it has for being new."""

_WHITE: Final = regex.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A text that can be found.

    Attributes:
        ref: what it is of: the turn's or fact's number, the file's id, the summary's place.
        conversation: the key of the conversation it comes from; likewise `channel` and `audience`.
        link: the address at which people find where it comes from, "" where there is none.
        at: seconds since 1970.
    """

    kind: Kind
    ref: str
    conversation: str
    channel: str
    audience: str
    text: str
    link: str = ""
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A passage that was found; `text` is the part of it that holds most of the words."""

    kind: Kind
    ref: str
    text: str
    link: str
    at: float


@dataclass(slots=True, kw_only=True)
class _Word:
    """A word that is looked for, and the passages that were found with it.

    Attributes:
        since: the number from which on all are known.
        alone: it is looked for without the places that the readers see, for they are so many that this takes long.
        buckets: in how many it is looked for next.
    """

    text: str
    since: int
    alone: bool
    buckets: int = 1
    ids: list[int] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        return self.since <= 1 or len(self.ids) >= _ENOUGH

    def weight(self, whole: int) -> float:
        """Return what it weighs among so many passages: more, the rarer it is."""
        estimate = len(self.ids) * whole / (whole - self.since + 1)
        return math.log(1 + whole / (1 + estimate))


async def add(transaction: Transaction, passages: Iterable[Passage]) -> None:
    """Keep passages, so that they are found; a long text in several pieces."""
    for passage in passages:
        pieces = _pieces(passage.text)
        numbers = await scopes.enter(transaction, passage.channel, passage.audience) if pieces else []
        for piece in pieces:
            indexed = terms(piece)
            rows = await transaction.execute(
                "INSERT INTO passages (kind, ref, conversation, channel, audience, link, text, terms, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    passage.kind,
                    passage.ref,
                    passage.conversation,
                    passage.channel,
                    passage.audience,
                    passage.link,
                    piece,
                    None if indexed == piece else indexed,
                    passage.at,
                ),
            )
            await transaction.execute(
                "INSERT INTO found (rowid, text, scope) VALUES (?, ?, ?)",
                (rows[0]["id"], indexed, scopes.terms(numbers, rows[0]["id"])),
            )


async def remove(transaction: Transaction, kind: Kind, refs: Sequence[str]) -> int:
    """Take the passages of some things away, so that nothing of them is found any more; return how many there were."""
    if not refs:
        return 0
    return await _remove(
        transaction,
        "kind = ? AND ref IN (SELECT value FROM json_each(?))",
        (kind, _json(refs)),
    )


async def remove_where(transaction: Transaction, where: str, *values: Value) -> int:
    """Take passages away; return how many there were. `where` is a condition of this program's."""
    return await _remove(transaction, where, values)


async def last(transaction: Transaction) -> int:
    """Return the number of the passage that was added last, 0 where there is none."""
    rows = await transaction.execute("SELECT coalesce(max(id), 0) AS last FROM passages")
    return int(rows[0]["last"])


async def rename(transaction: Transaction, kind: Kind, refs: Iterable[tuple[str, str]]) -> None:
    """Let the passages of some things be known by other refs; each pair is the ref up to now, and from now on."""
    for before, now in refs:
        await transaction.execute("UPDATE passages SET ref = ? WHERE kind = ? AND ref = ?", (now, kind, before))


async def move(transaction: Transaction, channel: str, before: str, now: str) -> None:
    """Let what comes from a channel and was found by one audience be found by another; the arguments are their keys."""
    of = (channel, before)
    moved = await transaction.execute(
        "SELECT channel, audience FROM passages WHERE channel = ? AND audience = ? LIMIT 1", of
    )
    if not moved:
        return
    await _take_out(transaction, "channel = ? AND audience = ?", of)
    await scopes.enter(transaction, channel, now)
    rows = await transaction.execute(
        "UPDATE passages SET audience = ? WHERE channel = ? AND audience = ? RETURNING id", (now, *of)
    )
    await transaction.execute(
        f"INSERT INTO found (rowid, text, scope) {ENTRIES} WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",  # noqa: S608
        (_json(row["id"] for row in rows),),
    )
    await scopes.leave(transaction, moved)


async def _remove(transaction: Transaction, where: str, values: tuple[Value, ...]) -> int:
    await _take_out(transaction, where, values)
    rows = await transaction.execute(f"DELETE FROM passages WHERE {where} RETURNING channel, audience", values)  # noqa: S608
    await scopes.leave(transaction, rows)
    return len(rows)


async def _take_out(transaction: Transaction, where: str, values: tuple[Value, ...]) -> None:
    """Take passages out of the index, which without texts has to be told what it holds.

    https://www.sqlite.org/fts5.html#the_delete_command
    """
    await transaction.execute(
        f"INSERT INTO found (found, rowid, text, scope) SELECT 'delete', * FROM ({ENTRIES} WHERE {where})",  # noqa: S608
        values,
    )


class Passages:
    """Finds passages.

    Args:
        vectors: find passages also by what they mean; None: by their words alone.
        patience: as `PATIENCE`.
    """

    def __init__(self, store: Store, vectors: Vectors | None = None, *, patience: float = PATIENCE) -> None:
        self._store = store
        self._vectors = vectors
        self._patience = patience

    async def search(self, readers: Readers, text: str, *, most: int) -> list[Found]:
        """Return the passages that these readers may see and that fit a text best, the best first, newer ones before.

        Args:
            readers: who will read what is found.
            text: words; the order in which they stand counts for nothing.
            most: how many are returned.
        """
        text = well_formed(text[:LONGEST])
        wanted = sorted(words(text), key=len, reverse=True)[:_MOST_WORDS]
        scope = await scopes.seen_by(self._store, readers)
        if not wanted or not scope:
            return []
        hits, weights = await self._hits(readers, scope, wanted)
        rows = await self._read(readers, _best(hits, weights))
        now = time.time()
        rows.sort(key=lambda row: (*_weigh(row, weights, now), row["id"]), reverse=True)
        if self._vectors:
            near = await self._vectors.nearest(readers, text, most=_CANDIDATES)
            rows = _fused(rows, await self._read(readers, near), near)
        return [_found(row, wanted) for row in rows[:most]]

    async def _hits(
        self, readers: Readers, scope: Scope, wanted: Sequence[str]
    ) -> tuple[dict[str, set[int]], dict[str, float]]:
        """Return the newest passages that hold each word, and what each word weighs: more, the rarer it is.

        No word is looked for among older passages before each was among newer ones.
        """
        whole = await self._last()
        alone = len(scope.beyond) > _MANY
        looked_up: list[_Word] = []
        spent = 0.0
        queue = deque(_Word(text=word, since=whole + 1, alone=alone) for word in wanted)
        while whole and queue and spent < self._patience:
            word = queue.popleft()
            if word.since > whole:
                looked_up.append(word)
            spent += await self._look(readers, scope, word)
            if not word.is_done:
                queue.append(word)
        hits = {word.text: set(word.ids) for word in looked_up}
        return hits, {word.text: word.weight(whole) for word in looked_up}

    async def _last(self) -> int:
        rows = await self._store.fetch("SELECT coalesce(max(id), 0) AS last FROM passages")
        return int(rows[0]["last"])

    async def _look(self, readers: Readers, scope: Scope, word: _Word) -> float:
        """Look for a word among passages older than those among which it was looked for; return the seconds it took."""
        if word.alone:
            ids, seconds = await self._match(f"text:{_phrase(word.text)}", word.since)
            word.since = ids[-1] if len(ids) == _NEWEST else 1
            seen, more = await self._seen(readers, ids)
            word.alone = len(seen) >= len(ids) / 4
            word.ids += seen
            return seconds + more
        last = (word.since - 1) // BUCKET
        first = max(0, last + 1 - word.buckets)
        places = scope.query(range(first, last + 1))
        ids, seconds = await self._match(f"{places} AND text:{_phrase(word.text)}", word.since)
        word.since = ids[-1] if len(ids) == _NEWEST else max(1, first * BUCKET)
        word.ids += ids
        if seconds < _QUICK:
            word.buckets *= 4
        return seconds

    async def _match(self, query: str, before: int) -> tuple[list[int], float]:
        return await self._numbers(
            "SELECT rowid AS id FROM found WHERE found MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",
            (query, before, _NEWEST),
        )

    async def _seen(self, readers: Readers, ids: Sequence[int]) -> tuple[list[int], float]:
        """Return those of some passages that these readers may see."""
        table, values = visible("passages", readers)
        return await self._numbers(
            f"SELECT id FROM {table} WHERE id IN (SELECT value FROM json_each(?))",  # noqa: S608
            (*values, _json(ids)),
        )

    async def _numbers(self, sql: str, values: Sequence[Value]) -> tuple[list[int], float]:
        """Return the numbers that a query finds, and the seconds until the database had them.

        What the event loop does before it takes them up is not in it.
        """
        began = time.perf_counter()
        rows = await self._store.fetch(
            f"SELECT json_group_array(id) AS ids, clock() AS found FROM ({sql})",  # noqa: S608  # one row, as in `Vectors`
            values,
        )
        ids: list[int] = json.loads(rows[0]["ids"])
        return ids, rows[0]["found"] - began

    async def _read(self, readers: Readers, ids: Sequence[int]) -> list[Row]:
        table, values = visible("passages", readers)
        return await self._store.fetch(
            f"SELECT id, kind, ref, link, text, at FROM {table} WHERE id IN (SELECT value FROM json_each(?))",  # noqa: S608
            (*values, _json(ids)),
        )


def _fused(fitting: Sequence[Row], alike: Sequence[Row], near: Sequence[int]) -> list[Row]:
    """Bring passages found by words and by meaning into one order: by the sum of one over their rank in each.

    That is reciprocal rank fusion with its usual constant of 60: https://doi.org/10.1145/1571941.1572114.
    """
    rows = {row["id"]: row for row in (*fitting, *alike)}
    scores = dict.fromkeys(rows, 0.0)
    for ranked in ([row["id"] for row in fitting], [number for number in near if number in rows]):
        for rank, number in enumerate(ranked, start=1):
            scores[number] += 1 / (60 + rank)
    return sorted(rows.values(), key=lambda row: (scores[row["id"]], row["id"]), reverse=True)


def _best(hits: dict[str, set[int]], weights: dict[str, float]) -> list[int]:
    """Return the passages to read: those that hold most of what is wanted, the newest of them."""
    scores: dict[int, float] = {}
    for word, ids in hits.items():
        for each in ids:
            scores[each] = scores.get(each, 0.0) + weights[word]
    ranked = sorted(scores, key=lambda each: (round(scores[each], 6), each), reverse=True)
    return ranked[:_CANDIDATES]


def _weigh(row: Row, weights: dict[str, float], now: float) -> tuple[bool, float]:
    """Return how well a passage fits: whether it holds all the words; which, how much of it they are, how new it is."""
    held = dict.fromkeys(words(row["text"]))
    fits = sum(weight for word, weight in weights.items() if word in held)
    dense = sum(1 for word in held if word in weights) / (10 + len(held))
    age = max(0.0, now - float(row["at"]))
    return weights.keys() <= held.keys(), fits * (1 + dense) * (1 + 0.5 * math.exp2(-age / _FRESH))


def _found(row: Row, wanted: Sequence[str]) -> Found:
    return Found(kind=row["kind"], ref=row["ref"], text=excerpt(row["text"], wanted), link=row["link"], at=row["at"])


def excerpt(text: str, wanted: Sequence[str], *, longest: int = 600) -> str:
    """Return the part of a text in which most of some words stand, on one line, marked where something is left out."""
    line = _WHITE.sub(" ", text).strip()
    if len(line) <= longest:
        return line
    starts = range(0, len(line) - longest // 2, longest // 2)
    best = max(starts, key=lambda start: (len(set(words(line[start : start + longest])) & set(wanted)), -start))
    cut = line[best : best + longest]
    return f"{'… ' if best else ''}{cut.strip()}{' …' if best + longest < len(line) else ''}"


def _pieces(text: str) -> list[str]:
    """Divide a text at line breaks or spaces, so that no word is cut where there is another way."""
    pieces: list[str] = []
    left = text.strip()
    while left and len(pieces) < MOST_PIECES:
        end = len(left)
        if end > LONGEST:
            cut = max(left.rfind("\n", LONGEST // 2, LONGEST), left.rfind(" ", LONGEST // 2, LONGEST))
            end = cut if cut > 0 else LONGEST
        pieces.append(left[:end].strip())
        left = left[end:].strip()
    return pieces


def _phrase(word: str) -> str:
    """Write a word for a query; a single character of a script without spaces stands for all words it begins."""
    return f'"{term(word)}"*' if len(word) == 1 and overlaps(word) else f'"{term(word)}"'


def _json(values: Iterable[str | int]) -> str:
    return json.dumps(list(values))
