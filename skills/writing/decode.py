"""From a file's bytes to its text."""

import codecs
from typing import Final

from core import Attachment, SkillError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def text_of(file: Attachment) -> str:
    """Return the text in a text file: by its byte order mark, else UTF-8, else Windows-1252.

    Raises:
        SkillError: the file has no content here, or is not a text file.
    """
    if file.content is None:
        raise SkillError(f"The content of {file.filename} is not at hand.")
    text = decode(file.content)
    if _is_binary(text):
        raise SkillError(f"{file.filename} is not a plain text file, so its text cannot be read.")
    return text


def decode(content: bytes) -> str:
    """Decode bytes of an unknown encoding; bytes that mean nothing become U+FFFD."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace").removeprefix("\ufeff")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _is_binary(text: str) -> bool:
    """Tell a picture or a PDF from text: by its first letters, or by the control characters no text has."""
    head = text[:4096]
    controls = sum(1 for character in head if character < " " and character not in "\t\n\v\f\r\x1b")
    return head.startswith("%PDF-") or "\0" in head or controls > len(head) // 50
