"""What remembering, recalling and searching cost in a large database, beside plain `aiosqlite`.

    python -m tests.bench.memory [--rows 100000 1000000] [--rounds 400] [--writers 50] [--folder FOLDER]

For each number of remembered turns two databases are filled with the same rows, of a vocabulary in which few words are
common and most are rare: Steward's, and a plain one with a table of turns and nothing else. Then, one of each in turn:

- append: a turn is remembered (row, passage, index of words) | two rows are inserted and committed
- read: the last 50 turns are recalled | the last 50 rows are selected and read as JSON
- search: kinds of queries, by somebody who sees the workspace and by somebody who sees little; Steward's alone
- writers: 50 at once that append durably | 50 at once with one commit each
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import aiosqlite

from core.audience import Readers, readers_of
from core.items import Answer, Question, dump_items
from core.memory import Memory, estimate
from core.messages import Audience, Conversation, Message, Person, Turn
from core.passages import Passages
from core.scopes import terms
from core.store import Store, open_store

CHANNELS: Final = 300
PEOPLE: Final = 500
VOCABULARY: Final = 50_000
WORDS: Final = 20
RECALLED: Final = 50
SINGLE: Final = 10_000
"""Rows that are filled in with a commit each, the last ones, so that the index has as many parts as in use."""

_words = [f"w{number}" for number in range(VOCABULARY)]
_weights = list(itertools.accumulate(1 / (number + 1) for number in range(VOCABULARY)))

PUBLIC: Final = Conversation(platform="bench", workspace="W", channel="C5")
BUSY: Final = Conversation(platform="bench", workspace="W", channel="BUSY")
EVERYBODY: Final = PUBLIC.workspace_audience
PRIVATE: Final = Conversation(platform="bench", workspace="W", channel="D3")
ADA: Final = Audience(scope="person", id="bench/U3")
SEEN: Final = range(10, 410)
"""People whose direct messages can be seen by who is "in 400 places"."""

UNSEEN: Final = frozenset(f"D{number}" for number in range(410, PEOPLE))

QUERIES: Final = {
    "one rare word": "w40000",
    "one common word": "w0",
    "three common words": "w0 w1 w2",
    "ten common words": " ".join(_words[:10]),
    "common and rare": "w0 w20000",
    "two that never meet": "even odd",
    "in nobody's text": "nowhere",
    "only elsewhere": "w0 elsewhere",
    "only where few are": "w0 hidden",
}


def text_of(number: int, seeded: random.Random, where: Conversation = PUBLIC) -> str:
    words = seeded.choices(_words, cum_weights=_weights, k=WORDS)
    words.append("even" if number % 2 == 0 else "odd")
    if number % 3 == 0:
        words.append("elsewhere")
    if where.channel in UNSEEN:
        words.append("hidden")
    return " ".join(words)


def place_of(number: int, seeded: random.Random) -> tuple[Conversation, Audience]:
    """A quarter is said in one busy channel, most of the rest in public ones, a thousandth where Ada is asked for."""
    if number % 1000 == 3:
        return PRIVATE, ADA
    if number % 4 == 0:
        return BUSY, EVERYBODY
    if seeded.random() < 0.7:
        channel = f"C{seeded.randrange(CHANNELS)}"
        return Conversation(platform="bench", workspace="W", channel=channel), EVERYBODY
    person = seeded.randrange(10, PEOPLE)
    where = Conversation(platform="bench", workspace="W", channel=f"D{person}")
    return where, Audience(scope="person", id=f"bench/U{person}")


def fill(path: Path, plain: Path, rows: int) -> None:
    """Write the rows into both databases, many with each commit."""
    seeded = random.Random(rows)
    ours, theirs = sqlite3.connect(path, isolation_level=None), sqlite3.connect(plain, isolation_level=None)
    theirs.execute("PRAGMA journal_mode = WAL")
    theirs.execute(
        "CREATE TABLE turns (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, channel TEXT, message TEXT, at REAL)"
    )
    theirs.execute("CREATE INDEX turns_of_channel ON turns (channel, id)")
    theirs.execute("CREATE TABLE memory (turn INTEGER PRIMARY KEY, channel TEXT, items TEXT)")
    theirs.execute("CREATE INDEX memory_of_channel ON memory (channel, turn)")
    for connection in (ours, theirs):
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
    scopes: dict[str, int] = {}
    for number in range(1, rows + 1):
        where, audience = place_of(number, seeded)
        text = text_of(number, seeded, where)
        items = (Question(text=text), Answer(text="Yes."))
        for key in (where.channel_key, audience.key):
            if key not in scopes:
                scopes[key] = ours.execute("INSERT INTO scopes (key) VALUES (?) RETURNING id", (key,)).fetchone()[0]
        written = dump_items(items)
        ours.execute(
            "INSERT INTO turns (id, key, platform, conversation, channel, audience, author, message, state,"
            " received_at) VALUES (?, ?, 'bench', ?, ?, ?, 'U1', '{}', 'answered', ?)",
            (number, f"bench/{number}", where.key, where.channel_key, audience.key, number),
        )
        ours.execute(
            "INSERT INTO memory (turn, conversation, channel, audience, items, tokens, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, where.key, where.channel_key, audience.key, written, estimate(items), number),
        )
        ours.execute(
            "INSERT INTO passages (id, kind, ref, conversation, channel, audience, link, text, terms, at)"
            " VALUES (?, 'turn', ?, ?, ?, ?, '', ?, NULL, ?)",
            (number, str(number), where.key, where.channel_key, audience.key, text, number),
        )
        scope = terms((scopes[where.channel_key], scopes[audience.key]), number)
        ours.execute("INSERT INTO found (rowid, text, scope) VALUES (?, ?, ?)", (number, text, scope))
        theirs.execute(
            "INSERT INTO turns VALUES (?, ?, ?, '{}', ?)", (number, f"bench/{number}", where.channel_key, number)
        )
        theirs.execute("INSERT INTO memory VALUES (?, ?, ?)", (number, where.channel_key, written))
        if number % 2_000 == 0 or number > rows - SINGLE:
            for connection in (ours, theirs):
                connection.execute("COMMIT")
                connection.execute("BEGIN")
            if number % 16 == 0:
                ours.execute("INSERT INTO found (found, rank) VALUES ('merge', 2000)")
    for connection in (ours, theirs):
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()


class Steward:
    """Steward's side."""

    def __init__(self, store: Store, rows: int) -> None:
        self._store = store
        self._memory = Memory(store, turns=RECALLED, tokens=100_000)
        self._numbers = itertools.count(rows + 1)
        self._seeded = random.Random(1)

    async def append(self, *, durable: bool = False) -> None:
        number = next(self._numbers)
        message = Message(
            id=f"bench/{number}",
            conversation=PUBLIC,
            audience=EVERYBODY,
            author=Person(id="U1", name="Ada"),
            text=text_of(number, self._seeded),
        )
        turn = Turn(id=number, message=message, attempt=1)
        async with self._store.transaction(durable=durable) as transaction:
            await transaction.execute(
                "INSERT INTO turns (id, key, platform, conversation, channel, audience, author, message, state,"
                " received_at) VALUES (?, ?, 'bench', ?, ?, ?, 'U1', '{}', 'answered', ?)",
                (number, message.id, PUBLIC.key, PUBLIC.channel_key, EVERYBODY.key, time.time()),
            )
            await self._memory.remember(transaction, turn, (Question(text=message.text), Answer(text="Yes.")))

    async def append_durably(self) -> None:
        await self.append(durable=True)

    async def read(self) -> None:
        recalled = await self._memory.recall(PUBLIC, EVERYBODY)
        assert recalled.turns == RECALLED, f"{recalled.turns} were recalled"

    async def read_busy(self) -> None:
        assert (await self._memory.recall(BUSY, EVERYBODY)).turns

    async def summarize_busy(self, rows: int) -> None:
        """Have all but the last turns of the busy channel in a summary."""
        await self._store.write(
            "INSERT INTO summaries (place, audience, upto, channel, text, tokens, at) VALUES (?, ?, ?, ?, 'So.', 4, 0)",
            (BUSY.key, EVERYBODY.key, rows - 40, BUSY.channel_key),
        )


