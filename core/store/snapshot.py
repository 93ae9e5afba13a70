"""A database as it is at one moment, read beside the Steward that goes on writing it.

In the write-ahead log a reader neither waits for a writer nor holds one up, and a transaction that stays open sees
nothing of what is written meanwhile: https://www.sqlite.org/wal.html#concurrency
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.errors import OperatorError
from core.store.faults import require, sentences
from core.store.migrations import MIGRATIONS

_PAGES: Final = 256
"""Pages copied in one step, a megabyte."""

_PAUSE: Final = 0.002
"""Seconds after each step in which the disk is left to others."""


@contextlib.contextmanager
def snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database for reading, as it is now; what is read of it raises `sqlite3.Error`.

    Raises:
        OperatorError: it is not there or cannot be read, or another version of Steward wrote it.
    """
    require(path)
    with sentences(path):
        connection = sqlite3.connect(path, isolation_level=None, timeout=10.0)
    with contextlib.closing(connection):
        with sentences(path):
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])  # the first read is the moment
        if version != len(MIGRATIONS):
            raise OperatorError(
                f"The database {path} has schema {version}, this Steward knows {len(MIGRATIONS)}: "
                "use the version that wrote it, or start this one once."
            )
        yield connection


def copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Copy a snapshot into an empty database, in small steps: https://www.sqlite.org/backup.html.

    While it is written to, a copy would begin again and again; that of a snapshot does not.

    Raises `sqlite3.Error`.
    """
    source.backup(target, pages=_PAGES, progress=lambda *_: time.sleep(_PAUSE))


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows each table has, for a comparison; those of indexes are left out."""
    tables = connection.execute(
        "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main'"
    ).fetchall()
    return {
        name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608
        for (name,) in tables
    }
