"""The ZIP files of office programs: what they hold, and that they are no bombs."""

import io
import zipfile
from typing import Final, Literal
from xml.parsers import expat

from core.reading.unreadable import UnreadableError

MOST_PARTS: Final = 5_000
LARGEST: Final = 100_000_000
"""Bytes of all parts together when unpacked."""

LARGEST_RATIO: Final = 200
"""How much larger a part that is not small may become; Excel's own sheets become some 20 times larger."""

_SMALL: Final = 1_000_000
_MAIN: Final[dict[str, Literal["workbook", "document"]]] = {
    "xl/workbook.xml": "workbook",
    "word/document.xml": "document",
}
_BOMB: Final = "it would become far too large when it is unpacked"


def check(content: bytes) -> Literal["workbook", "document"]:
    """Tell what kind of office file it is, once it is clear that it can be unpacked without harm.

    Python unpacks no more of a part than the directory says it has, so the directory's figures can be relied on.

    Raises:
        UnreadableError: it is broken, protected, something else in a ZIP file, or a bomb.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST:
                raise UnreadableError(_BOMB)
            if any(_swells(part) for part in parts):
                raise UnreadableError(_BOMB)
            kind = next((_MAIN[part.filename] for part in parts if part.filename in _MAIN), None)
            if kind is None:
                raise UnreadableError(_otherwise({part.filename for part in parts}))
            if any(part.flag_bits & 1 for part in parts):
                raise UnreadableError("it is protected by a password")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    _refuse_definitions(package, part)
    # NotImplementedError and RuntimeError: zipfile's on a compression or an encryption that it does not know
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, RuntimeError, OSError) as error:
        raise UnreadableError("it is broken") from error
    return kind


def _swells(part: zipfile.ZipInfo) -> bool:
    return part.file_size > _SMALL and part.file_size > LARGEST_RATIO * part.compress_size


def _otherwise(names: set[str]) -> str:
    if "ppt/presentation.xml" in names:
        return "it is a presentation; saved as PDF I could read it"
    if "mimetype" in names:
        return "it is an OpenDocument or EPUB file; saved as XLSX, DOCX or PDF I could read it"
    if "xl/workbook.bin" in names:
        return "it is a binary workbook; saved as XLSX I could read it"
    return "it is an archive, and I do not unpack archives"


class _RootSeenError(Exception):
    """The part's own elements begin, and with them ends where definitions can stand."""


def _refuse_definitions(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Refuse a part with a document type definition, in which entities that multiply are defined.

    The standard forbids them: ECMA-376 part 2, "Open Packaging Conventions",
    https://ecma-international.org/publications-and-standards/standards/ecma-376/.
    """

    def refuse(*_: object) -> None:
        raise UnreadableError("it defines its own XML entities, which no office program does")

    def stop(*_: object) -> None:
        raise _RootSeenError

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = stop
    try:
        with package.open(part) as stream:
            while block := stream.read(4096):
                parser.Parse(block)
    except _RootSeenError:
        return
    except expat.ExpatError as error:
        raise UnreadableError("it is broken") from error
