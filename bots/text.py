"""Long answers divided into pieces that a platform accepts."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bots.graphemes import is_boundary

REPEATED: Final = "(You may have seen this already: I was interrupted while sending it.)"
"""Stands above what is sent once more where nobody can tell whether it arrived the first time."""

_FENCE: Final = re.compile(r"( {0,3}(`{3,}+(?=[^`\n]*$)|~{3,}+))([^\n]*)$", re.MULTILINE)
_FENCES: Final = re.compile(f"^{_FENCE.pattern}", re.MULTILINE)
_BLANK_LINE: Final = re.compile(r"[^\S\n]*\n")
_SPACE: Final = re.compile(r"\s*")
_SENTENCE_END: Final = re.compile(r"[.!?…]['\"”’»)\]*_]*(?=\s)|[。！？]+[」』”]*")
_WORD_END: Final = re.compile("[^\\S\u00a0\u2007\u202f]")  # no-break spaces keep their words together
_WIDE: Final = re.compile("[\U00010000-\U0010ffff]")


def split(text: str, limit: int) -> list[str]:
    """Divide Markdown into pieces of at most `limit` characters, dropping nothing but whitespace where it was cut.

    A cut is made between paragraphs, else between lines, sentences or words, else anywhere but inside a grapheme that
    fits. A code fence that is open at a cut is closed there and opened again in the next piece, with its info string
    where that leaves a quarter of the limit for code; a fence that is left open at the end is closed too.

    Each piece without the fence lines added to it is a stretch of the text. The stretches are in the text's order, and
    only whitespace lies before, between and after them. No piece is blank; blank text has no pieces.

    Characters are counted as UTF-16 code units. Discord counts code points
    (https://github.com/discord/discord-api-docs/issues/1315) and Slack does not say what it counts; a text is never
    shorter in code units than in code points, so what is returned fits either way.

    `limit` is at least 2, the size of the largest character; fences are cared for from 12 on.
    """
    if limit < 2:
        raise ValueError(f"a limit of {limit} is less than the largest character")
    cutter = _Cutter(text.rstrip(), limit)
    pieces = []
    start = cutter.skip(0)
    while start < len(cutter.text):
        end = cutter.cut(start)
        pieces.append(cutter.piece(start, end))
        start = cutter.skip(end)
    return pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fence:
    """A code block; `body`, `close` and `end` are the starts of its code and closing line and the end of that line."""

    start: int
    body: int
    close: int
    end: int
    opener: str
    closer: str


class _Cutter:
    """Finds the cuts of one text, each in time proportional to the limit."""

    def __init__(self, text: str, limit: int) -> None:
        self.text = text
        self._limit = limit
        self._wide = [match.start() for match in _WIDE.finditer(text)]
        self._fences = list(_fences(text, limit))
        self._starts = [fence.start for fence in self._fences]
        self._edges = {edge for fence in self._fences for edge in (fence.start - 1, fence.end)}

    def skip(self, cut: int) -> int:
        """Return where the piece after a cut begins: past whitespace, but at a line's start before its indentation."""
        if self._fence_at(cut):
            return cut + 1 if self.text.startswith("\n", cut) else cut
        end = _end(_SPACE, self.text, cut)
        line = self.text.rfind("\n", cut, end) + 1
        if (line or cut == 0) and end - line <= self._limit // 4:
            return line
        return end if end == cut or is_boundary(self.text, end) else end - 1

    def cut(self, start: int) -> int:
        """Return the best place to end the piece that begins at `start`."""
        if self._fits(start, len(self.text)):
            return len(self.text)
        end = self._reach(start)
        least = start + 1 if self._fence_at(start) else _end(_SPACE, self.text, start) + 1
        for lowest in (start + (end - start) // 3, least):
            for places in self._places(start, end):
                for cut in reversed(places):
                    if cut < max(lowest, least):
                        break
                    if self._allowed(start, cut):
                        return cut
        anywhere = range(end, least - 1, -1)
        allowed = (cut for cut in anywhere if self._allowed(start, cut))
        return next(allowed, None) or next(cut for cut in anywhere if self._fits(start, cut))

    def piece(self, start: int, end: int) -> str:
        """Return the text of a piece, with the fence lines it needs."""
        opened, open_ = self._fence_at(start), self._fence_at(end)
        code = self.text[start:end]
        return (f"{opened.opener}\n" if opened else "") + (f"{code}\n{open_.closer}" if open_ else code.rstrip())

    def _places(self, start: int, end: int) -> Iterator[list[int]]:
        """Yield the places for a cut in the text's order, the best sort first."""
        lines = [match.start() for match in re.compile("\n").finditer(self.text, start, end + 1)]
        blank = [cut for cut in lines if cut in self._edges or _BLANK_LINE.match(self.text, cut + 1)]
        yield [cut for cut in blank if not self._fence_at(cut)]
        yield [cut for cut in blank if self._fence_at(cut)]
        yield lines
        sentences = (match.end() for match in _SENTENCE_END.finditer(self.text, start, end + 1))
        yield [cut for cut in sentences if not self._fence_at(cut)]
        yield [match.start() for match in _WORD_END.finditer(self.text, start, end + 1)]

    def _allowed(self, start: int, cut: int) -> bool:
        """Tell whether a cut breaks no character, no fence line, and makes no fence line of half a line."""
        fence = self._fence_at(cut)
        if fence and (cut <= fence.body or cut + 1 >= fence.close):
            return False
        if not self._fits(start, cut) or not is_boundary(self.text, cut, start):
            return False
        if self.text[cut] == "\n":
            return True
        head = max(start, self.text.rfind("\n", start, cut) + 1)
        tail = self.skip(cut)
        tail_end = self.text.find("\n", tail, tail + self._limit)
        if tail_end < 0:
            tail_end = tail + self._limit
        return not _FENCE.fullmatch(self.text, head, cut) and not _FENCE.fullmatch(self.text, tail, tail_end)

    def _fence_at(self, cut: int) -> _Fence | None:
        index = bisect_left(self._starts, cut) - 1
        return self._fences[index] if index >= 0 and cut < self._fences[index].end else None

    def _fits(self, start: int, end: int) -> bool:
        opened, open_ = self._fence_at(start), self._fence_at(end)
        added = (_units(opened.opener) + 1 if opened else 0) + (len(open_.closer) + 1 if open_ else 0)
        return self._size(start, end) + added <= self._limit

    def _size(self, start: int, end: int) -> int:
        return end - start + bisect_left(self._wide, end) - bisect_left(self._wide, start)

    def _reach(self, start: int) -> int:
        ends = range(start, min(len(self.text), start + self._limit) + 1)
        return ends[bisect_right(ends, self._limit, key=lambda end: self._size(start, end)) - 1]


def _fences(text: str, limit: int) -> Iterator[_Fence]:
    """Yield the code blocks whose fence lines leave room for code (https://spec.commonmark.org/0.31.2/#fenced-code-blocks)."""
    opening: re.Match[str] | None = None
    for line in _FENCES.finditer(text):
        if opening is None:
            opening = line
        elif line[2].startswith(opening[2]) and not line[3].strip():
            yield from _fence(opening, line.start(), line.end(), limit)
            opening = None
    if opening is not None:
        yield from _fence(opening, len(text) + 1, len(text) + 1, limit)


def _fence(opening: re.Match[str], close: int, end: int, limit: int) -> Iterator[_Fence]:
    marker = opening[1]
    for opener in (opening[0].rstrip(), marker):
        if limit - _units(opener) - len(marker) - 2 >= max(4, limit // 4):
            start, body = opening.start(), opening.end() + 1
            yield _Fence(start=start, body=body, close=close, end=end, opener=opener, closer=marker)
            return


def _units(text: str) -> int:
    return len(text) + len(_WIDE.findall(text))


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start
