"""A backup: a data folder that can be put in the place of the one it was made of, while that is in use.

The database comes first, as it is at one moment, then the files that it names. A file that is gone by then was erased
or has expired since, so the backup forgets it too: whatever its database names is there.

Time goes on after a backup. What was open when it was made was answered by the Steward that went on, as far as anybody
knows when it is restored, and what was said since is not in it. So that nothing is answered or sent a second time, a
backup has nothing left to do by itself: see `_SETTLE`.
"""

import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core import disk
from core.errors import OperatorError, UserError
from core.store.faults import require
from core.store.snapshot import copy, counts, snapshot

REASON: Final = "This was not answered yet when the backup was made from which Steward was restored."

_SETTLE: Final = (
    # what was being answered is left to somebody who looks whether it was: see `core.troubles`
    "UPDATE turns SET state = 'failed', closed_at = :now, reason = :reason,"
    " message = CASE revision WHEN '' THEN message ELSE revision END"
    " WHERE state IN ('received', 'running') AND wish <> 'remove'",
    "UPDATE outbox SET state = 'failed' WHERE state = 'waiting'"
    " AND turn IN (SELECT id FROM turns WHERE wish <> 'remove')",
    # answers have taken the place of what showed progress, and must not be taken for it
    "UPDATE turns SET wish = '', wished_by = '', revision = '', shown = '', retry_at = NULL, parked_at = NULL"
    " WHERE wish <> 'remove'",
    # without a cursor a channel is read from the start of Steward on
    "DELETE FROM cursors",
    # somebody may have used one
    "DELETE FROM codes",
)
"""What makes of the database as it was one that can be used again. A wish to have an answer removed stays: to do that
once more does no harm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup that was made; `size` is in bytes."""

    folder: Path
    turns: int
    files: int
    size: int


def back_up(database: Path, files: Path, folder: Path) -> Backup:
    """Make a backup, whole and checked or not at all.

    Args:
        database: of the data folder.
        files: the folder of the files it names.
        folder: where the backup is to be; it must not be there, or be empty.

    Raises:
        UserError: there is something in the folder already.
        OperatorError: the database cannot be read, the backup cannot be written, or it did not pass its check.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UserError(f"{folder} is there already: name a folder that is new or empty.")
    require(database)
    with _sentences(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        # whatever ends this, what is not whole never has the name of a backup
        partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".partial", dir=folder.parent))
        try:
            turns, kept = _fill(partial, database, files)
            size = sum(path.stat().st_size for path in partial.rglob("*") if path.is_file())
            partial.rename(folder)
            disk.sync(folder.parent)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return Backup(folder=folder, turns=turns, files=kept, size=size)


def _fill(partial: Path, database: Path, files: Path) -> tuple[int, int]:
    """Put everything into a folder; return how many turns and files that is."""
    path = partial / "steward.db"
    path.touch(mode=0o600)
    (partial / "files").mkdir(mode=0o700)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as target:
        target.execute("PRAGMA fullfsync = ON")
        with snapshot(database) as source:
            copy(source, target)
            _check(source, target)
        target.execute("PRAGMA journal_mode = DELETE")
        target.execute("BEGIN")
        kept = _copy_files(target, files, partial / "files")
        for statement in _SETTLE:
            target.execute(statement, {"now": time.time(), "reason": REASON})
        target.execute("COMMIT")
        turns = int(target.execute("SELECT count(*) FROM turns").fetchone()[0])
    for each in (partial / "files", partial):
        disk.sync(each)
    return turns, kept


def _check(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Compare a copy with what it is a copy of: https://www.sqlite.org/pragma.html#pragma_integrity_check."""
    found = str(target.execute("PRAGMA integrity_check(1)").fetchone()[0])
    if found != "ok":
        raise OperatorError(f"The database is damaged, and its copy with it: {found}.")
    if counts(source) != counts(target):
        raise OperatorError("The copy of the database is not the same as the database: make the backup again.")


def _copy_files(target: sqlite3.Connection, files: Path, folder: Path) -> int:
    """Copy the files that the database names, and have it forget those that are gone; return how many are there."""
    ids = [str(row[0]) for row in target.execute("SELECT id FROM files")]
    gone = [each for each in ids if not disk.copy(files / each, folder / each)]
    target.executemany("DELETE FROM files WHERE id = ?", [(each,) for each in gone])
    return len(ids) - len(gone)


@contextlib.contextmanager
def _sentences(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise OperatorError(f"The backup {folder} could not be made: {reason}.") from error
