"""Words as the search index knows them; pure.

The index parts texts with a tokenizer of SQLite (https://www.sqlite.org/fts5.html#unicode61_tokenizer) that knows the
letters of Unicode 6.1, cuts Hindi words at their vowel signs, leaves accents in Greek, and finds no words in scripts
that put no spaces between them. So what a word is, is decided here, and the index is given texts in a form in which
that tokenizer finds the same words. Of scripts without spaces every two neighbouring characters count as a word.
"""

import unicodedata
from typing import Final

import regex

_UNSPACED: Final = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+")
_WORD: Final = regex.compile(r"[\p{L}\p{N}\p{Co}][\p{L}\p{N}\p{M}\p{Co}]*")

_ACCENTS: Final = regex.compile(r"(?<=[\p{Latin}\p{Greek}])[\u0300-\u036f]+|[\u0591-\u05c7\u064b-\u065f\u0670]+")
"""Accents of Latin and Greek, points of Hebrew and Arabic: people leave them out. In Cyrillic they make letters."""

_READ_ALIKE: Final = regex.compile(
    r"[\t\n\r -~"  # ASCII
    r"\u00a0-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf-\u00de\u00e0-\u0131\u0134-\u013e"  # Latin
    r"\u0141-\u0148\u014a-\u017e\u1ea0-\u1ef9"  # more of it, and Vietnamese
    r"\u0410-\u044f\u0451\u0401\u0454\u0456\u0457\u0404\u0406\u0407\u0490\u0491"  # Cyrillic
    r"\u05d0-\u05ea\u0621\u0627-\u063a\u0641-\u064a\uac00-\ud7a3"  # Hebrew, Arabic, Hangul
    r"\u2010-\u2027\u2030-\u205e\u20a0-\u20a7\u20a9-\u20b5\u2190-\u21ff\u2500-\u26ff\u3001-\u3003"
    r"\U0001f380-\U0001f393\U0001f442-\U0001f4f7\U0001f600-\U0001f640]*+"
)
"""Texts in which SQLite's tokenizer finds the words that `words` finds; true of each of these characters."""

_KEPT: Final = regex.compile(
    r"[0-9a-z\u00e6\u00f0\u00f8\u00fe\u0111\u0127\u0131\u0138\u0142\u014b\u0153\u0167"
    r"\u03b1\u03b2-\u03c1\u03c3-\u03c9\u0430-\u045f\u0491\u0561-\u0586\u05d0-\u05ea\u0621-\u064a\u0671-\u06d3\u0904-\u0939"
    r"\u0e01-\u0e30\u10d0-\u10fa\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fcb\uac00-\ud7a3\U00020000-\U0002a6d6]"
)
"""Characters that SQLite's tokenizer leaves in a word as they are; each other one is spelled as its number."""


def words(text: str) -> list[str]:
    """Return the different words of a text, in their order, without capitals and accents."""
    plain = _UNSPACED.sub(lambda run: f" {' '.join(_pairs(run[0]))} ", _plain(text))
    return list(dict.fromkeys(_WORD.findall(plain)))


def terms(text: str) -> str:
    """Return a text as it is given to the index: the text itself where its words are found in it."""
    return text if _READ_ALIKE.fullmatch(text) else " ".join(map(term, words(text)))


def term(word: str) -> str:
    """Return a word of `words` as it stands in the index."""
    return "".join(each if _KEPT.match(each) else f"u{ord(each):x}" for each in word)


def overlaps(word: str) -> bool:
    """Tell whether a word is of a script without spaces."""
    return _UNSPACED.match(word) is not None


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)] or [run]


def _plain(text: str) -> str:
    """Return a text without capitals and accents, and each character in its usual form."""
    if text.isascii():
        return text.lower()
    parted = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", parted))
