"""What people read while an answer is being made: the text so far, and a line for each skill. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from bots import text
from bots.discord.body import MAX_TEXT
from bots.links import Links
from core.events import Event, Restarted, SkillFinished, SkillStarted, TextDelta

MAX_PIECE: Final = 1900
"""Characters of a piece, so that a mark fits above it and the beginning of a note, or some lines, below it."""

_MOST_LINES: Final = 8
_LONGEST_NAME: Final = 40
_MORE: Final = "-# …"
_NOT_IN_NAMES: Final = re.compile(r"[\W_]+")


@dataclass(slots=True, kw_only=True)
class _Line:
    """A skill's line, in Discord's small print."""

    id: str
    name: str
    mark: str = "⏳"
    end: str = " …"

    def __str__(self) -> str:
        return f"-# {self.mark} {self.name}{self.end}"


class Progress:
    """Follows the events of one answer.

    The text of an answer that calls skills stands until the text after them begins, as it is no part of the reply.
    """

    def __init__(self, links: Links) -> None:
        self._links = links
        self._text = ""
        self._whole = False
        self._lines: list[_Line] = []

    def take(self, event: Event) -> None:
        """Take the next event in."""
        match event:
            case TextDelta(text=delta):
                self._text = delta if self._whole else self._text + delta
                self._whole = False
            case Restarted():
                self._text, self._whole = "", False
            case SkillStarted(call=call):
                self._whole = True
                self._lines.append(_Line(id=call.id, name=_in_words(call.name)))
            case SkillFinished(call=call, result=result, seconds=seconds):
                for line in self._lines:
                    if line.id == call.id:
                        line.mark, line.end = "✓" if result.ok else "✗", f" · {seconds:.1f} s"

    def pages(self, most: int | None = None) -> list[str]:
        """Return the messages that show this, each of at most 2,000 characters; the lines stand in the last one.

        Of text that still grows, only that is shown of which no later piece can make a link.

        Args:
            most: messages; what is over is left out, and that is said.
        """
        shown = self._text if self._whole else self._text[: self._links.settled(self._text)]
        pieces = [self._links.inert(piece) for piece in text.split(self._links.inert(shown), MAX_PIECE)]
        lines = [str(line) for line in self._lines[-_MOST_LINES:]]
        if most is not None and len(pieces) > most:
            pieces, lines = pieces[:most], [_MORE, *lines]
        *before, last = pieces or [""]
        page = _under(last[:MAX_TEXT], lines)
        return [*(piece[:MAX_TEXT] for piece in before), *filter(None, (page,))]


def _under(page: str, lines: list[str]) -> str:
    """Put lines under a page, the last ones where there is not room for all."""
    while lines and len("\n".join([page, *lines])) > MAX_TEXT:
        lines = lines[1:]
    return "\n".join(filter(None, (page, *lines)))


def _in_words(name: str) -> str:
    """Write a skill's name for people; it may be of the model's making, so that nothing but words is left of it."""
    return _NOT_IN_NAMES.sub(" ", name).strip()[:_LONGEST_NAME] or "skill"
