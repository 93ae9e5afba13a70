"""The database: migrated, one writer, all or nothing, and usable after whatever happened."""

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import OperatorError
from core.store import Store, open_store
from core.store.migrations import MIGRATIONS

KEYS = "INSERT INTO turns (key, platform, conversation, channel, audience, author, message, received_at)"
INSERT = f"{KEYS} VALUES (?, '', '', '', '', '', '', 0)"


async def keys(store: Store) -> list[str]:
    return [row["key"] for row in await store.fetch("SELECT key FROM turns ORDER BY id")]


async def pragma(store: Store, name: str) -> object:
    return (await store.fetch(f"PRAGMA {name}"))[0][0]


def raw(path: Path, script: str) -> None:
    """Carry out a script on a database that Steward has not open."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def version(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


# Opening and migrating


async def test_an_empty_folder_gets_a_database_with_all_tables(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "deep" / "er" / "steward.db")
    try:
        tables = {row["name"] for row in await store.fetch("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        assert tables >= {"turns", "steps", "outbox", "memory", "files"}
        assert await pragma(store, "user_version") == len(MIGRATIONS)
    finally:
        await store.close()


async def test_the_database_has_a_write_ahead_log(store: Store) -> None:
    assert await pragma(store, "journal_mode") == "wal"


async def test_a_durable_commit_waits_for_the_disk(store: Store) -> None:
    (row,) = await store.write("PRAGMA synchronous", durable=True)

    assert row[0] == 2, "not FULL: an acknowledged message could be lost with the power"


async def test_a_sync_goes_past_the_cache_of_the_disk_on_macos_too(store: Store) -> None:
    (row,) = await store.write("PRAGMA fullfsync", durable=True)

    assert row[0] == 1


async def test_a_durable_commit_waits_for_the_disk_after_a_cancelled_write_too(store: Store) -> None:
    await store.write(INSERT, ("a",), durable=True)
    writing = asyncio.create_task(store.write(INSERT, ("b",)))
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)

    (row,) = await store.write("PRAGMA synchronous", durable=True)
    assert row[0] == 2


async def test_foreign_keys_are_enforced(store: Store) -> None:
    with pytest.raises(OperatorError, match="FOREIGN KEY constraint failed"):
        await store.write("INSERT INTO steps (turn, number, item) VALUES (7, 0, '')")


async def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "steward.db"
    first = await open_store(path)
    await first.write(INSERT, ("a",))
    await first.close()

    second = await open_store(path)
    try:
        assert await keys(second) == ["a"]
        assert await pragma(second, "user_version") == len(MIGRATIONS)
    finally:
        await second.close()


@pytest.mark.parametrize("number", range(len(MIGRATIONS)))
async def test_a_database_of_every_earlier_version_is_migrated(tmp_path: Path, number: int) -> None:
    path = tmp_path / "steward.db"
    raw(path, "".join(MIGRATIONS[:number]) + f"PRAGMA user_version = {number};")

    await (await open_store(path)).close()

    assert version(path) == len(MIGRATIONS)


async def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "steward.db"
    raw(path, "CREATE TABLE memory (other TEXT)")

    with pytest.raises(OperatorError, match="table memory already exists"):
        await open_store(path)

    with contextlib.closing(sqlite3.connect(path)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema")]
    assert tables == ["memory"], "half of a migration is there"
    assert version(path) == 0


async def test_a_database_opened_many_times_at_once_is_migrated_once(tmp_path: Path) -> None:
    stores = await asyncio.gather(*(open_store(tmp_path / "steward.db") for _ in range(10)))

    for number, store in enumerate(stores):
        await store.write(INSERT, (str(number),))
    assert len(await keys(stores[0])) == 10
    for store in stores:
        await store.close()


OPEN_AND_WRITE = f"""
import asyncio, pathlib, sys
from core.store import open_store
async def main():
    print("ready", flush=True)
    sys.stdin.readline()
    store = await open_store(pathlib.Path(sys.argv[1]))
    for number in range(20):
        await store.write({INSERT!r}, (sys.argv[2] + str(number),))
    await store.close()
