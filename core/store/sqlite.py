"""One SQLite database through aiosqlite: one connection writes, one reads, one keeps it fast; migrations at start."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import aiosqlite

from core.errors import OperatorError
from core.store.faults import REASONS, primary_code, sentences
from core.store.index import REINDEX
from core.store.lock import make_folder
from core.store.migrations import MIGRATIONS
from core.store.upkeep import Upkeep
from core.store.writer import Row, Transaction, Value, Writer, settled

_CHECKPOINT_SECONDS: Final = 10.0

_LONGEST_LOG: Final = 8_000
"""Pages of the write-ahead log (32 MB) from which on who writes has to write it back, where upkeep cannot follow."""


class Store:
    """The database; made by `open_store`.

    Writes go through one connection, one transaction at a time, so that two coroutines never see each other's half.
    Reads have a connection of their own and see what was committed.
    """

    def __init__(self, path: Path, writer: Writer, reader: aiosqlite.Connection, keeper: aiosqlite.Connection) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader
        self._upkeep = Upkeep(writer, keeper)

    async def close(self) -> None:
        """Close all connections, after the transaction that is under way."""
        async with contextlib.AsyncExitStack() as stack:
            for each in (
                self._reader,
                self._writer,
                self._upkeep,
            ):  # the last one first, and each of them whatever fails
                stack.push_async_callback(each.close)

    async def fetch(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """Return the rows of a query, in which `clock()` is what `time.perf_counter()` then is."""
        with sentences(self.path):
            return list(await self._reader.execute_fetchall(sql, parameters))

    async def write(self, sql: str, parameters: Sequence[Value] = (), *, durable: bool = False) -> list[Row]:
        """Carry out and commit one statement; return its `RETURNING` rows.

        What is committed outlives the process; with `durable` it is on the disk on return, and outlives the machine.
        """
        with sentences(self.path):
            rows = await self._writer.write(sql, parameters, durable=durable)
        self._upkeep.committed()
        return rows

    async def scrub(self) -> None:
        """Leave nothing on the disk of what was deleted: in the index of words, in free space, in the write-ahead log.

        The index and the file are made anew, and what is to be written waits for that: two or three seconds for 100 MB.
        https://www.sqlite.org/lang_vacuum.html
        """
        with sentences(self.path):
            async with self._writer.transaction(durable=False, alone=True) as transaction:
                for statement in REINDEX:
                    await transaction.execute(statement)
            await self._writer.alone("VACUUM")
            deadline = time.monotonic() + _CHECKPOINT_SECONDS
            while not await self._writer.checkpoint():
                if time.monotonic() > deadline:
                    raise OperatorError(f"The database {self.path}: {REASONS[sqlite3.SQLITE_BUSY]}.")
                await asyncio.sleep(0.05)  # somebody is reading

    def size(self) -> int:
        """Return the bytes that the database takes on the disk."""
        files = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    @contextlib.asynccontextmanager
    async def transaction(self, *, durable: bool = False) -> AsyncIterator[Transaction]:
        """Carry out several statements as one; an exception, cancellation included, undoes them all.

        `durable` is as in `write`.
        """
        with sentences(self.path):
            async with self._writer.transaction(durable=durable) as transaction:
                yield transaction
        self._upkeep.committed()


async def open_store(path: Path, *, patience: float = 10.0) -> Store:
    """Open the database, made and migrated as needed.

    Args:
        path: the file; its folder is made where it is not there.
        patience: seconds to wait for a lock that another process holds.

    Raises:
        OperatorError: it cannot be written, is no database, or belongs to a newer Steward.
    """
    make_folder(path.parent)
    with sentences(path):
        # once cancelled, its caller lets go of the folder
        await settled(asyncio.get_running_loop().run_in_executor(None, _prepare, path, patience))
        async with contextlib.AsyncExitStack() as stack:
            writer, reader, keeper = [await _connect(stack, path, patience) for _ in range(3)]
            await writer.execute_fetchall(f"PRAGMA wal_autocheckpoint = {_LONGEST_LOG}")
            await reader.execute_fetchall("PRAGMA query_only = ON")
            await reader.create_function("clock", 0, time.perf_counter)
            stack.pop_all()
    return Store(path, Writer(writer), reader, keeper)


async def _connect(stack: contextlib.AsyncExitStack, path: Path, patience: float) -> aiosqlite.Connection:
    connection = await stack.enter_async_context(aiosqlite.connect(path, isolation_level=None))
    connection.row_factory = sqlite3.Row
    await connection.executescript(_pragmas(patience))
    return connection


def _pragmas(patience: float) -> str:
    return f"""
    PRAGMA busy_timeout = {round(patience * 1000)};
    PRAGMA synchronous = NORMAL;
    PRAGMA fullfsync = ON;  -- or macOS leaves what was synced in the disk's cache
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON;
    PRAGMA trusted_schema = OFF;
    """


def _prepare(path: Path, patience: float) -> None:
    """Make the file, use the write-ahead log and migrate.

    The file is for its owner alone, as its log then is too: it holds private conversations.
    """
    with contextlib.suppress(OSError):  # SQLite says better what is wrong
        path.touch(mode=0o600)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(_pragmas(patience))
        _use_wal(connection, patience)
        _migrate(path, connection)


def _use_wal(connection: sqlite3.Connection, patience: float) -> None:
    """Switch to the write-ahead log; where another process does so too, SQLite fails at once instead of waiting."""
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            return
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.005)


def _migrate(path: Path, connection: sqlite3.Connection) -> None:
    for number in range(_version(path, connection) + 1, len(MIGRATIONS) + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have migrated while this one waited for the lock.
            if _version(path, connection) < number:
                for statement in _statements(MIGRATIONS[number - 1]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _version(path: Path, connection: sqlite3.Connection) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise OperatorError(
            f"The database {path} was written by a newer Steward (schema {version}, this one knows {len(MIGRATIONS)}): "
            "install that version again, or restore a backup from before the update."
        )
    return version


def _statements(script: str) -> list[str]:
    """Divide a script: `executescript` would commit the transaction it runs in."""
    return [statement for statement in (part.strip() for part in script.split(";")) if statement]
