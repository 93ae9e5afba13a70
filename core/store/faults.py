"""The database's errors, as sentences for the operator."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.errors import OperatorError

REASONS: Final = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space, and what is unfinished goes on",
    sqlite3.SQLITE_IOERR: "the disk reports an error; check it, and the space on it",
    sqlite3.SQLITE_NOTADB: "it is not a database; move it away and a new one is made",
    sqlite3.SQLITE_CORRUPT: "it is damaged; restore a backup",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check the folder's permissions",
    sqlite3.SQLITE_READONLY: "it cannot be written; check the file's permissions",
    sqlite3.SQLITE_PERM: "it cannot be opened; check the file's permissions",
    sqlite3.SQLITE_BUSY: "another program keeps it locked; end that program",
}


@contextlib.contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn the errors of a database into a sentence for the operator."""
    try:
        yield
    except sqlite3.Error as error:
        raise OperatorError(f"The database {path}: {reason(error)}.") from error


def require(path: Path) -> None:
    """Go no further where a database that somebody wants to look at is not there.

    Raises:
        OperatorError: it is not.
    """
    if not path.exists():
        raise OperatorError(f"There is no database {path}: check data_dir, or start Steward once.")


def reason(error: sqlite3.Error) -> str:
    """Return what is wrong, and what to do about it."""
    return REASONS.get(primary_code(error), str(error))


def primary_code(error: sqlite3.Error) -> int:
    """Return the error's code without the bits that tell its kinds apart; 0 for an error of Python's own."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
