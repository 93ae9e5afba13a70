"""The lock of a data folder: one Steward works in it at a time.

It is an advisory lock on a file of the folder (flock(2)). The system gives it back however the process ends, so that
nothing is left behind by a crash; the file itself stays.
"""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from core.errors import OperatorError

NAME: Final = "steward.lock"

_TRIES: Final = 10
_PAUSE: Final = 0.02
"""Seconds between two tries: `holder` too has the lock for a moment."""

_ADVICE: Final = {
    errno.EACCES: "check the folder's permissions",
    errno.EPERM: "check the folder's permissions",
    errno.EROFS: "check the folder's permissions",
    errno.ENOLCK: "set data_dir to a folder on a local disk",
    errno.ENOSYS: "set data_dir to a folder on a local disk",
    errno.EOPNOTSUPP: "set data_dir to a folder on a local disk",
}

_held: Final[set[int]] = set()


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold a data folder, made where it is not there; other Stewards are refused meanwhile.

    Raises:
        OperatorError: another Steward holds it, or it cannot be made or locked.
    """
    make_folder(folder)
    with _sentences(folder):
        file = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o600)
    _held.add(file)
    try:
        with _sentences(folder):
            if not _locked(file):
                raise OperatorError(_refusal(folder, _pid(file)))
        with suppress(OSError):  # a full disk: it is held all the same
            os.ftruncate(file, 0)
            os.pwrite(file, b"%d\n" % os.getpid(), 0)
        yield
    finally:
        if file in _held:  # or this is a child made by fork
            _held.remove(file)
            os.close(file)


def holder(folder: Path) -> int | None:
    """Return the id of the process that holds a data folder, 0 where it cannot be told, None where none does.

    Raises:
        OperatorError: the lock cannot be looked at.
    """
    with _sentences(folder):
        try:
            file = os.open(folder / NAME, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _pid(file)
        finally:
            os.close(file)
    return None


def make_folder(folder: Path) -> None:
    """Make a data folder, for its owner alone.

    Raises:
        OperatorError: it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(f"The data folder {folder} cannot be made: {error.strerror}.") from error


def _locked(file: int) -> bool:
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False


def _pid(file: int) -> int:
    """Return what the holder wrote; 0 where it has not yet."""
    written = os.pread(file, 20, 0).strip()
    return int(written) if written.isdigit() else 0


def _refusal(folder: Path, pid: int) -> str:
    who = f"Another Steward (process {pid})" if pid else "Another Steward"
    return f"{who} uses the data folder {folder}: end it, or set data_dir to another folder."


@contextmanager
def _sentences(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        advice = f"; {_ADVICE[error.errno]}" if error.errno in _ADVICE else ""
        raise OperatorError(f"The data folder {folder} cannot be locked: {error.strerror}{advice}.") from error


def _let_go() -> None:
    """Close the locks in a child made by fork, which would hold them on when its parent has ended."""
    for file in _held:
        os.close(file)
    _held.clear()


os.register_at_fork(after_in_child=_let_go)
