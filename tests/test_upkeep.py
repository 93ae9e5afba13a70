"""Upkeep: the index keeps few parts, the log is written back, and no write fails or waits long because of it."""

import asyncio
import contextlib
import logging
import random
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from core import passages
from core.audience import Readers
from core.passages import Passage, Passages
from core.store import Store, open_store
from core.store.index import merge
from core.store.upkeep import EVERY
from tests.waiting import LIMIT, until

HERE = Readers(channel="test/W/C1", here=frozenset({"workspace:test/W"}))


async def keep(store: Store, text: str, *, times: int) -> None:
    """Keep a text so many times, with a commit each."""
    for number in range(times):
        async with store.transaction() as transaction:
            await passages.add(transaction, [passage(text, number)])


def passage(text: str, number: int) -> Passage:
    return Passage(
        kind="turn",
        ref=f"{text}{number}",
        conversation=HERE.channel,
        channel=HERE.channel,
        audience="workspace:test/W",
        text=f"{text} {number}",
        at=time.time(),
    )


def parts(path: Path) -> int:
    """Return of how many parts the index is, as who looks from outside sees it."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(DISTINCT segid) FROM found_idx").fetchone()[0])


def written_back(path: Path) -> int:
    """Return how many passages the database holds without its write-ahead log."""
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(path, folder)
        with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(sqlite3.connect(copy)) as connection:
            return int(connection.execute("SELECT count(*) FROM passages").fetchone()[0])
    return 0


@pytest.fixture
async def impatient(tmp_path: Path) -> AsyncIterator[Store]:
    """A database that waits for the locks of others a moment only."""
    store = await open_store(tmp_path / "steward.db", patience=0.01)
    yield store
    await store.close()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Write to a database as another program."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_the_index_keeps_few_parts_however_much_is_committed(store: Store) -> None:
    await keep(store, "tea", times=120)
    await until(lambda: parts(store.path) <= 2 * EVERY, "the parts of the index are merged")
    for number in (0, 57, 119):
        found = await Passages(store).search(HERE, f"{number}", most=200)
        assert f"tea{number}" in {each.ref for each in found}


async def test_of_many_parts_that_were_left_before_few_are_left_soon(store: Store) -> None:
    """As after an import, or a program that commits a little and ends, many times."""
    raw = sqlite3.connect(store.path, isolation_level=None)
    for number in range(100):
        raw.execute("INSERT INTO found (rowid, text, scope) VALUES (?, 'tea', 's1')", (1_000 + number,))
    raw.close()
    assert parts(store.path) >= 100
    await keep(store, "tea", times=EVERY)
    await until(lambda: parts(store.path) <= 2 * EVERY, "the parts of the index are merged")


async def test_what_is_committed_is_soon_in_the_database_itself(store: Store) -> None:
    assert written_back(store.path) == 0
    await keep(store, "tea", times=EVERY)
    await until(lambda: written_back(store.path) >= EVERY, "the log is written back")


async def test_upkeep_that_fails_is_told_once_and_made_up_for(
    impatient: Store, caplog: pytest.LogCaptureFixture
) -> None:
    path = impatient.path
    with caplog.at_level(logging.WARNING, "steward.store"):
        for text in ("tea", "coffee"):
            await keep(impatient, text, times=EVERY)
            with locked(path):  # before it is its turn
                await until(lambda: caplog.records, "it says that it failed")
                await asyncio.sleep(0.05)
    assert [record.getMessage() for record in caplog.records] == [
        "the database's upkeep is put off, which makes it slower: another program keeps it locked; end that program"
    ]
    before = parts(path)
    await keep(impatient, "more", times=EVERY)
    await until(lambda: parts(path) < before, "it is done the next time")


async def test_f42_upkeep_does_not_wait_for_another_program_where_others_wait_behind_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = await open_store(tmp_path / "steward.db", patience=600.0)
    await keep(store, "tea", times=EVERY)
    with locked(store.path):
        await until(lambda: caplog.records, "it says that it failed")
    await store.close()


async def test_f45_upkeep_for_which_there_is_no_space_costs_nobody_what_was_written(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """SQLite undoes a whole transaction on a full disk, and work that is on the disk together is one."""
    await keep(store, " ".join(f"w{number}" for number in range(400)), times=EVERY - 1)
    await store.scrub()  # so that there is no free page
    await keep(store, " ".join(f"w{number}" for number in range(400)), times=EVERY - 1)
    await store.write("PRAGMA max_page_count = 1")  # no page more than there are

    async def work() -> None:
        while not caplog.records:
            await store.write("UPDATE scopes SET key = key", durable=True)

    async with asyncio.timeout(LIMIT):
        await asyncio.gather(*(work() for _ in range(20)))
    assert "the disk is full" in caplog.text
    await store.write("PRAGMA max_page_count = 1000000")


@pytest.mark.parametrize("more", range(4))
async def test_a_store_is_closed_while_upkeep_is_under_way(tmp_path: Path, more: int) -> None:
    before = threading.active_count()
    store = await open_store(tmp_path / "steward.db")
    await keep(store, "tea", times=EVERY)
    for _ in range(more):
        await asyncio.sleep(0)
    await store.close()
    await until(lambda: threading.active_count() <= before + 1, "no thread of a connection is left")
    store = await open_store(tmp_path / "steward.db")
    assert len(await Passages(store).search(HERE, "tea", most=200)) == EVERY
    await store.close()


@pytest.mark.parametrize("steps", range(1, 9))
async def test_f44_who_is_cancelled_while_it_closes_leaves_no_connection_open(tmp_path: Path, steps: int) -> None:
    before = threading.active_count()
    store = await open_store(tmp_path / "steward.db")
    await keep(store, "tea", times=EVERY)
    closing = asyncio.create_task(store.close())
    for _ in range(steps):
        await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    await until(lambda: threading.active_count() <= before + 1, "no thread of a connection is left")


async def test_what_is_scrubbed_is_gone_while_upkeep_is_under_way(store: Store) -> None:
    await keep(store, "zeppelin", times=EVERY)
    async with store.transaction() as transaction:
        await passages.remove_where(transaction, "1")
    await store.scrub()
    assert holding(store, b"zepp") == []


async def test_words_that_were_deleted_are_gone_also_from_an_index_that_was_merged_into_levels(store: Store) -> None:
    """SQLite's own `optimize` leaves them there, as entries that say that they are deleted."""
    raw = sqlite3.connect(store.path, isolation_level=None)
    write_and_delete(raw, random.Random(1045))
    raw.close()
    assert holding(store, b"zepp")
    await keep(store, "kept", times=3)
    await store.scrub()
    assert holding(store, b"zepp") == []
    assert len(await Passages(store).search(HERE, "kept", most=9)) == 3


