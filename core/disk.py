"""Files on the disk: whole or not there."""

import os
import time
from pathlib import Path
from typing import Final

_ORPHAN_AGE: Final = 3600.0
"""Seconds after which a file without a row was left by a crash, and not by a write that is under way."""


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
