"""Skills that read the files of a conversation."""

from core import Attachment, read, skill


@skill(timeout=30)
def read_file(file: Attachment, start: int = 1, skip: int = 0, sheet: str | None = None) -> str:
    """Read a file further than its beginning, or one of earlier in this conversation.

    It takes text, Markdown, JSON, tables (CSV, TSV, XLSX), PDF and Word documents, and gives some 20,000 characters at
    once. Where that is not all, it says with what start and skip to read on.

    Args:
        file: The file.
        start: The line, row, page or paragraph to begin with, from 1.
        skip: Characters to leave out there.
        sheet: Of a workbook, the name of the sheet; the first one if left out.

    Examples:
        read this file
        show me what is in this file
        read the next pages
    """
    return read(file, start=start, skip=skip, sheet=sheet or "")
