"""`steward backup`, `export` and `import`: what is stored, taken out of a data folder and into another."""

import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from bots.commands import counted
from core.archive.backup import back_up
from core.archive.intake import Taken, take_in
from core.archive.writer import write
from core.config import Config
from core.errors import OperatorError, UserError
from core.files import size_text
from core.store import hold, open_store
from core.store.faults import sentences
from core.store.snapshot import snapshot


def backed_up(config: Config, folder: Path | None) -> str:
    """Back up the data folder beside a Steward that may be using it; say where to, and how much it is.

    Args:
        config: names the data folder.
        folder: where the backup is to be; by default a new one in the current folder, named by the time.

    Raises:
        UserError: there is something in the folder already.
        OperatorError: there is no database, or the backup could not be made.
    """
    folder = (folder or Path(f"steward-backup-{time.strftime('%Y%m%d-%H%M%S')}")).absolute()
    made = back_up(config.database, config.files_dir, folder)
    return (
        f"Backed up to {made.folder}: {counted(made.turns, 'turn')} and {counted(made.files, 'file')},"
        f" {size_text(made.size)}."
    )


def exported(config: Config, path: Path | None) -> str:
    """Write an archive of the data folder beside a Steward that may be using it; say where to, and how much it is.

    Args:
        config: names the data folder.
        path: the file, which takes the place of one that is there; None for standard output, where nothing is said.

    Raises:
        OperatorError: there is no database, it cannot be read, or the file cannot be written.
    """
    with snapshot(config.database) as source, sentences(config.database):
        archive = write(source, config.files_dir, at=time.time())
        if path is None:
            _print(archive)
            return ""
        with _whole(path) as file:
            file.writelines(archive)
            size = file.tell()
    return f"Exported to {path}: {size_text(size)}."


def _print(archive: Iterable[bytes]) -> None:
    try:
        sys.stdout.buffer.writelines(archive)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise  # who reads it has had enough
    except OSError as error:
        raise OperatorError(f"Standard output could not be written: {error.strerror}.") from error


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    """Write a file, for its owner alone, that has its name only once it is whole."""
    try:
        with tempfile.NamedTemporaryFile(
            prefix=f"{path.name}.", suffix=".partial", dir=path.parent, delete=False
        ) as file:
            partial = Path(file.name)
            try:
                yield file
                file.flush()
                partial.replace(path)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise OperatorError(f"{path} could not be written: {error.strerror}.") from error


def imported(config: Config, path: Path) -> str:
    """Take an archive into the data folder; say how much of it was new.

    Args:
        config: names the data folder, made where it is not there.
        path: the archive.

    Raises:
        UserError: it cannot be read, is no archive, or something in it is wrong; then nothing was taken in.
        OperatorError: a Steward uses the data folder, or it cannot be written.
    """
    try:
        archive = path.open("rb")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    with archive, hold(config.data_dir):
        new = asyncio.run(_take_in(config, archive)).new
    what = ", ".join(counted(new.get(kind, 0), kind) for kind in ("turn", "fact"))
    return f"Imported {what} and {counted(new.get('file', 0), 'file')}; what was there already stayed as it is."


async def _take_in(config: Config, archive: Iterable[bytes]) -> Taken:
    store = await open_store(config.database)
    try:
        return await take_in(archive, store, config.files_dir)
    except OSError as error:
        raise OperatorError(f"The folder {config.files_dir} cannot be written: {error.strerror}.") from error
    finally:
        await store.close()
