"""One line of Markdown, read from left to right and written with its links made inert; `bots.links` says how."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from bots.addresses import addresses, defanged, readable

_MARK: Final = re.compile(r"\\\\|\\`|`+|!?\[|\]\(?|<|\r")
_INSIDE: Final = re.compile(r"((?:[^()\n]|\((?:[^()\n]|\([^()\n]*+\))*+\))*+)\)")
_TARGET: Final = re.compile(r"\s*(<?)([^\s<>]*)(>?)\s*(?:\"[^\"`<>\[\]\\]*\"|'[^'`<>\[\]\\]*')?\s*")
_USER: Final = re.compile(r"[^\s/?#]*@")
_ODD: Final = re.compile(r"[^\w#+, -]", re.ASCII)
_HARMLESS: Final = re.compile(r"[\w#+, -]*[\w#+,-][\w#+, -]*\Z", re.ASCII)
_ANGLES: Final = re.compile(r"<([^\s<>][^<>\n]*)>")
_TAG: Final = re.compile(r"/?[a-z][a-z0-9-]*(?:\s.*|/?)|[!?].*", re.IGNORECASE | re.DOTALL)
_TAG_OPENS: Final = re.compile(r"[a-z/!?]", re.IGNORECASE)
_BLOCK_START: Final = re.compile(r"[\s>]*")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{1,31}:\S", re.IGNORECASE)
_GLUED: Final = re.compile(r"[^\W_]|[/:\\]|\.\w")
_APART: Final = "([*\"'“>"
_DEFINITION: Final = re.compile(r"([\s>]*\[[^\[\]<>`\\\n]+\]):(?=\s*<?(\S))")
_TILDES: Final = re.compile(r"[\s>]*~~~")
_HELD_LINE: Final = re.compile(r"[\s>]*(?:\[|```|~)")


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads a text line by line, outside of code blocks.

    Attributes:
        live: tells whether an address may be a link.
        doubtful: it is not sure any more what is code.
        open: a bracket of an earlier line was not closed.
    """

    live: Callable[[str], bool]
    doubtful: bool = False
    open: bool = field(default=False, init=False)

    def line(self, text: str) -> str:
        """Return a line with its links made inert."""
        line = _Line(self, text)
        line.read()
        return "".join(line.out)

    def within(self, text: str) -> int:
        """Return how much of a growing line is certain: up to a space outside of everything that is open."""
        if _HELD_LINE.match(text):
            return 0
        line = _Line(self, text)
        line.read()
        certain = min([len(text), *line.unsure])
        end = _word_start(text, certain)
        for start, stop in reversed(line.wholes):
            if start < end < stop:
                end = _word_start(text, start)
        return end


def _word_start(text: str, end: int) -> int:
    return max(text.rfind(" ", 0, end), text.rfind("\t", 0, end)) + 1