asyncio.run(main())
"""


def test_two_processes_may_migrate_and_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "steward.db"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN_AND_WRITE, str(path), name],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in "ab"
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()

    assert [process.communicate(timeout=20)[1] for process in processes] == ["", ""]
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM turns").fetchone() == (40,)


async def test_a_newer_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "steward.db"
    raw(path, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")

    with pytest.raises(OperatorError) as error:
        await open_store(path)

    assert str(error.value) == (
        f"The database {path} was written by a newer Steward (schema {len(MIGRATIONS) + 1}, this one knows "
        f"{len(MIGRATIONS)}): install that version again, or restore a backup from before the update."
    )
    assert version(path) == len(MIGRATIONS) + 1


async def test_a_file_that_is_no_database_is_refused_with_a_sentence_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "steward.db"
    path.write_text("Dear diary, " * 500)

    with pytest.raises(OperatorError) as error:
        await open_store(path)

    assert str(error.value) == f"The database {path}: it is not a database; move it away and a new one is made."
    assert path.read_text() == "Dear diary, " * 500


async def test_a_damaged_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "steward.db"
    await (await open_store(path)).close()
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996  # the first page's tree, behind the file's header
    path.write_bytes(content)

    with pytest.raises(OperatorError, match=r"it is damaged; restore a backup\.$"):
        await open_store(path)


async def test_a_folder_in_place_of_the_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"it cannot be opened; check the folder's permissions\.$"):
        await open_store(tmp_path)


async def test_a_data_folder_that_cannot_be_made_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")

    with pytest.raises(OperatorError, match=r"^The data folder .*/data cannot be made: File exists\.$"):
        await open_store(tmp_path / "data" / "steward.db")


@pytest.fixture(name="read_only")
def read_only_folder() -> Iterator[Path]:
    """Make a folder in which nobody may write, and be nobody: root may write everywhere."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "inside").mkdir()
        user = os.geteuid()
        folder.chmod(0o555)
        (folder / "inside").chmod(0o555)
        if user == 0:
            os.seteuid(65534)
        try:
            yield folder / "inside"
        finally:
            if user == 0:
                os.seteuid(0)
            folder.chmod(0o755)
            (folder / "inside").chmod(0o755)


async def test_a_read_only_folder_is_refused_with_a_sentence(read_only: Path) -> None:
    with pytest.raises(OperatorError) as error:
        await open_store(read_only / "steward.db")

    assert str(error.value) == (
        f"The database {read_only}/steward.db: it cannot be opened; check the folder's permissions."
    )


async def test_a_folder_that_cannot_be_made_in_a_read_only_one_is_refused_with_a_sentence(read_only: Path) -> None:
    with pytest.raises(OperatorError) as error:
        await open_store(read_only / "data" / "steward.db")

    assert str(error.value) == f"The data folder {read_only}/data cannot be made: Permission denied."


async def test_a_database_that_another_program_locks_is_waited_for_and_then_said(tmp_path: Path) -> None:
    path = tmp_path / "steward.db"
    store = await open_store(path, patience=0.02)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperatorError, match=r"another program keeps it locked; end that program\.$"):
            await store.write(INSERT, ("a",))
        other.execute("ROLLBACK")

    await store.write(INSERT, ("b",))
    assert await keys(store) == ["b"]
    await store.close()


async def test_f44_who_is_cancelled_while_it_opens_a_database_is_not_still_migrating_it_afterwards(
    tmp_path: Path,
) -> None:
    path = tmp_path / "steward.db"
    raw(path, "PRAGMA journal_mode = WAL")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        opening = asyncio.create_task(open_store(path))
        await asyncio.sleep(0.05)
        opening.cancel()
        await asyncio.sleep(0.05)
        assert not opening.done()
        other.execute("ROLLBACK")
        with pytest.raises(asyncio.CancelledError):
            await opening
    assert version(path) == len(MIGRATIONS)


async def test_f42_a_lock_that_goes_away_is_waited_for(store: Store) -> None:
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(store.write(INSERT, ("a",)))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not writing.done()
        other.execute("ROLLBACK")
        await writing

    assert await keys(store) == ["a"]


# Reading and writing


@pytest.mark.parametrize("text", ["'; DROP TABLE turns; --", 'a"b', "a\x00b", "größer 字 😀", ""])
async def test_a_value_is_stored_as_it_is(store: Store, text: str) -> None:
    await store.write(INSERT, (text,))

    assert await keys(store) == [text]


async def test_a_write_returns_its_rows(store: Store) -> None:
    rows = await store.write(f"{INSERT} RETURNING id, key", ("a",))

    assert [tuple(row) for row in rows] == [(1, "a")]


async def test_what_is_not_committed_is_not_read(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.execute(INSERT, ("a",))
        assert await keys(store) == []

    assert await keys(store) == ["a"]


async def test_the_reading_connection_cannot_write(store: Store) -> None:
    await store.write(INSERT, ("a",))

    with pytest.raises(OperatorError, match="cannot be written"):
        await store.fetch("DELETE FROM turns")

    assert await keys(store) == ["a"]


async def test_f15_the_event_loop_goes_on_while_the_database_works(store: Store) -> None:
    slow = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300000) SELECT sum(x) FROM n"
    reading = asyncio.create_task(store.fetch(slow))
    steps = 0
    while not reading.done():
        steps += 1
        await asyncio.sleep(0)

    assert steps > 20, "the loop stood still"


# Transactions


