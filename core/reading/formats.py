"""What a file is: by its content first, by its name second."""

import mimetypes
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal, TypeAlias

from core.messages import Attachment
from core.reading.unreadable import UnreadableError

Kind: TypeAlias = Literal["picture", "sound", "pdf", "package", "table", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format that can be read.

    Attributes:
        kind: how it is read; a "package" is one of the ZIP files of office programs.
        suffix: of sound, what the name of such a file ends with.
    """

    kind: Kind
    suffix: str = ""


TABLE: Final = Format(kind="table")
TEXT: Final = Format(kind="text")

_UNKNOWN: Final = "I do not know its format"
_SNIFFED: Final = 4096
_LOOKED_THROUGH: Final = 256_000
"""Bytes in which signs of binary data and of films are looked for."""

_SIGNS: Final[tuple[tuple[bytes, Kind, str], ...]] = (
    (rb"\x89PNG\r\n\x1a\n", "picture", ""),
    (rb"\xff\xd8\xff", "picture", ""),
    (rb"GIF8[79]a", "picture", ""),
    (rb"RIFF....WEBP", "picture", ""),
    (rb"OggS\x00", "sound", ".ogg"),
    (rb"fLaC\x00", "sound", ".flac"),
    (rb"RIFF....WAVE", "sound", ".wav"),
    (rb"ID3[\x02-\x04]|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]", "sound", ".mp3"),
    (rb"....ftyp(?!heic|heix|hevc|heim|mif1|msf1|avif|avis)", "sound", ".m4a"),
    (rb"\x1a\x45\xdf\xa3", "sound", ".webm"),
    (rb"\s*%PDF-\d", "pdf", ""),
    (rb"PK\x03\x04|PK\x05\x06", "package", ""),
)
"""What files begin with: https://mimesniff.spec.whatwg.org/#matching-a-mime-type-pattern; of sound the formats that can
be transcribed: https://platform.openai.com/docs/guides/speech-to-text."""

_READ: Final = tuple(
    (re.compile(pattern, re.DOTALL), Format(kind=kind, suffix=suffix)) for pattern, kind, suffix in _SIGNS
)
_NOT_READ: Final[tuple[tuple[re.Pattern[bytes], str], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), reason)
    for pattern, reason in (
        (rb"II\*\x00|MM\x00\*|II\+\x00|MM\x00\+", "it is a TIFF picture, and I read PNG, JPEG, GIF and WebP"),
        (rb"BM.{4}\x00\x00\x00\x00", "it is a BMP picture, and I read PNG, JPEG, GIF and WebP"),
        (rb"....ftyp", "it is a HEIC or AVIF picture, and I read PNG, JPEG, GIF and WebP"),
        (rb"\xff[\xf1\xf9]|#!AMR|FORM....AIF|\.snd\x00|MThd\x00", "I do not know this format of sound"),
        (rb"\x1f\x8b|BZh\d1AY|\xfd7zXZ\x00|7z\xbc\xaf|Rar!\x1a", "it is an archive, and I do not unpack archives"),
        (rb"\{\\rtf", "it is an RTF document; saved as DOCX or PDF I could read it"),
        (rb"\x7fELF|MZ[^\n]{0,60}\x00", "it is a program"),
    )
)
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html)\b", re.I | re.S)
_PROMISING: Final = re.compile(r"(?:image/(?!svg)|audio/|video/|application/pdf)")
_TABLES: Final = frozenset({"text/csv", "text/tab-separated-values", "application/vnd.ms-excel"})
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")


def format_of(file: Attachment) -> Format:
    """Tell what a file is.

    Raises:
        UnreadableError: it is empty, of a format that is not read, or not what its name says.
    """
    content = file.content or b""
    if not content:
        raise UnreadableError("it is empty")
    start = content[:_SNIFFED]
    for sign, found in _READ:
        if sign.match(start):
            return _heard(found, content) if found.kind == "sound" else found
    if start.startswith(_OLE):
        raise UnreadableError(_ole(content))
    for sign, reason in _NOT_READ:
        if sign.match(start):
            raise UnreadableError(reason)
    return _text(file, content)


def named(file: Attachment) -> str:
    """Return a file's name as it can stand in a line for the model or in a sentence: short and without line breaks."""
    plain = " ".join(file.filename.replace("[", "(").replace("]", ")").split())
    return "".join(character for character in plain if character.isprintable())[:120] or "a file"


def claimed_types(file: Attachment) -> tuple[str, ...]:
    """Return the media types that a file's name and its sender claim."""
    guessed = mimetypes.guess_type(PurePosixPath(file.filename.lower()).name)[0]
    return tuple(filter(None, (file.media_type.partition(";")[0].strip().lower(), guessed)))


def _heard(found: Format, content: bytes) -> Format:
    """Tell sound from films, which are in the same containers: by the tracks they have.

    https://developer.apple.com/documentation/quicktime-file-format/handler_reference_atom and, of WebM,
    https://www.matroska.org/technical/codec_specs.html.
    """
    is_film = (found.suffix == ".m4a" and re.search(rb"hdlr.{8}vide", content, re.DOTALL)) or (
        found.suffix == ".webm" and re.search(rb"V_(?:VP[89]|AV1|MPEG|THEORA)", content[:_LOOKED_THROUGH])
    )
    if is_film:
        raise UnreadableError("it is a film, and I cannot watch films")
    return found


def _ole(content: bytes) -> str:
    if "EncryptedPackage".encode("utf-16-le") in content:
        return "it is protected by a password"
    return "it is of an old format of an office program; saved as XLSX, DOCX or PDF I could read it"


def _text(file: Attachment, content: bytes) -> Format:
    if not content.startswith(_WIDE) and _CONTROL.search(content[:_LOOKED_THROUGH]):
        raise UnreadableError(_UNKNOWN)
    claimed = claimed_types(file)
    promised = next((name for name in claimed if _PROMISING.match(name)), "")
    if promised:
        what = "a web page" if _MARKUP.match(content) else "plain text"
        raise UnreadableError(f"it is named as {_spoken(promised)}, but its content is {what}")
    is_table = not _MARKUP.match(content) and not _TABLES.isdisjoint(claimed)
    return TABLE if is_table else TEXT


def _spoken(media_type: str) -> str:
    kinds = {"image": "a picture", "audio": "sound", "video": "a film"}
    return kinds.get(media_type.partition("/")[0], "a PDF")
