"""Documents of Word (DOCX), through python-docx."""

import io
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from core.reading.excerpt import Content
from core.reading.unreadable import UnreadableError

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table


def read_document(content: bytes, start: int) -> Content:
    """Read a document from a paragraph on, counted from 1: headings, lists and tables as in Markdown.

    Args:
        content: of the file, as `core.reading.packages` accepts it.
        start: from 1; a row of a table counts as a paragraph.

    Raises:
        UnreadableError: it is broken.
    """
    import docx

    try:
        paragraphs = list(_paragraphs(docx.Document(io.BytesIO(content))))
    except MemoryError:
        raise
    except Exception as error:  # of many kinds: it is not written for files that are broken
        raise UnreadableError("it is broken") from error
    return Content(
        name="Word document",
        unit="paragraph",
        units=islice(iter(paragraphs), start - 1, None),
        total=len(paragraphs),
    )


def _paragraphs(document: "Document") -> Iterator[str]:
    from docx.table import Table

    # `Paragraph.style` goes through all styles for each paragraph.
    styles = {style.style_id: style.name or "" for style in document.styles}
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            yield from _rows(block)
        elif text := block.text.strip():
            yield _line(text, styles.get(block._p.style or "", ""))


def _rows(table: "Table") -> Iterator[str]:
    for row in table.rows:
        cells: list[str] = []
        seen: list[object] = []
        for cell in row.cells:  # a merged cell comes once for each place it takes
            if not seen or cell._tc is not seen[-1]:
                cells.append(" ".join(cell.text.split()))
            seen.append(cell._tc)
        yield f"| {' | '.join(cells)} |"


def _line(text: str, style: str) -> str:
    if style == "Title" or style.startswith("Heading"):
        level = style.rpartition(" ")[2]
        return f"{'#' * int(level) if level.isdecimal() and 0 < int(level) < 7 else '#'} {text}"
    return f"- {text}" if style.startswith("List") else text
