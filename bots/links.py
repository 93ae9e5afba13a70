"""Links: those that lead to hosts off the list are shown, but made inert, so that an answer carries nothing out.

What makes a link differs between Slack, Discord and CommonMark, and so does what is code. Therefore:

- Code stays as it is only where all of them agree that it is code: a fence of three backticks that is closed, on lines
  of its own, with something between and no further three backticks; or a span on one line.
- At the first backtick about which they could disagree the rest of the text is in doubt. From there on an address is
  spelled `https[:]//host[.]example`, which is inert in code and out of it; before, it stands in a code span.
- A link stays live only where every reader finds the same host in it; see `bots.addresses.web_host`.

Sources: https://spec.commonmark.org/0.31.2/, https://docs.slack.dev/messaging/formatting-message-text,
https://support.discord.com/hc/en-us/articles/210298617.
"""

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bots.addresses import web_host
from bots.line import Reader

_FENCE: Final = re.compile(r"( *)```([^`\r]*)\r?")


class Links:
    """Tells which links may stay live.

    Args:
        hosts: separated by spaces; a host stands for its sub-domains too, `*` for all hosts.
    """

    def __init__(self, hosts: str = "") -> None:
        self._hosts = frozenset(host.removeprefix("*.").rstrip(".") or host for host in hosts.lower().split())
        self._known: re.Pattern[str] | None = None

    def also(self, known: re.Pattern[str]) -> "Links":
        """Return the same, with addresses live that match a pattern as a whole, whatever their host."""
        more = copy.copy(self)
        more._known = known
        return more

    def inert(self, markdown: str) -> str:
        """Return Markdown in which no link and no picture leads to a host off the list; people still read where to."""
        if "*" in self._hosts:
            return markdown
        lines = markdown.split("\n")
        reader = Reader(live=self.live)
        done: list[str] = []
        while len(done) < len(lines):
            fence = None if reader.doubtful else _fence(lines, len(done))
            if fence is not None and fence.closed:
                done += lines[len(done) : fence.end]
                continue
            reader.doubtful = reader.doubtful or fence is not None
            done.append(reader.line(lines[len(done)]))
        return "\n".join(done)

    def settled(self, markdown: str) -> int:
        """Return how much of a text that is still growing can be shown.

        Whatever is appended, `inert` of the whole begins with `inert` of that much. What is held back is the last word,
        the last link or span that is not closed yet, or a code block that is open, from its first link on.
        """
        if "*" in self._hosts:
            return len(markdown)
        *lines, last = markdown.split("\n")
        reader = Reader(live=self.live)
        at = position = 0
        while at < len(lines):
            fence = None if reader.doubtful else _fence(lines, at)
            if fence is not None and not fence.closed and not fence.broken:
                shown = self._untouched(lines[at:])
                return position + sum(len(line) + 1 for line in lines[at : at + shown])
            end = fence.end if fence is not None and fence.closed else at + 1
            if fence is None or not fence.closed:
                reader.doubtful = reader.doubtful or fence is not None
                reader.line(lines[at])
            position += sum(len(line) + 1 for line in lines[at:end])
            at = end
        return position + reader.within(last)

    def live(self, address: str) -> bool:
        """Tell whether an address may be a link."""
        if self._known is not None and self._known.fullmatch(address):
            return True
        host = web_host(address)
        if host is None:
            return False
        return any(host == known or host.endswith(f".{known}") for known in self._hosts)

    def _untouched(self, lines: Sequence[str]) -> int:
        """Return how many lines at the beginning stay the same, be they code or not."""
        reader = Reader(live=self.live, doubtful=True)
        return next((number for number, line in enumerate(lines) if reader.line(line) != line), len(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fence:
    """What begins with a line of three backticks: `end` is the first line behind it; `broken`: it is no clear code."""

    end: int
    closed: bool = False
    broken: bool = False


def _fence(lines: Sequence[str], start: int) -> _Fence | None:
    """Read the code block that a line opens, if it does.

    Each line of it is indented as much as the first: one that is not ends the list, and with it the block.
    """
    opening = _FENCE.fullmatch(lines[start])
    if opening is None:
        return None
    deep, filled = len(opening[1]) > 3, False
    for number in range(start + 1, len(lines)):
        line = lines[number]
        closing = _FENCE.fullmatch(line)
        if closing is not None and closing[1] == opening[1] and not closing[2].strip():
            return _Fence(end=number + 1, closed=filled, broken=not filled)
        blank = not line.strip()
        if "```" in line or "\r" in line[:-1] or (blank and deep) or not (blank or line.startswith(opening[1])):
            return _Fence(end=number, broken=True)
        filled = filled or not blank
    return _Fence(end=len(lines))
