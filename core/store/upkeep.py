"""Upkeep: what keeps the database fast, done between the writes so that none of them waits long for it.

- The index of words grows by a part with every commit, and a search looks into each of them: they are merged, a few
  pages at a time.
- The write-ahead log is written back into the database, by a connection and thus a thread of its own, which holds up
  neither who reads nor who writes. https://www.sqlite.org/wal.html#ckpt

Left to itself SQLite does both within the commit that makes them due: with a million passages 30 and 6 ms.
"""

import asyncio
import contextvars
import logging
import sqlite3
import time
from typing import Final

import aiosqlite

from core.store.faults import reason
from core.store.index import merge
from core.store.writer import Writer, settled

log = logging.getLogger("steward.store")

EVERY: Final = 8
"""Commits after which it is due."""

_PAGES: Final = 16
"""Pages of the index that are merged at a time, about a millisecond's work; a word that nearly every passage holds is
never divided and takes some tens of ms among a million passages, which happens seldom."""

_STEPS: Final = 8
"""How often that is done until the log is written back."""

_LONG: Final = 2_000
"""Pages of the log, 8 MB."""

_WRITE_BACK: Final = "PRAGMA wal_checkpoint(PASSIVE)"


class Upkeep:
    """Keeps a database fast that is written to.

    Args:
        writer: the connection that writes.
        connection: one that nothing else is done with.
    """

    def __init__(self, writer: Writer, connection: aiosqlite.Connection) -> None:
        self._writer = writer
        self._connection = connection
        self._task: asyncio.Task[None] | None = None
        self._commits = 0
        self._failed = False
        self._closed = False

    def committed(self) -> None:
        """Take note of a commit."""
        self._commits += 1
        if self._commits >= EVERY and not self._closed and (self._task is None or self._task.done()):
            # what it logs belongs to no turn
            self._task = asyncio.create_task(self._keep(), context=contextvars.Context())

    async def close(self) -> None:
        """End, after the step that is under way."""
        self._closed = True
        try:
            if self._task:
                await settled(asyncio.wait([self._task]))
        finally:
            await self._connection.close()

    async def _keep(self) -> None:
        more = True
        try:
            while not self._closed and (more or self._commits >= EVERY):
                self._commits = 0
                more = await self._merge()
                await self._write_back()
            self._failed = False
        except sqlite3.Error as error:
            if not self._failed:
                log.warning("the database's upkeep is put off, which makes it slower: %s", reason(error))
            self._failed = True

    async def _merge(self) -> bool:
        """Merge some of the index, for half of the time at most; return whether there is more to merge."""
        for _ in range(_STEPS):
            began = time.monotonic()
            changes = await self._writer.aside(merge(_PAGES))
            if changes < 2:  # the command itself counts as one
                return False
            if self._closed:
                break
            await asyncio.sleep(time.monotonic() - began)
        return True

    async def _write_back(self) -> None:
        """Write the log back; it begins anew only where nothing was written meanwhile, so a long one is ended alone."""
        ((_, pages, moved),) = await self._connection.execute_fetchall(_WRITE_BACK)
        if pages == moved > _LONG and not self._closed:
            await self._writer.aside(_WRITE_BACK)
