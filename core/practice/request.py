"""A request taken apart: what is asked, and the material given with it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from core.practice.index import Index
from core.practice.material import File
from core.practice.words import tokens

_FILE: Final = re.compile(r"^\[file ([^\s:\]]+): [^\]\n]*?(?:, ([^\s,\]]+), [^,\]\n]*)?\]\s*$", re.MULTILINE)
_AUTHOR: Final = re.compile(r"([^\n:]{1,80}): (?=\D)")
_QUOTE: Final = re.compile(
    r"```[^\n`]*\n(.{1,4000}?)\n?```|“([^”]{1,4000})”|„([^“”]{1,4000})[“”]|«([^»]{1,4000})»|\"([^\"]{1,4000})\""
    r"|`([^`]{1,4000})`|(?<!\w)'(?=\S)(.{1,4000}?)(?<=\S)'(?!\w)|(?<!\w)‘(?=\S)(.{1,4000}?)(?<=\S)’(?!\w)",
    re.DOTALL,
)
_AROUND: Final = ("''", '""', "``", "“”", "„“", "«»", "‘’")
_COLON: Final = re.compile(r":(?=[\s\U00100000-\U0010fffd]|$)(?!(?<=\d:)\s*-?\d)(?!\s*-?\d[^:\n]*:\s*-?\d)")
LONGEST_ASKED: Final = 1_000
"""Characters of a request without its material; what is longer is material."""
_LONGEST_MARKED: Final = 20_000
"""Characters of a message in which quotations are looked for."""
_FIRST_MARK: Final = 0x100000  # a character for private use stands for a quotation while the words around it are read
_MARK: Final = re.compile("[\U00100000-\U0010fffd]")

_QUOTED: Final = re.compile(rf"\s*{_MARK.pattern}[\s.;,]*(?:(?:and|then|also|please)\b.*)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asked for.

    Attributes:
        asked: the words of the request; a mark stands for each quotation.
        quotes: the quotations, by mark.
        content: a text that follows the request, or stands before it.
        files: that came with it.
    """

    asked: str
    quotes: dict[str, str]
    content: str = ""
    files: tuple[File, ...] = ()

    @property
    def given(self) -> str:
        """The text that the request is about: what follows it, else the longest quotation."""
        return self.content or max(self.quotes.values(), key=len, default="")


def readings(text: str, index: Index) -> list[Request]:
    """Return the ways to tell request and material apart, the likeliest first."""
    files = tuple(File(id=match[1], media_type=match[2] or "") for match in _FILE.finditer(text))
    words = body(text, index)
    quotes: dict[str, str] = {}

    def mark(match: re.Match[str]) -> str:
        sign = chr(_FIRST_MARK + len(quotes))
        quotes[sign] = next(group for group in match.groups() if group)
        originals[sign] = match[0]
        return sign

    originals: dict[str, str] = {}
    marked = _QUOTE.sub(mark, words) if len(words) <= _LONGEST_MARKED else words
    found = []
    for asked, content in _divisions(marked):
        if len(asked) > LONGEST_ASKED:
            continue
        known = {sign: quotes[sign] for sign in _MARK.findall(asked) if sign in quotes}
        whole = _MARK.sub(lambda match: originals.get(match[0], match[0]), content)
        found.append(Request(asked=asked, quotes=known, content=_unquoted(whole.strip()), files=files))
    return found or [Request(asked="", quotes={}, content=words, files=files)]


def body(text: str, index: Index) -> str:
    """Return what somebody said, without the author's name, the lines of files, and what would be taken for a mark."""
    return _without_author(_MARK.sub("", _FILE.sub("", text)).strip(), index)


def unmarked(text: str) -> str:
    """Return a text without the marks of quotations."""
    return _MARK.sub(" ", text)


def marks(text: str) -> list[tuple[int, str]]:
    """Return place and mark of the quotations in a text."""
    return [(match.start(), match[0]) for match in _MARK.finditer(text)]


def _unquoted(text: str) -> str:
    """Take away the quotation marks around a text."""
    return text[1:-1].strip() if len(text) > 2 and text[0] + text[-1] in _AROUND else text


def _divisions(marked: str) -> Iterator[tuple[str, str]]:
    first, _, rest = marked.partition("\n")
    for colon in islice(_COLON.finditer(first[:LONGEST_ASKED]), 3):
        before, after = first[: colon.start()], marked[colon.end() :]
        if tokens(before) and _QUOTED.fullmatch(after):
            yield f"{before} {after.strip()}", ""
        elif tokens(before) and after.strip():
            yield before, after
    if rest.strip():
        yield first, rest
        before, _, last = marked.rpartition("\n")
        yield last.rstrip(" :"), before
    yield marked, ""


def _without_author(text: str, index: Index) -> str:
    """Drop the author's name, which stands before a message where several people talk."""
    author = _AUTHOR.match(text)
    if author is None or len(author[1].split()) > 3:
        return text
    ordinary = any(token.stop or index.knows(token) for token in tokens(author[1]))
    return text if ordinary else text[author.end() :].strip()
