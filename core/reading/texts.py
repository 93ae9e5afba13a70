"""Text, Markdown, JSON and whatever else is text: decoded, and read by lines."""

import codecs
import io
from collections.abc import Iterator
from itertools import islice
from typing import Final

from core.reading.excerpt import Content
from core.unicode import well_formed

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as the next one does
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
GUESSED: Final = "It does not say how its characters are encoded; those beyond ASCII may be wrong."
BROKEN: Final = "Some of its characters are broken."


def decode(content: bytes) -> tuple[str, tuple[str, ...]]:
    """Return a file's text, its lines ended by newlines, and sentences on what may be wrong with it.

    A byte order mark decides, else it is UTF-8; what is neither is read as Windows-1252, as browsers do
    (https://encoding.spec.whatwg.org/#names-and-labels).
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            text = content[len(mark) :].decode(encoding, "replace")
            return _ended(well_formed(text)), (BROKEN,) if "\ufffd" in text else ()
    try:
        return _ended(content.decode()), ()
    except UnicodeDecodeError:
        return _ended(content.decode("cp1252", "replace")), (GUESSED,)


def lines(text: str) -> Iterator[str]:
    """Yield the lines of a text one at a time, without their ends."""
    return (line.removesuffix("\n") for line in io.StringIO(text))


def read_text(content: bytes, start: int) -> Content:
    """Read text from a line on, counted from 1."""
    text, remarks = decode(content)
    return Content(
        name="text",
        unit="line",
        units=islice(lines(text), start - 1, None),
        total=text.count("\n") + (not text.endswith("\n")),
        remarks=remarks,
    )


def _ended(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
