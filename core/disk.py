"""Files on the disk: whole or not there."""

import os
import shutil
import time
from pathlib import Path
from typing import Final

_ORPHAN_AGE: Final = 3600.0
"""Seconds after which a file without a row was left by a crash, and not by a write that is under way."""

_AT_ONCE: Final = 1_000_000
"""Bytes of a file that are copied in one step."""


def write(path: Path, content: bytes) -> None:
    """Write a file so that it is either whole under its name or not there, for its owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    try:
        partial.touch(mode=0o600)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def read(path: Path) -> bytes | None:
    """Return a file's content, None where there is no such file."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def copy(source: Path, target: Path) -> bool:
    """Copy a file to where none is, for its owner alone; False where there is nothing to copy."""
    try:
        reading = source.open("rb")
    except FileNotFoundError:
        return False
    with reading, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as writing:
        shutil.copyfileobj(reading, writing, _AT_ONCE)
        writing.flush()
        os.fsync(writing.fileno())
    return True


def sync(folder: Path) -> None:
    """Have the names of a folder's files on the disk, as their contents are."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def remove(folder: Path, names: list[str]) -> None:
    """Remove files, those that are there."""
    for name in names:
        (folder / name).unlink(missing_ok=True)


def remove_orphans(folder: Path, known: set[str]) -> int:
    """Remove old files that are not known, and return how many; folders stay."""
    if not folder.is_dir():
        return 0
    removed = 0
    for path in folder.iterdir():
        if path.name not in known and path.is_file() and path.stat().st_mtime < time.time() - _ORPHAN_AGE:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