def holding(store: Store, text: bytes) -> list[str]:
    """Return the names of the database's files that hold a text."""
    files = [file for file in store.path.parent.iterdir() if file.name.startswith(store.path.name)]
    return [file.name for file in files if text in file.read_bytes()]


def write_and_delete(raw: sqlite3.Connection, seeded: random.Random) -> None:
    """Put texts into the index and take them out again, now many and now few with a commit, and merge in between."""
    held: dict[int, str] = {}
    last = 0
    raw.execute("PRAGMA synchronous = OFF")

    def put_in(number: int) -> None:
        held[number] = " ".join(f"zepp{seeded.randrange(3000):x}" for _ in range(seeded.choice([5, 20, 200])))
        raw.execute("INSERT INTO found (rowid, text, scope) VALUES (?, ?, 's1 s2')", (number, held[number]))

    def take_out(numbers: Sequence[int]) -> None:
        for number in numbers:
            values = (number, held.pop(number))
            raw.execute("INSERT INTO found (found, rowid, text, scope) VALUES ('delete', ?, ?, 's1 s2')", values)

    def keep_up() -> None:
        for _ in range(8):
            before = raw.total_changes
            raw.execute(merge(16))
            if raw.total_changes - before < 2:
                return

    commits, large = seeded.choice([60, 300, 600]), seeded.random() * 0.2
    for commit in range(commits):
        raw.execute("BEGIN")
        if held and seeded.random() < 0.2:
            some = seeded.choice([1, 1, 5, len(held) // 2, len(held)])
            take_out(seeded.sample(sorted(held), min(some, len(held))))
        else:
            for _ in range(seeded.choice([20, 100]) if seeded.random() < large else 1):
                put_in(last := last + 1)
        raw.execute("COMMIT")
        if commit % 8 == 7:
            keep_up()
    left = sorted(held)
    for number, start in enumerate(range(0, len(left), 7)):
        raw.execute("BEGIN")
        take_out(left[start : start + 7])
        raw.execute("COMMIT")
        if number % 8 == 7:
            keep_up()