async def test_a_transaction_is_committed_as_a_whole(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.execute(INSERT, ("a",))
        await transaction.execute(INSERT, ("b",))

    assert await keys(store) == ["a", "b"]


async def test_an_exception_undoes_a_transaction(store: Store) -> None:
    async def work() -> None:
        async with store.transaction() as transaction:
            await transaction.execute(INSERT, ("a",))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()

    assert await keys(store) == []


async def test_f45_a_failed_statement_undoes_its_transaction_and_the_next_one_works(store: Store) -> None:
    async def work() -> None:
        async with store.transaction() as transaction:
            await transaction.execute(INSERT, ("a",))
            await transaction.execute(INSERT, ("a",))

    with pytest.raises(OperatorError, match="UNIQUE constraint failed"):
        await work()
    with pytest.raises(OperatorError, match="syntax error"):
        await store.write("INSRT")

    await store.write(INSERT, ("b",))
    assert await keys(store) == ["b"]


async def test_f45_a_full_disk_is_said_and_the_store_works_once_there_is_space(store: Store) -> None:
    async def work() -> None:
        async with store.transaction() as transaction:
            await transaction.execute(INSERT, ("a",))
            await transaction.execute(INSERT, ("x" * 1_000_000,))

    await store.write("PRAGMA max_page_count = 1")  # no more pages than there are
    with pytest.raises(OperatorError, match="the disk is full; free some space"):
        await work()
    await store.write("PRAGMA max_page_count = 1000000")

    await store.write(INSERT, ("b",))
    assert await keys(store) == ["b"]


def cancel(task: asyncio.Task[None], times: int) -> None:
    """Cancel a task now, and again in each of the next steps of the loop."""
    task.cancel()
    if times > 1:
        asyncio.get_running_loop().call_soon(cancel, task, times - 1)


@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.parametrize("place", ["before begin", "first statement", "second statement", "third statement", "commit"])
async def test_f44_cancelling_at_any_await_leaves_all_or_nothing_and_a_usable_store(
    store: Store, place: str, times: int
) -> None:
    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None

        def here(now: str) -> None:
            if now == place:
                cancel(task, times)

        here("before begin")
        async with store.transaction() as transaction:
            here("first statement")
            await transaction.execute(INSERT, ("a",))
            here("second statement")
            await transaction.execute(INSERT, ("b",))
            here("third statement")
            await transaction.execute(INSERT, ("c",))
            here("commit")

    task = asyncio.create_task(work())
    with pytest.raises(asyncio.CancelledError):
        await task

    found = await keys(store)
    async with store.transaction() as transaction:
        await transaction.execute(INSERT, ("after",))
    assert found in ([], ["a", "b", "c"]), "a transaction was cut in half"
    assert await keys(store) == [*found, "after"]


@pytest.mark.parametrize("steps", range(0, 60, 3))
async def test_f44_cancelling_after_any_number_of_steps_leaves_all_or_nothing(store: Store, steps: int) -> None:
    async def work() -> None:
        async with store.transaction() as transaction:
            await transaction.execute(INSERT, ("a",))
            await transaction.execute(INSERT, ("b",))

    task = asyncio.create_task(work())
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert await keys(store) in ([], ["a", "b"])
    await store.write(INSERT, ("after",))


async def test_f44_a_cancelled_write_is_done_or_not_and_the_store_is_usable(store: Store) -> None:
    async def write() -> None:
        await store.write(INSERT, ("a",))

    task = asyncio.create_task(write())
    await asyncio.sleep(0)
    cancel(task, 3)
    with pytest.raises(asyncio.CancelledError):
        await task

    await store.write(INSERT, ("b",))
    assert await keys(store) in (["b"], ["a", "b"])


async def test_f43_two_transactions_are_never_open_at_once(store: Store) -> None:
    inside = 0

    async def work(number: int) -> None:
        nonlocal inside
        async with store.transaction() as transaction:
            inside += 1
            assert inside == 1, "two coroutines are in a transaction"
            await transaction.execute(INSERT, (f"{number}a",))
            await asyncio.sleep(0)
            await transaction.execute(INSERT, (f"{number}b",))
            inside -= 1

    await asyncio.gather(*(work(number) for number in range(10)))

    found = await keys(store)
    assert len(found) == 20
    assert all(one[0] == other[0] for one, other in zip(found[::2], found[1::2], strict=True)), "rows are mixed"


async def test_f43_a_write_waits_for_the_transaction_that_is_open(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.execute(INSERT, ("a",))
        writing = asyncio.create_task(store.write(INSERT, ("b",)))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not writing.done(), "it was written into another's transaction"
    await writing

    assert await keys(store) == ["a", "b"]


async def test_writers_in_two_stores_lose_nothing(store: Store) -> None:
    other = await open_store(store.path)
    await store.write(INSERT, ("counter",))

    async def count(by: Store) -> None:
        for _ in range(20):
            async with by.transaction() as transaction:
                (row,) = await transaction.execute("SELECT attempt FROM turns")
                await transaction.execute("UPDATE turns SET attempt = ?", (row["attempt"] + 1,))

    await asyncio.gather(count(store), count(other))

    assert [row["attempt"] for row in await store.fetch("SELECT attempt FROM turns")] == [40]
    await other.close()


async def test_closing_waits_for_the_transaction_that_is_open(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "steward.db")
    async with store.transaction() as transaction:
        closing = asyncio.create_task(store.close())
        await asyncio.sleep(0)
        await transaction.execute(INSERT, ("a",))
    await closing

    again = await open_store(store.path)
    assert await keys(again) == ["a"]
    await again.close()


async def test_the_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "new" / "steward.db")
    try:
        await store.write(INSERT, ("a",))
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()}
        assert modes == {"steward.db": 0o600, "steward.db-wal": 0o600, "steward.db-shm": 0o600}
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    finally:
        await store.close()
