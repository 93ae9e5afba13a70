"""Directories in which calls work: one for each, removed after it."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MOST_PRINTED: Final = 10_000
"""Bytes of what a call printed that are logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where a call works.

    Attributes:
        directory: its own.
        output: a file beside it that takes what it prints.
    """

    directory: Path
    output: Path


def lay(folder: Path) -> Desk:
    """Make a directory for a call."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(dir=folder)).absolute()
    return Desk(directory=directory, output=directory.with_suffix(".out"))


def clear(desk: Desk) -> str:
    """Remove what a call left behind and return the beginning of what it printed."""
    printed = b""
    if desk.output.is_file():
        with desk.output.open("rb") as file:
            printed = file.read(_MOST_PRINTED)
    desk.output.unlink(missing_ok=True)
    shutil.rmtree(desk.directory, ignore_errors=True)
    return printed.decode("utf-8", "replace").strip()


def clear_all(folder: Path) -> None:
    """Remove everything, such as what calls left that were cut off by the end of the bot."""
    shutil.rmtree(folder, ignore_errors=True)
