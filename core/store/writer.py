"""The connection that writes: one piece of work at a time, and one wait for the disk for many of them."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

import aiosqlite

T = TypeVar("T")
Value: TypeAlias = str | int | float | bytes | None
Row: TypeAlias = sqlite3.Row


class _Line(asyncio.Lock):
    """A lock that counts those who wait for it; they get it in the order in which they came."""

    waiting = 0

    async def acquire(self) -> Literal[True]:
        self.waiting += 1
        try:
            return await super().acquire()
        finally:
            self.waiting -= 1


@dataclass(slots=True, eq=False)
class _Group:
    """Work that is committed together, by an open transaction; `error` says why it was undone instead."""

    members: int = 1
    error: sqlite3.Error | None = None


class Transaction:
    """What can be done inside `Store.transaction`."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def execute(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """Carry out one statement and return its rows."""
        self.check()
        return list(await self._connection.execute_fetchall(sql, parameters))

    def check(self) -> None:
        """Go no further where SQLite undid it all by itself, as it does on a full disk: more would be committed alone.

        https://www.sqlite.org/c3ref/get_autocommit.html
        """
        if not self._connection.in_transaction:
            raise _undone()


class Writer:
    """The connection that writes, for everybody, in the order in which they came.

    What has to be on the disk is committed in groups: its transaction stays open for the work that waits by then, which
    joins it, and one commit is for all of them. Work that comes later makes the next group. Nobody returns before the
    commit, and where it fails everybody in the group fails. Work that fails or is cancelled undoes itself alone.

    Work that need not be on the disk joins a group that is open, but never begins one.

    Methods raise `sqlite3.Error`.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._line = _Line()
        self._group: _Group | None = None
        self._open = False
        self._durable: bool | None = None

    async def close(self) -> None:
        """Close the connection, after the work that is under way."""
        async with self._line:
            if self._group:
                await self._commit(self._group)
            await self._connection.close()

    async def alone(self, sql: str) -> None:
        """Carry out a statement that must be in no transaction."""
        async with self._work(durable=False, single=True, alone=True):
            await self._execute(sql)

    async def aside(self, sql: str) -> int:
        """Carry out a statement that nobody waits for, and return how many rows it changed.

        It fails at once where another process holds a lock, so that no work here waits for that twice.
        """
        async with self._work(durable=False, single=True, alone=True), self._impatient():
            before = self._connection.total_changes
            await self._execute(sql)
            return self._connection.total_changes - before

    async def checkpoint(self) -> bool:
        """Empty the write-ahead log; return False, without waiting, where somebody still reads from it.

        https://www.sqlite.org/pragma.html#pragma_wal_checkpoint
        """
        async with self._work(durable=False, single=True, alone=True), self._impatient():
            rows = list(await self._connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)"))
            return not rows[0][0]

    async def write(self, sql: str, parameters: Sequence[Value], *, durable: bool) -> list[Row]:
        """Carry out and commit one statement; return its rows."""
        async with self._work(durable=durable, single=True):
            return list(await self._connection.execute_fetchall(sql, parameters))

    @contextlib.asynccontextmanager
    async def transaction(self, *, durable: bool, alone: bool = False) -> AsyncIterator[Transaction]:
        """Carry out several statements as one; `alone` where a full disk is likelier than for the work of others."""
        async with self._work(durable=durable, single=False, alone=alone):
            transaction = Transaction(self._connection)
            yield transaction
            transaction.check()

    @contextlib.asynccontextmanager
    async def _work(self, *, durable: bool, single: bool, alone: bool = False) -> AsyncIterator[None]:
        """Do a piece of work and have it committed.

        Args:
            durable: it is on the disk then.
            single: one statement, which is all or nothing by itself.
            alone: it joins no group, for which it may not fail; SQLite undoes a whole transaction on a full disk.
        """
        async with self._line:
            if alone and self._group:
                await settled(self._commit(self._group))
            group = self._group
            if group is None and single and not (durable and self._line.waiting):
                await self._prepare(durable)
                yield
                return
            savepoint = ""
            try:
                if group is None:
                    await self._prepare(durable)
                    self._open = True
                    await self._execute("BEGIN IMMEDIATE")
                elif not single:
                    group.members += 1
                    savepoint = f"member{group.members}"
                    await self._execute(f"SAVEPOINT {savepoint}")
                yield
            except BaseException as error:
                self._end(group, error)
                await settled(self._undo(group, savepoint))
                raise
            group = group or _Group()
            if durable:
                self._group = group
            elif group is not self._group:
                await settled(self._commit(group))
        if group is self._group:
            await settled(self._finish(group))
        if group.error:
            raise group.error.with_traceback(None)

    @contextlib.asynccontextmanager
    async def _impatient(self) -> AsyncIterator[None]:
        """Do something without waiting for locks that others hold."""
        (patience,) = [row[0] for row in await self._connection.execute_fetchall("PRAGMA busy_timeout")]
        try:
            await self._execute("PRAGMA busy_timeout = 0")
            yield
        finally:
            await settled(self._execute(f"PRAGMA busy_timeout = {patience}"))

    async def _prepare(self, durable: bool) -> None:
        """Make ready for a transaction, of which the commit waits for the disk or not: in WAL mode only FULL does.

        https://www.sqlite.org/pragma.html#pragma_synchronous
        """
        if self._open:  # nobody was left to end the last one
            await self._roll_back()
        if durable != self._durable:
            self._durable = None
            await self._execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._durable = durable

    def _end(self, group: _Group | None, error: BaseException | None = None) -> None:
        """Take a group for undone, as it is should this go no further, until it is known to be committed or intact."""
        self._group = None
        if group:
            group.error = error if isinstance(error, sqlite3.Error) else _undone()

    async def _undo(self, group: _Group | None, savepoint: str) -> None:
        """Undo one piece of work; where that cannot be told from the rest of its group, the group."""
        if group is None:
            await self._roll_back()
            return
        await self._quiet()
        try:
            if savepoint and self._connection.in_transaction:
                await self._execute(f"ROLLBACK TO {savepoint}")
        except sqlite3.Error as failure:
            group.error = failure
            await self._roll_back()
        if self._connection.in_transaction:
            self._group, group.error = group, None

    async def _finish(self, group: _Group) -> None:
        """Commit a group once those that wait have joined it; the first of it to get here does so for all."""
        async with self._line:
            if group is self._group:
                await self._commit(group)

    async def _commit(self, group: _Group) -> None:
        self._end(group)
        try:
            await self._execute("COMMIT")
            self._open, group.error = False, None
        except sqlite3.Error as error:
            group.error = error
            await self._roll_back()

    async def _roll_back(self) -> None:
        await self._quiet()
        if self._connection.in_transaction:
            await self._execute("ROLLBACK")
        self._open = False

    async def _quiet(self) -> None:
        """Wait for a statement that is still under way because who waited for it was cancelled."""
        await self._execute("SELECT 1")

    async def _execute(self, sql: str) -> None:
        await self._connection.execute_fetchall(sql)


def _undone() -> sqlite3.Error:
    return sqlite3.OperationalError("the transaction was undone before its end")


async def settled(work: Awaitable[T]) -> T:
    """Await work of another thread to its end however often it is cancelled, then let the cancellation go on."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        task.exception()  # looked at, or asyncio would report it as lost
        raise cancelled
    return task.result()