class _Line:
    """One line, read from left to right.

    Attributes:
        out: what has been written.
        unsure: where something begins that more text could change.
        wholes: what may hold spaces but is read as one, as pairs of start and end.
    """

    def __init__(self, reader: Reader, text: str) -> None:
        self.out: list[str] = []
        self.unsure: list[int] = []
        self.wholes: list[tuple[int, int]] = []
        self._reader = reader
        self._text = text
        self._at = 0
        self._found = addresses(text)
        self._next = 0
        self._opened: list[tuple[int, int]] = []
        self._closing = -1
        self._spelled = False

    def read(self) -> None:
        """Read the line to its end."""
        if _TILDES.match(self._text):  # a code block for some, who then see in it none of the others' marks
            self._reader.doubtful = True
        self._definition()
        mark = _MARK.search(self._text, self._at)
        address = self._address_from(self._at)
        while mark or address:
            if address and (mark is None or address[0] <= mark.start()):
                self._copy(address[0])
                self._address(*address)
            elif mark:
                self._copy(mark.start())
                self._marked(mark)
            if mark and mark.start() < self._at:
                mark = _MARK.search(self._text, self._at)
            address = self._address_from(self._at)
        self._copy(len(self._text))
        self._reader.open = self._reader.open or bool(self._opened)
        self.unsure += [start for _, start in self._opened]

    def _definition(self) -> None:
        """Take the colon from the definition of a reference whose address is not live."""
        definition = _DEFINITION.match(self._text)
        address = self._address_from(0) if definition else None
        if definition and address and address[0] == definition.start(2) and not self._live(*address):
            self.out.append(definition[1])
            self._at = definition.end()

    def _marked(self, mark: re.Match[str]) -> None:
        """Read what begins with a mark."""
        match mark[0]:
            case "[" | "![":
                if self._text[mark.start() - 1 : mark.start()] != "\\":
                    self._opened.append((len(self.out), mark.start()))
                self._copy(mark.end())
            case "]":
                opened = self._opened.pop() if self._opened else None
                if opened and mark.end() == len(self._text):
                    self.unsure.append(opened[1])
                self._copy(mark.end())
            case "](":
                self._target(mark)
            case "<":
                self._angles(mark.start())
            case "\\\\":
                self._copy(mark.end())
            case "\r":
                self._reader.doubtful = self._reader.doubtful or mark.end() < len(self._text)
                self._copy(mark.end())
            case _:
                self._backticks(mark)

    def _backticks(self, mark: re.Match[str]) -> None:
        """Leave a code span as it is; anything else with backticks leaves doubt."""
        run, start = mark[0], mark.start()
        end = self._text.find("`", mark.end())
        stop = end + len(run)
        if self._reader.doubtful or start == self._closing:
            self._copy(mark.end())
        elif end >= 0 and self._is_span(run, mark.end(), end):
            if stop == len(self._text):
                self.unsure.append(start)
            self.wholes.append((start, stop))
            self._span(start, mark.end(), end, stop)
        else:
            self.unsure.append(start)
            self._reader.doubtful = True
            self._copy(mark.end())

    def _is_span(self, run: str, start: int, end: int) -> bool:
        """Tell whether everybody takes what is between two runs of backticks for a code span."""
        stop = end + len(run)
        if run not in ("`", "```") or self._text[end:stop] != run or self._text[stop : stop + 1] == "`":
            return False
        ends_link = self._text.find("](", start, end) >= 0 and bool(self._opened or self._reader.open)
        two_lines = self._text.find("\r", start, end) >= 0
        return not ends_link and not two_lines and not self._text[start:end].isspace() and start < end

    def _span(self, start: int, content: int, end: int, stop: int) -> None:
        """Leave a code span as it is, or only its backticks where it has an address and a reader may not see a span.

        Slack knows none inside of a word, and in a table a `|` ends the cell also inside of a span
        (https://github.github.com/gfm/#tables-extension-).
        """
        divided = self._text.find("|", content, end) >= 0
        in_word = self._text[start - 1 : start].isalnum() or self._text[stop : stop + 1].isalnum()
        self._spelled = self._spelled or divided
        address = self._address_from(content)
        if (divided or in_word) and address and address[0] < end:
            self._spelled = True
            self._closing = end
            self._copy(content)
        else:
            self._copy(stop)

    def _target(self, mark: re.Match[str]) -> None:
        """Read where a link or picture leads to, behind its text."""
        opened = self._opened.pop() if self._opened else None
        start = opened[1] if opened else mark.start()
        closed = _INSIDE.match(self._text, mark.end())
        if closed is None:
            self.unsure.append(start)
            self.out.append("](" if _HARMLESS.match(self._text, mark.end()) else "] (")
            self._at = mark.end()
            return
        self.wholes.append((start, closed.end()))
        inside = closed[1]
        if "`" in inside:
            self._reader.doubtful = True
        elif self._leads_on(closed) or not _ODD.search(inside):
            self._copy(closed.end())
            return
        self._spell_out(opened, inside)
        self._at = closed.end()

    def _spell_out(self, opened: tuple[int, int] | None, inside: str) -> None:
        """Write the address of a link behind its text, whose brackets go where it had an opening one."""
        code = self._code(inside.strip().removeprefix("<").removesuffix(">"))
        if opened is None:
            self.out.append(f"] ({code})")
            return
        bracket = opened[0]
        before = self._before(bracket)
        self.out[bracket] = "" if before.isspace() or before in _APART else " "
        if len(self.out) != bracket + 2 or self.out[-1] != code:
            self._apart()
            self.out.append(f"({code})")

    def _leads_on(self, closed: re.Match[str]) -> bool:
        """Tell whether a link's target, with its title, is live: also for who reads on behind the bracket."""
        inside = closed[1]
        target = _TARGET.fullmatch(inside)
        if target is None or bool(target[1]) != bool(target[3]) or not self._reader.live(target[2]):
            return False
        return not addresses(inside[target.end(3) :]) and not _USER.match(self._text, closed.end())

    def _angles(self, start: int) -> None:
        """Read what stands between angle brackets: an address, one with a text as in Slack, or a tag."""
        found = _ANGLES.match(self._text, start)
        if found is None:
            if not self._text[start + 1 : start + 2].isspace():
                self.unsure.append(start)
            if _TAG_OPENS.match(self._text, start + 1):
                self._reader.doubtful = True
            self._copy(start + 1)
            return
        inside, (_, end) = found[1], found.span()
        address = self._address_from(start)
        linked = (address is not None and address[0] < end) or _SCHEME.match(readable(inside)) is not None
        if "`" in inside:
            self._reader.doubtful = True
        if _TAG.fullmatch(inside):
            self._tag(start, end, linked=linked)
        elif not linked:
            self._copy(start + 1)
        else:
            self._linked(inside, start, end)

    def _tag(self, start: int, end: int, *, linked: bool) -> None:
        self.wholes.append((start, end))
        if linked:
            self._apart()
            self._write_code(self._text[start:end], end)
        else:
            self._copy(end)
        if _BLOCK_START.fullmatch(self._text, 0, start):
            self._reader.doubtful = True

    def _linked(self, inside: str, start: int, end: int) -> None:
        self.wholes.append((start, end))
        address, _, label = inside.partition("|")
        plain_label = not addresses(label) and not re.search(r"[`\[\]\\]", label)
        if self._reader.live(address) and plain_label:
            self._copy(end)
        elif label and plain_label:
            self._apart()
            self.out.append(f"{label} ({self._code(address)})")
            self._at = end
        else:
            self._apart()
            self._write_code(inside, end)

    def _address(self, start: int, end: int) -> None:
        """Read an address that stands by itself."""
        if self._text[end : end + 1] == "`":
            self._reader.doubtful = True
        if self._live(start, end):
            self._copy(end)
        else:
            self._write_code(self._text[start:end], end)

    def _live(self, start: int, end: int) -> bool:
        return self._reader.live(self._text[start:end])

    def _address_from(self, start: int) -> tuple[int, int] | None:
        """Return the first address that begins at a place or behind it."""
        while self._next < len(self._found) and self._found[self._next][0] < start:
            end = self._found[self._next][1]
            left = addresses(self._text[start:end])  # behind a bracket that ended a link, there may be another
            self._found[self._next : self._next + 1] = [(start + first, start + last) for first, last in left]
        return self._found[self._next] if self._next < len(self._found) else None

    def _write_code(self, address: str, end: int) -> None:
        """Write an address apart from words and backticks around it, or its own would not be read as a code span."""
        code = self._code(address)
        spaced = code.startswith("`")
        if spaced:
            self._space()
        self.out.append(code)
        if _GLUED.match(self._text, end) or (spaced and self._text[end : end + 1] == "`"):
            self.out.append(" ")
        self._at = end

    def _space(self) -> None:
        """Keep what follows apart from a word, a backtick or a backslash before it."""
        before = self._before()
        if before.isalnum() or before in "`\\_)":
            self.out.append(" ")

    def _apart(self) -> None:
        """Keep what follows apart from what is before it, whose brackets are gone."""
        before = self._before()
        if not before.isspace() and before != "(":
            self.out.append(" ")

    def _before(self, piece: int | None = None) -> str:
        """Return the last character written, or written before a piece; a space at the beginning of the line."""
        earlier = range(len(self.out) if piece is None else piece)
        return next((self.out[place][-1] for place in reversed(earlier) if self.out[place]), " ")

    def _code(self, address: str) -> str:
        shown = " ".join(readable(address).split())
        bracketed = "](" in shown and (self._opened or self._reader.open)
        if self._reader.doubtful or self._spelled or "`" in shown or "|" in shown or bracketed or not shown:
            return defanged(address)
        return f"`{shown}`"

    def _copy(self, end: int) -> None:
        """Write the text up to a place as it is."""
        if end > self._at:
            self.out.append(self._text[self._at : end])
            self._at = end
