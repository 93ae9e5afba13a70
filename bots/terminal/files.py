"""Files on the way in, named on the command line, and on the way out, saved in a folder."""

import mimetypes
import unicodedata
from itertools import count
from pathlib import Path
from typing import Final

from core.errors import PlatformError, UserError
from core.files import size_text
from core.messages import Attachment

FOLDER: Final = Path("steward-files")
"""Where answers' files are saved, in the current folder."""

_LONGEST: Final = 80
_KEPT: Final = "._- ()"


def read(name: str, max_bytes: int) -> Attachment:
    """Read a file to send with a message.

    Raises:
        UserError: it is not there, no file, too large, or cannot be read.
    """
    try:
        path = Path(name).expanduser()
        if not path.exists():
            raise UserError(f"There is no file {name}.")
        if not path.is_file():
            raise UserError(f"{name} is not a file.")
        if (size := path.stat().st_size) > max_bytes:
            raise UserError(f"{name} has {size_text(size)}; at most {size_text(max_bytes)} are taken.")
        content = path.read_bytes()
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{name} cannot be read: {reason.lower()}.") from error
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Attachment(filename=path.name, media_type=media_type, content=content)


def save(attachment: Attachment, folder: Path = FOLDER) -> Path:
    """Save a file under a name that is free, and return its path.

    Raises:
        PlatformError: it cannot be written.
    """
    name = Path(safe_name(attachment.filename))
    suffix = name.suffix or mimetypes.guess_extension(attachment.media_type) or ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            path = folder / (f"{name.stem}{suffix}" if number == 1 else f"{name.stem}-{number}{suffix}")
            try:
                with path.open("xb") as file:
                    file.write(attachment.content or b"")
            except FileExistsError:
                continue
            return path
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise PlatformError(f"{name} cannot be saved in {folder}: {reason}.", permanent=True) from error
    raise AssertionError("some number is free")


def safe_name(filename: str) -> str:
    """Make a file name of whatever a file was called: no folders, no hidden file, nothing a shell or terminal reads."""
    last = unicodedata.normalize("NFC", filename).replace("\\", "/").rpartition("/")[2]
    kept = "".join(sign if sign.isalnum() or sign in _KEPT else "_" for sign in last).lstrip(".- ").rstrip(". ")
    stem, dot, suffix = kept.rpartition(".")
    if not dot:
        stem, suffix = kept, ""
    return f"{stem[:_LONGEST].rstrip('. ') or 'file'}{dot}{suffix[:16]}"