class Plain:
    """The other side: rows, and a lock where several write."""

    def __init__(self, connection: aiosqlite.Connection, rows: int) -> None:
        self._connection = connection
        self._lock = asyncio.Lock()
        self._numbers = itertools.count(rows + 1)
        self._seeded = random.Random(1)

    async def append(self) -> None:
        number = next(self._numbers)
        items = dump_items((Question(text=text_of(number, self._seeded)), Answer(text="Yes.")))
        async with self._lock:
            execute = self._connection.execute_fetchall
            await execute("BEGIN IMMEDIATE")
            key = f"bench/{number}"
            await execute("INSERT INTO turns VALUES (?, ?, ?, '{}', ?)", (number, key, PUBLIC.channel_key, time.time()))
            await execute("INSERT INTO memory VALUES (?, ?, ?)", (number, PUBLIC.channel_key, items))
            await execute("COMMIT")

    async def read_busy(self) -> None:
        await self.read(BUSY)

    async def read(self, where: Conversation = PUBLIC) -> None:
        rows = await self._connection.execute_fetchall(
            "SELECT items FROM memory WHERE channel = ? ORDER BY turn DESC LIMIT ?", (where.channel_key, RECALLED)
        )
        assert len([json.loads(row[0]) for row in rows]) == RECALLED


