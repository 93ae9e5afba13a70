"""Reading an archive: each line is checked before anything is made of it."""

from collections.abc import Iterable, Iterator

from pydantic import ValidationError

from core.archive import lines
from core.archive.lines import Line
from core.errors import UserError


def read(archive: Iterable[bytes]) -> Iterator[tuple[int, Line]]:
    """Yield the lines between header and end, each with its number.

    Raises:
        UserError: it is no archive, a newer one, or cut off; or a line is wrong, which is named by its number.
    """
    numbered = enumerate(archive, 1)
    _check_header(next(numbered, (1, b""))[1])
    for number, text in numbered:
        try:
            line = lines.load(text)
        except ValidationError as error:
            raise wrong(number, _complaint(error)) from error
        if isinstance(line, lines.End):
            if line.lines != number - 2:
                raise UserError(f"The archive is not whole: of {line.lines:,} lines it has {number - 2:,}.")
            return
        yield number, line
    raise UserError("The archive is cut off: its last line is missing.")


def wrong(number: int, what: str) -> UserError:
    """Return the error that says what is wrong with a line."""
    return UserError(f"Line {number:,} of the archive is wrong: {what}.")


def _check_header(text: bytes) -> None:
    try:
        header = lines.load_header(text)
    except ValidationError as error:
        raise UserError("This is no archive of Steward: its first line is no header of one.") from error
    if header.version > lines.VERSION:
        raise UserError(
            f"The archive was written by a newer Steward (version {header.version}, this one reads {lines.VERSION}): "
            "update this one first."
        )


def _complaint(error: ValidationError) -> str:
    """Say where a line is wrong and how, without what it says."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(each) for each in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]
