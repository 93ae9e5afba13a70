"""Reading a file, whatever it is: the same for the beginning that goes into a question, and for skills."""

from dataclasses import replace
from typing import Final

from core.errors import SkillError
from core.messages import Attachment
from core.reading.documents import read_document
from core.reading.excerpt import Content, Excerpt, cut, fenced
from core.reading.formats import format_of, named
from core.reading.packages import check
from core.reading.pdfs import NO_TEXT, read_pdf
from core.reading.tables import read_table
from core.reading.texts import read_text
from core.reading.unreadable import UnreadableError
from core.reading.workbooks import read_workbook

ROOM: Final = 20_000
"""Characters of a file that a skill reads at once."""

MOST_BYTES: Final = 50_000_000
_SPOKEN: Final = {"picture": "a picture", "sound": "sound"}


def read(file: Attachment, *, start: int = 1, skip: int = 0, sheet: str = "") -> str:
    """Return a part of a file for a model: its text, marked as data, and where to read on.

    Reading takes memory and time: call it in a worker process.

    Args:
        file: text, Markdown, CSV, TSV, JSON, XLSX, PDF or DOCX, with its content.
        start: the line, row, page or paragraph to begin with, from 1.
        skip: characters to leave out there.
        sheet: of a workbook, the name of the sheet; "" stands for the first one.

    Raises:
        SkillError: it cannot be read; the sentence says why.
    """
    try:
        return fenced(excerpt_of(file, start=start, skip=skip, sheet=sheet, room=ROOM), file)
    except UnreadableError as error:
        raise SkillError(f"{named(file)} could not be read: {error}.") from error


def excerpt_of(file: Attachment, *, start: int, skip: int, sheet: str, room: int) -> Excerpt:
    """Read a part of a file.

    Raises:
        UnreadableError: it cannot be read.
    """
    if start < 1 or skip < 0:
        raise UnreadableError("it begins at 1, and nothing stands before that")
    excerpt = cut(_opened(file, start, sheet), start=start, skip=skip, room=room)
    units = excerpt.last - excerpt.first + 1
    if excerpt.text.count(NO_TEXT) == units:
        remark = "There is no text on these pages; what is on them may be pictures, which I do not see there."
        return replace(excerpt, remarks=(*excerpt.remarks, remark))
    return excerpt


def _opened(file: Attachment, start: int, sheet: str) -> Content:
    content = file.content or b""
    if len(content) > MOST_BYTES:
        raise UnreadableError(f"it has more than {MOST_BYTES // 1_000_000} MB")
    match format_of(file).kind:
        case "package":
            return (
                read_workbook(content, start, sheet) if check(content) == "workbook" else read_document(content, start)
            )
        case "pdf":
            return read_pdf(content, start)
        case "table":
            return _table(content, start)
        case "text":
            return read_text(content, start)
        case "picture" | "sound" as seen_or_heard:
            raise UnreadableError(f"it is {_SPOKEN[seen_or_heard]}, and there is no text to read in it")


def _table(content: bytes, start: int) -> Content:
    try:
        return read_table(content, start)
    except UnreadableError as error:
        text = read_text(content, start)
        return replace(text, remarks=(*text.remarks, f"I read it as plain text, because {error}."))
