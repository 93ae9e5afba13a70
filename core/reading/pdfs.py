"""PDF, through pypdf: the text of its pages."""

import io
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from core.reading.excerpt import Content
from core.reading.unreadable import UnreadableError

if TYPE_CHECKING:
    from pypdf import PdfReader

MOST_PAGES: Final = 10_000
_TOO_MANY: Final = f"it has more pages than the {MOST_PAGES:,} that I read"
_LARGEST_STREAM: Final = 20_000_000
"""Bytes of a page's drawing instructions when unpacked; a page of text has some 10,000."""

NO_TEXT: Final = "(There is no text on this page; what is on it may be a picture.)"


def read_pdf(content: bytes, start: int) -> Content:
    """Read the text of a PDF from a page on, counted from 1; a page is read when it is asked for.

    Raises:
        UnreadableError: it is protected, broken, has no text at all where it begins, or is a bomb.
    """
    from pypdf.errors import LimitReachedError

    reader = _opened(content)
    try:
        total = len(reader.pages)
    except MemoryError:
        raise
    except LimitReachedError as error:
        raise UnreadableError(_TOO_MANY) from error
    except Exception as error:  # of many kinds: a PDF can be broken in every way
        raise UnreadableError("it is broken") from error
    if total > MOST_PAGES:
        raise UnreadableError(_TOO_MANY)
    return Content(name="PDF", unit="page", units=_pages(reader, start, total), total=total)


def _opened(content: bytes) -> "PdfReader":
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of every small fault in a file
    # https://pypdf.readthedocs.io/en/stable/user/security.html
    pypdf.overwrite_configuration(
        zlib_maximum_output_length=_LARGEST_STREAM,
        lzw_maximum_output_length=_LARGEST_STREAM,
        run_length_maximum_output_length=_LARGEST_STREAM,
        brotli_maximum_output_length=_LARGEST_STREAM,
        array_based_stream_maximum_output_length=_LARGEST_STREAM,
        page_tree_maximum_entries=2 * MOST_PAGES,
        jbig2dec_binary=None,  # no other program is run
    )
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        is_open = not reader.is_encrypted or bool(reader.decrypt(""))
    except MemoryError:
        raise
    except Exception as error:
        raise UnreadableError("it is broken") from error
    if not is_open:
        raise UnreadableError("it is protected by a password")
    return reader


def _pages(reader: "PdfReader", start: int, total: int) -> Iterator[str]:
    """Yield the pages' texts.

    Raises:
        UnreadableError: a page is a bomb or broken.
    """
    from pypdf.errors import LimitReachedError

    for number in range(start, total + 1):
        try:
            text = reader.pages[number - 1].extract_text()
        except MemoryError:
            raise
        except LimitReachedError as error:
            raise UnreadableError(f"its page {number} would become far too large when it is unpacked") from error
        except RecursionError as error:
            raise UnreadableError(f"its page {number} is nested too deeply") from error
        except Exception as error:
            raise UnreadableError(f"its page {number} is broken") from error
        yield f"--- page {number} ---\n{text.strip() or NO_TEXT}"
