"""`steward backup`, `export` and `import`: what is stored, taken out of a data folder and into another."""

import time
from pathlib import Path

from bots.commands import counted
from core.archive.backup import back_up
from core.config import Config
from core.files import size_text


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