@contextlib.asynccontextmanager
async def plain(path: Path, rows: int, *, durable: bool) -> AsyncIterator[Plain]:
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        await connection.execute_fetchall(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        yield Plain(connection, rows)


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """Return milliseconds."""
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1000


async def compare(
    name: str, ours: Callable[[], Awaitable[object]], theirs: Callable[[], Awaitable[object]], rounds: int
) -> None:
    """Measure both in turn, and print their percentiles and the ratio of their medians."""
    pairs = [(await timed(ours), await timed(theirs)) for _ in range(rounds + 20)][20:]
    one, other = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    print(f"  {name:<28} {spread(one)}   plain {spread(other)}   ratio {median(one) / median(other):5.2f}", flush=True)


def spread(values: Sequence[float]) -> str:
    cut = quantiles(values, n=100, method="inclusive")
    return f"p50 {cut[49]:7.2f}  p99 {cut[98]:7.2f} ms"


async def search(store: Store, rounds: int) -> None:
    passages = Passages(store)
    ada = readers_of(PRIVATE, ADA)
    readers: dict[str, Readers] = {
        "everybody": readers_of(PUBLIC, EVERYBODY).seeing([EVERYBODY]),
        "direct, alone": replace(ada, here=frozenset({ADA.key})),
        "direct, with all": ada.seeing([EVERYBODY]),
        "in 400 places": ada.seeing([EVERYBODY, *(Audience(scope="person", id=f"bench/U{number}") for number in SEEN)]),
    }
    for name, query in QUERIES.items():
        for who, reading in readers.items():
            times: list[float] = []
            found = 0
            for _ in range(max(20, rounds // 8)):
                began = time.perf_counter()
                found = len(await passages.search(reading, query, most=20))
                times.append((time.perf_counter() - began) * 1000)
            print(f"  search {name:<22} {who:<17} {spread(times)}   {found:>3} found", flush=True)


async def writers(count: int, work: Callable[[], Awaitable[object]], each: int) -> float:
    """Return how many a second are done by many at once."""

    async def one() -> None:
        for _ in range(each):
            await work()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(count)))
    return count * each / (time.perf_counter() - began)


async def measure(folder: Path, rows: int, rounds: int, count: int) -> None:
    path, other = folder / f"{rows}.db", folder / f"{rows}.plain.db"
    await (await open_store(path)).close()
    began = time.perf_counter()
    await asyncio.to_thread(fill, path, other, rows)
    sizes = " and ".join(f"{file.stat().st_size / 1e6:.0f} MB" for file in (path, other))
    print(f"{rows:,} remembered turns ({sizes}, filled in {time.perf_counter() - began:.0f} s)", flush=True)
    store = await open_store(path)
    ours = Steward(store, rows)
    async with plain(other, rows, durable=False) as theirs:
        await compare("append", ours.append, theirs.append, rounds)
        await compare("read of the last 50", ours.read, theirs.read, rounds)
        await compare("the same in a busy channel", ours.read_busy, theirs.read_busy, rounds)
        await ours.summarize_busy(rows)
        await compare("and with a summary", ours.read_busy, theirs.read_busy, rounds)
    await search(store, rounds)
    async with plain(other, rows + 1_000_000, durable=True) as theirs:
        rates = [
            (await writers(count, ours.append_durably, 8), await writers(count, theirs.append, 8)) for _ in range(7)
        ]
    one, each = median(pair[0] for pair in rates[1:]), median(pair[1] for pair in rates[1:])
    print(
        f"  {count} writers at once: {one:.0f} appends a second, plain {each:.0f}, ratio {one / each:.2f}", flush=True
    )
    await store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--writers", type=int, default=50)
    parser.add_argument("--folder", type=Path, help="where the databases are made; else with temporary files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for rows in arguments.rows:
            asyncio.run(measure(Path(folder), rows, arguments.rounds, arguments.writers))


if __name__ == "__main__":
    main()
