"""Durable work is committed in groups: one wait for the disk for many, and each piece still all or nothing."""

import asyncio
import contextlib
import itertools
import sqlite3
import struct
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import aiosqlite
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import OperatorError
from core.store import Store, open_store
from core.store.writer import Writer

KEYS = "INSERT INTO turns (key, platform, conversation, channel, audience, author, message, received_at)"
INSERT = f"{KEYS} VALUES (?, '', '', '', '', '', '', 0)"
SLOW = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200000)"
ORPHAN = "INSERT INTO steps (turn, number, item) VALUES (4711, 0, '')"


@pytest.fixture(name="store")
async def opened(tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(tmp_path / "steward.db")
    yield store
    await store.close()


async def keys(store: Store) -> list[str]:
    return [row["key"] for row in await store.fetch("SELECT key FROM turns ORDER BY id")]


def commits(store: Store) -> int:
    """Count the commits in the write-ahead log, while it has not begun anew. https://www.sqlite.org/walformat.html"""
    log = store.path.with_name(f"{store.path.name}-wal").read_bytes()
    if not log:
        return 0
    page_size, salt = struct.unpack(">8xI4x8s", log[:24])
    frames = [log[at : at + 24] for at in range(32, len(log), page_size + 24)]
    return sum(frame[4:8] != bytes(4) and frame[8:16] == salt for frame in frames)


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Work that queues up while the line is held, so that all of it joins the group of the first that is durable."""

    store: Store
    tasks: list["asyncio.Task[None]"]

    @contextlib.asynccontextmanager
    async def queued(self) -> AsyncIterator[None]:
        async with self.store.transaction():
            yield
            for _ in range(3):
                await asyncio.sleep(0)  # each gets into the line, in the order in which it was added

    def add(
        self, *names: str, durable: bool = True, then: Callable[[], object] | None = None, last: str = ""
    ) -> "asyncio.Task[None]":
        """Add a transaction that inserts these keys, then does something, then carries out a last statement."""

        async def work() -> None:
            async with self.store.transaction(durable=durable) as transaction:
                for name in names:
                    await transaction.execute(INSERT, (name,))
                if then:
                    then()
                    await asyncio.sleep(0)
                if last:
                    await transaction.execute(last)

        self.tasks.append(asyncio.create_task(work()))
        return self.tasks[-1]

    def add_write(self, name: str, *, durable: bool = True) -> "asyncio.Task[None]":
        async def work() -> None:
            await self.store.write(INSERT, (name,), durable=durable)

        self.tasks.append(asyncio.create_task(work()))
        return self.tasks[-1]

    async def outcomes(self) -> list[str]:
        """Return what became of each, once all are done: "done" or the exception."""
        found = await asyncio.wait_for(asyncio.gather(*self.tasks, return_exceptions=True), 30)
        return ["done" if result is None else f"{type(result).__name__}: {result}" for result in found]


@pytest.fixture(name="crowd")
def gathered(store: Store) -> Crowd:
    return Crowd(store=store, tasks=[])


def assert_unlocked(store: Store) -> None:
    """Fail where no other program could write now."""
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None, timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")


def fail() -> None:
    raise ZeroDivisionError("a skill's mistake")


def cancel() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


# What is grouped


async def test_fifty_durable_writes_at_once_are_few_commits(store: Store, crowd: Crowd) -> None:
    before = commits(store)
    for number in range(50):
        crowd.add_write(f"{number}")
    assert await crowd.outcomes() == ["done"] * 50

    assert len(await keys(store)) == 50
    assert commits(store) - before <= 3


async def test_fifty_durable_transactions_at_once_are_few_commits(store: Store, crowd: Crowd) -> None:
    before = commits(store)
    for number in range(50):
        crowd.add(f"{number}a", f"{number}b")
    assert await crowd.outcomes() == ["done"] * 50

    assert len(await keys(store)) == 100
    assert commits(store) - before <= 3


async def test_work_that_comes_later_is_another_group(store: Store, crowd: Crowd) -> None:
    """Or the first would wait for as long as there is something to do."""
    first = crowd.add("first")

    def go_on() -> None:
        if not first.done() and len(crowd.tasks) < 50:
            crowd.add(f"{len(crowd.tasks)}", then=go_on)  # while one works, the next already waits

    crowd.add("second", then=go_on)
    await asyncio.wait_for(first, 30)

    assert len(crowd.tasks) < 10, "it waits for those who came after it"
    await crowd.outcomes()


async def test_one_after_the_other_each_is_committed_for_itself(store: Store) -> None:
    before = commits(store)
    for name in "abc":
        await store.write(INSERT, (name,), durable=True)

    assert commits(store) - before == 3


@pytest.mark.parametrize("durable", [True, False], ids=["durable", "not durable"])
async def test_what_is_durable_waits_for_the_disk_whatever_it_is_grouped_with(store: Store, durable: bool) -> None:
    levels: list[object] = []

    async def work(durable: bool) -> None:
        async with store.transaction(durable=durable) as transaction:
            if durable:
                levels.append((await transaction.execute("PRAGMA synchronous"))[0][0])

    async def write() -> None:
        levels.append((await store.write("PRAGMA synchronous", durable=True))[0][0])

    await asyncio.gather(*(work(durable is (number % 3 > 0)) for number in range(12)), *(write() for _ in range(3)))

    assert len(levels) > 6
    assert set(levels) == {2}, "not FULL: an acknowledged message could be lost with the power"


async def test_nothing_of_a_group_is_read_before_it_is_committed(store: Store, crowd: Crowd) -> None:
    seen: list[list[str]] = []

    async def look() -> None:
        async with store.transaction(durable=True) as transaction:
            await transaction.execute(INSERT, ("last",))
            seen.append(await keys(store))

    async with crowd.queued():
        crowd.add("a")
        crowd.add_write("b")
        crowd.tasks.append(asyncio.create_task(look()))
    assert await crowd.outcomes() == ["done"] * 3

    assert seen == [[]]
    assert await keys(store) == ["a", "b", "last"]


async def test_everybody_returns_to_what_can_be_read(store: Store) -> None:
    async def work(number: int) -> None:
        await store.write(INSERT, (f"{number}",), durable=number % 4 != 0)
        assert f"{number}" in await keys(store), "it was said to be done before it was committed"

    await asyncio.gather(*(work(number) for number in range(40)))


# One of a group that fails


@pytest.mark.parametrize("place", range(3), ids=["first", "second", "last"])
@pytest.mark.parametrize(
    ("then", "last", "told"),
    [
        (fail, "", "ZeroDivisionError: a skill's mistake"),
        (cancel, "", "CancelledError: "),
        (None, ORPHAN, "OperatorError: The database {path}: FOREIGN KEY constraint failed."),
        (None, "INSRT", 'OperatorError: The database {path}: near "INSRT": syntax error.'),
    ],
    ids=["exception", "cancelled", "constraint", "syntax"],
)
async def test_f45_one_that_fails_undoes_its_own_work_alone(
    store: Store, crowd: Crowd, place: int, then: Callable[[], object] | None, last: str, told: str
) -> None:
    async with crowd.queued():
        for number in range(3):
            if number == place:
                crowd.add("x", "y", then=then, last=last)
            else:
                crowd.add(f"{number}a", f"{number}b")

    expected = ["done"] * 3
    expected[place] = told.format(path=store.path)
    assert await crowd.outcomes() == expected
    assert await keys(store) == [f"{number}{name}" for number in range(3) if number != place for name in "ab"]


async def test_f45_a_write_that_fails_in_a_group_harms_no_other(store: Store, crowd: Crowd) -> None:
    async with crowd.queued():
        crowd.add("a")
        crowd.add_write("a")
        crowd.add_write("b")

    assert await crowd.outcomes() == [
        "done",
        f"OperatorError: The database {store.path}: UNIQUE constraint failed: turns.key.",
        "done",
    ]
    assert await keys(store) == ["a", "b"]


async def test_f45_where_the_commit_fails_everybody_is_told_and_the_next_one_works(store: Store, crowd: Crowd) -> None:
    await store.write(INSERT, ("before",))
    async with crowd.queued():
        crowd.add("a")
        crowd.add_write("b")
        crowd.add("c", last="PRAGMA defer_foreign_keys = ON")
        crowd.add("d", last=ORPHAN)  # which is noticed by the commit
        crowd.add_write("e", durable=False)

    told = f"OperatorError: The database {store.path}: FOREIGN KEY constraint failed."
    assert await crowd.outcomes() == [told] * 5
    assert_unlocked(store)
    await store.write(INSERT, ("after",))
    assert await keys(store) == ["before", "after"]


@pytest.mark.parametrize("then", [None, fail], ids=["unnoticed", "with an exception"])
async def test_f45_where_sqlite_undoes_the_group_everybody_is_told_and_the_next_one_works(
    store: Store, crowd: Crowd, then: Callable[[], object] | None
) -> None:
    async def work() -> None:
        async with store.transaction(durable=True) as transaction:
            await transaction.execute("ROLLBACK")  # as SQLite does by itself when the disk is full
            if then:
                then()

    async with crowd.queued():
        crowd.add("a")
        crowd.add_write("b")
        crowd.tasks.append(asyncio.create_task(work()))
        crowd.add("d")
    outcomes = await crowd.outcomes()

    told = f"OperatorError: The database {store.path}: the transaction was undone before its end."
    assert outcomes == [told, told, "ZeroDivisionError: a skill's mistake" if then else told, "done"]
    assert await keys(store) == ["d"], "the next group has it alone"


async def test_f45_a_transaction_that_sqlite_undid_takes_no_further_statement(store: Store) -> None:
    async def work() -> None:
        async with store.transaction() as transaction:
            await transaction.execute("ROLLBACK")
            await transaction.execute(INSERT, ("alone",))

    with pytest.raises(OperatorError, match="undone before its end"):
        await work()

    assert await keys(store) == []


async def test_f45_a_disk_that_is_full_is_told_to_those_whose_work_is_lost(store: Store, crowd: Crowd) -> None:
    await store.write("PRAGMA max_page_count = 1")  # no more pages than there are
    large = "x" * 1_000_000
    async with crowd.queued():
        crowd.add("a")
        crowd.add(large)
        crowd.add("b")
    outcomes = await crowd.outcomes()
    await store.write("PRAGMA max_page_count = 1000000")

    assert outcomes[1] == (
        f"OperatorError: The database {store.path}: the disk is full; free some space, and what is unfinished goes on."
    )
    found = await keys(store)
    assert found == [name for name, outcome in zip(["a", large, "b"], outcomes, strict=True) if outcome == "done"]
    await store.write(INSERT, ("after",))
    assert await keys(store) == [*found, "after"]


async def test_f45_where_one_cannot_undo_its_work_alone_the_group_is_undone(store: Store, crowd: Crowd) -> None:
    async def work() -> None:
        async with store.transaction(durable=True) as transaction:
            await transaction.execute(INSERT, ("b",))
            await transaction.execute("RELEASE member2")  # what it would go back to
            raise ZeroDivisionError

    async with crowd.queued():
        crowd.add("a")
        crowd.tasks.append(asyncio.create_task(work()))
    assert await crowd.outcomes() == [
        f"OperatorError: The database {store.path}: no such savepoint: member2.",
        "ZeroDivisionError: ",
    ]

    await store.write(INSERT, ("after",))
    assert await keys(store) == ["after"]


# Cancelled while waiting


async def test_f44_who_is_cancelled_again_while_its_work_is_undone_undoes_it_and_nothing_else(
    store: Store, crowd: Crowd
) -> None:
    started = asyncio.Event()

    async def work() -> None:
        async with store.transaction(durable=True) as transaction:
            await transaction.execute(INSERT, ("b",))
            started.set()
            await transaction.execute(f"{SLOW} {KEYS} SELECT 'c', '', '', '', '', '', '', max(x) FROM n")

    async with crowd.queued():
        crowd.add("a")
        crowd.tasks.append(asyncio.create_task(work()))
    await started.wait()
    for _ in range(4):
        await asyncio.sleep(0)
        crowd.tasks[-1].cancel()

    assert await crowd.outcomes() == ["done", "CancelledError: "]
    assert await keys(store) == ["a"]


@pytest.mark.parametrize("place", [0, 1], ids=["first", "second"])
async def test_f44_who_is_cancelled_while_sqlite_undoes_the_group_is_cancelled_and_the_others_are_told(
    store: Store, crowd: Crowd, place: int
) -> None:
    undo = f"{SLOW} {KEYS.replace('INSERT', 'INSERT OR ROLLBACK')} SELECT ?, '', '', '', '', '', '', max(x) FROM n"
    started = asyncio.Event()

    async def work() -> None:
        async with store.transaction(durable=True) as transaction:
            started.set()
            await transaction.execute(undo, ("before",))

    await store.write(INSERT, ("before",))
    async with crowd.queued():
        if place:
            crowd.add("a")
        crowd.tasks.append(asyncio.create_task(work()))
    await started.wait()
    await asyncio.sleep(0)
    crowd.tasks[-1].cancel()

    told = f"OperatorError: The database {store.path}: the transaction was undone before its end."
    assert await crowd.outcomes() == [told] * place + ["CancelledError: "]
    assert_unlocked(store)
    await store.write(INSERT, ("after",))
    assert await keys(store) == ["before", "after"]


@pytest.mark.parametrize("cancelled", range(4))
@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize("steps", range(0, 30, 5))
async def test_f44_whoever_is_cancelled_while_the_group_waits_the_others_are_committed(
    store: Store, crowd: Crowd, cancelled: int, steps: int, times: int
) -> None:
    async with crowd.queued():
        crowd.add("0a", "0b")
        crowd.add("1a", "1b")
        crowd.add_write("2a")
        crowd.add("3a", "3b")
    for _ in range(steps):
        await asyncio.sleep(0)
    for _ in range(times):
        crowd.tasks[cancelled].cancel()
        await asyncio.sleep(0)
    outcomes = await crowd.outcomes()

    assert_unlocked(store)
    found = await keys(store)
    assert [outcome for number, outcome in enumerate(outcomes) if number != cancelled] == ["done"] * 3
    for number, names in enumerate((["0a", "0b"], ["1a", "1b"], ["2a"], ["3a", "3b"])):
        there = [name for name in names if name in found]
        assert there in (([], names) if number == cancelled else (names,)), f"{number} is cut in half"


async def test_f44_who_is_cancelled_while_waiting_for_the_commit_ends_after_it(store: Store, crowd: Crowd) -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            async with store.transaction(durable=True) as transaction:
                await transaction.execute(INSERT, ("a",))
        except asyncio.CancelledError:
            assert await keys(store) == ["a", "b"]
            ended.set()
            raise

    async def then() -> None:
        async with store.transaction(durable=True) as transaction:
            crowd.tasks[0].cancel()  # whose work is done, and which waits for this one
            await asyncio.sleep(0)
            await transaction.execute(INSERT, ("b",))

    async with crowd.queued():
        crowd.tasks += [asyncio.create_task(work()), asyncio.create_task(then())]
    assert await crowd.outcomes() == ["CancelledError: ", "done"]

    assert ended.is_set()


@pytest.mark.parametrize("steps", range(0, 40, 4))
async def test_f44_cancelling_every_task_there_is_leaves_each_whole_or_not_there(
    store: Store, crowd: Crowd, steps: int
) -> None:
    """As `asyncio.run` does at its end, with the tasks that settle something too."""
    async with crowd.queued():
        for number in range(4):
            crowd.add(f"{number}a", f"{number}b")
    for _ in range(steps):
        await asyncio.sleep(0)
    for _ in range(3):
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)
    await crowd.outcomes()

    await store.write(INSERT, ("after",), durable=True)
    found = await keys(store)
    assert found.pop() == "after"
    assert found == [f"{key[0]}{name}" for key in found[::2] for name in "ab"], "one is cut in half"


@pytest.mark.parametrize("at", range(1, 6))
async def test_f44_who_is_cancelled_while_it_will_not_wait_for_others_leaves_their_patience_as_it_was(
    tmp_path: Path, at: int
) -> None:
    async with aiosqlite.connect(tmp_path / "steward.db", isolation_level=None) as connection:
        await connection.execute("PRAGMA busy_timeout = 4711")
        loop, asked = asyncio.get_running_loop(), itertools.count(1)

        def trace(_: str) -> None:
            if next(asked) == at:
                loop.call_soon_threadsafe(working.cancel)

        await connection.set_trace_callback(trace)
        working = asyncio.create_task(Writer(connection).aside("SELECT 1"))
        await asyncio.gather(working, return_exceptions=True)
        assert working.cancelled()
        rows = list(await connection.execute_fetchall("PRAGMA busy_timeout"))
    assert rows == [(4711,)]


async def test_closing_commits_the_group_that_is_open(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "steward.db")
    crowd = Crowd(store=store, tasks=[])
    async with crowd.queued():
        crowd.add("a")
        crowd.tasks.append(asyncio.create_task(store.close()))
    assert await crowd.outcomes() == ["done", "done"]

    again = await open_store(store.path)
    assert await keys(again) == ["a"]
    await again.close()


# Whatever happens


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some work: begun after some steps of the loop, and what becomes of it."""

    kind: Literal["write", "transaction"]
    durable: bool
    rows: int
    delay: int
    fate: Literal["", "raises", "constraint", "full", "no commit", "cancelled"]
    after: int


PIECES = st.lists(
    st.builds(
        Piece,
        kind=st.sampled_from(["write", "transaction", "transaction"]),
        durable=st.sampled_from([True, True, False]),
        rows=st.integers(1, 3),
        delay=st.integers(0, 12),
        fate=st.sampled_from(["", "", "", "", "cancelled", "cancelled", "raises", "constraint", "full", "no commit"]),
        after=st.integers(0, 40),
    ),
    min_size=2,
    max_size=14,
)


async def carry_out(store: Store, piece: Piece, name: str) -> None:
    for _ in range(piece.delay):
        await asyncio.sleep(0)
    if piece.kind == "write":
        await store.write(INSERT, (f"{name}.0",), durable=piece.durable)
        assert f"{name}.0" in await keys(store)
        return
    async with store.transaction(durable=piece.durable) as transaction:
        for number in range(piece.rows):
            await transaction.execute(INSERT, (f"{name}.{number}",))
        match piece.fate:
            case "raises":
                raise ZeroDivisionError
            case "constraint":
                await transaction.execute(INSERT, (f"{name}.0",))
            case "full":
                await transaction.execute("PRAGMA max_page_count = 1")
                try:
                    await transaction.execute(INSERT, ("x" * 500_000,))
                finally:
                    await store.fetch("SELECT 1")
            case "no commit":
                await transaction.execute("PRAGMA defer_foreign_keys = ON")
                await transaction.execute(ORPHAN)
            case _:
                pass
    assert f"{name}.0" in await keys(store), "it was said to be done before it was committed"


async def all_of(store: Store, pieces: list[Piece]) -> None:
    tasks = [asyncio.create_task(carry_out(store, piece, f"{number}")) for number, piece in enumerate(pieces)]

    async def cancel_later(task: "asyncio.Task[None]", steps: int) -> None:
        for _ in range(steps):
            await asyncio.sleep(0)
        for _ in range(1 + steps % 3):
            task.cancel()
            await asyncio.sleep(0)

    cancelling = [
        asyncio.create_task(cancel_later(task, piece.delay + piece.after))
        for task, piece in zip(tasks, pieces, strict=True)
        if piece.fate == "cancelled"
    ]
    outcomes = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)
    await asyncio.gather(*cancelling)
    await store.write("PRAGMA max_page_count = 1000000")
    await store.write(INSERT, ("after",), durable=True)
    found = await keys(store)
    assert found[-1] == "after"
    for number, (piece, outcome) in enumerate(zip(pieces, outcomes, strict=True)):
        there = sum(key.startswith(f"{number}.") for key in found)
        rows = piece.rows if piece.kind == "transaction" else 1
        if outcome is None:
            assert there == rows, f"{number} was said to be done and is not there: {piece}"
        elif isinstance(outcome, asyncio.CancelledError):
            assert there in (0, rows), f"{number} is cut in half: {piece}"
        else:
            assert isinstance(outcome, OperatorError | ZeroDivisionError), outcome
            assert there == 0, f"{number} was said to have failed and is there: {piece}"


@settings(max_examples=50, deadline=None)
@given(pieces=PIECES)
def test_f44_what_was_said_to_be_done_is_there_and_what_was_not_is_not(pieces: list[Piece]) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            store = await open_store(Path(folder) / "steward.db")
            try:
                await all_of(store, pieces)
            finally:
                await store.close()

    asyncio.run(run())
