"""One SQLite database through aiosqlite: one connection writes, one reads, migrations at start."""

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
from core.store.lock import make_folder
from core.store.migrations import MIGRATIONS
from core.store.writer import Row, Transaction, Value, Writer

_CHECKPOINT_SECONDS: Final = 10.0


class Store:
    """The database; made by `open_store`.

    Writes go through one connection, one transaction at a time, so that two coroutines never see each other's half.
    Reads have a connection of their own and see what was committed.
    """

    def __init__(self, path: Path, writer: Writer, reader: aiosqlite.Connection) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader

    async def close(self) -> None:
        """Close both connections, after the transaction that is under way."""
        await self._writer.close()
        await self._reader.close()

    async def fetch(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """Return the rows of a query."""
        with sentences(self.path):
            return list(await self._reader.execute_fetchall(sql, parameters))

    async def write(self, sql: str, parameters: Sequence[Value] = (), *, durable: bool = False) -> list[Row]:
        """Carry out and commit one statement; return its `RETURNING` rows.

        What is committed outlives the process; with `durable` it is on the disk on return, and outlives the machine.
        """
        with sentences(self.path):
            return await self._writer.write(sql, parameters, durable=durable)

    async def scrub(self) -> None:
        """Leave nothing on the disk of what was deleted: in the index of words, in free space, in the write-ahead log.

        The file is written anew, during which nothing else is written: about a second for 100 MB.
        https://www.sqlite.org/lang_vacuum.html and https://www.sqlite.org/fts5.html#the_optimize_command
        """
        with sentences(self.path):
            await self._writer.write("INSERT INTO found (found) VALUES ('optimize')", (), durable=False)
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
        # aiosqlite does not wait for its thread where the file cannot be opened: try that without it.
        await asyncio.to_thread(_try, path)
        writer = await _connect(path, patience)
        try:
            await _migrate(path, writer)
            reader = await _connect(path, patience)
            await reader.execute_fetchall("PRAGMA query_only = ON")
        except BaseException:
            await writer.close()
            raise
    return Store(path, Writer(writer), reader)


def _try(path: Path) -> None:
    """Open the file, made for its owner alone, as its write-ahead log then is too: it holds private conversations."""
    with contextlib.suppress(OSError):  # SQLite says better what is wrong
        path.touch(mode=0o600)
    sqlite3.connect(path).close()


async def _connect(path: Path, patience: float) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        for pragma in (
            f"busy_timeout = {round(patience * 1000)}",
            "synchronous = NORMAL",
            "fullfsync = ON",  # or macOS leaves what was synced in the disk's cache
            "foreign_keys = ON",
            "secure_delete = ON",
            "trusted_schema = OFF",
        ):
            await connection.execute_fetchall(f"PRAGMA {pragma}")
        await _use_wal(connection, patience)
    except BaseException:
        await connection.close()
        raise
    return connection


async def _use_wal(connection: aiosqlite.Connection, patience: float) -> None:
    """Switch to the write-ahead log; where another process does so too, SQLite fails at once instead of waiting."""
    deadline = time.monotonic() + patience
    while True:
        try:
            await connection.execute_fetchall("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.005)


async def _migrate(path: Path, connection: aiosqlite.Connection) -> None:
    for number in range(await _version(path, connection) + 1, len(MIGRATIONS) + 1):
        await connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have migrated while this one waited for the lock.
            if await _version(path, connection) < number:
                for statement in _statements(MIGRATIONS[number - 1]):
                    await connection.execute(statement)
                await connection.execute(f"PRAGMA user_version = {number}")
            await connection.execute("COMMIT")
        except BaseException:
            await connection.execute("ROLLBACK")
            raise


async def _version(path: Path, connection: aiosqlite.Connection) -> int:
    rows = list(await connection.execute_fetchall("PRAGMA user_version"))
    version = int(rows[0][0])
    if version > len(MIGRATIONS):
        raise OperatorError(
            f"The database {path} was written by a newer Steward (schema {version}, this one knows {len(MIGRATIONS)}): "
            "install that version again, or restore a backup from before the update."
        )
    return version


def _statements(script: str) -> list[str]:
    """Divide a script: `executescript` would commit the transaction it runs in."""
    return [statement for statement in (part.strip() for part in script.split(";")) if statement]
