"""The clauses of a request, and what each gives to a skill."""

import re
from itertools import islice
from typing import Final, TypeAlias

from core.model import Tool
from core.practice import data
from core.practice.index import Index
from core.practice.material import Given, Material
from core.practice.request import Request, marks, unmarked
from core.practice.words import NUMBER, stem, tokens

Span: TypeAlias = tuple[int, int]

_DIVIDER: Final = re.compile(r"\s*(?:[;\n]|[.?!](?=\s)|,?\s+(?:and\s+then|and|then)\b)\s*", re.IGNORECASE)
_MOST_CLAUSES: Final = 8
_PREPOSITION: Final = frozenset(("in", "at", "for", "of", "from", "to", "about", "on"))
_POINTING: Final = frozenset(("this", "that", "it", "its", "these", "those", "same", "above", "previous", "there"))
_QUESTION_WORDS: Final = frozenset(map(stem, ("many", "much", "what", "tell", "say")))
_COURTESY: Final = re.compile(
    r"(?:\s|,)*(?:please|(?<!from )now|right now|for me|thanks|thank you)?[\s.?!]*$", re.IGNORECASE
)


class Clause:
    """A part of a request that may be for one skill."""

    def __init__(self, asked: str, request: Request, index: Index) -> None:
        self.asked = asked
        self._words = unmarked(asked)
        self.tokens = tokens(self._words)
        self._request = request
        self._index = index
        quoted = [request.quotes[mark] for _, mark in marks(asked)]
        follows = request.asked.rstrip().endswith(asked.strip())
        self._own = max(quoted, key=len, default="") or (request.content if follows else "")
        self._data = data.within(self._words, self._label) or (data.read(self._own) if self._own else None)

    def material(self, tool: Tool, earlier: Given) -> Material:
        """Gather what the clause gives to a skill.

        Args:
            tool: the skill.
            earlier: used where the clause points at it and the request has nothing of its own.
        """
        request = self._request
        points = any(token.text.lower() in _POINTING for token in self.tokens)
        old = earlier if points and not request.given and not request.files else Given()
        prefers_file = old.files and any(token.stem == stem("file") for token in self.tokens)
        return Material(
            asked=self.asked,
            quotes=request.quotes,
            content=self._own,
            shared=request.given,
            earlier="" if prefers_file else old.content,
            data=self._data,
            rest=self._rest(tool),
            introduced=bool(self._index.opening(tool, self._words)),
            place=self._place(tool),
            files=request.files,
            earlier_files=old.files,
        )

    def _label(self, words: str) -> str:
        """Return the end of some words that is a label: "apples" of "draw a chart of apples"."""
        found = tokens(words)
        after = max((place + 1 for place, token in enumerate(found[:-1]) if token.stop), default=0)
        while after < len(found) - 1 and self._index.knows(found[after]):
            after += 1
        is_label = found and not (found[-1].stop and len(found[-1].text) > 1)
        return words[found[after].start :] if is_label else ""

    def _rest(self, tool: Tool) -> str:
        """Return the clause from the first word that neither asks nor, where the skill is named, stands before that."""
        names = {token.stem for token in tokens(tool.name)}
        named = self._index.opening(tool, self._words) or max(
            (token.end for token in self.tokens if token.stem in names), default=0
        )
        for token in self.tokens:
            if token.start >= named and not token.stop and token.stem not in _QUESTION_WORDS:
                before = self._words[: token.start]
                start = len(before.rstrip("(-+√"))  # a bracket or sign belongs to what follows it
                return _COURTESY.sub("", self._words[start:]).strip()
        return ""

    def _place(self, tool: Tool) -> str:
        """Return what follows the last preposition: words no skill knows, not begun by one of its own."""
        prepositions = [token for token in self.tokens if token.text.lower() in _PREPOSITION]
        words = _COURTESY.sub("", self._words[prepositions[-1].end :]).strip() if prepositions else ""
        telling = [token for token in tokens(words) if not token.stop and token.stem != NUMBER]
        is_value = telling and not self._index.has(tool, telling[0]) and not all(map(self._index.knows, telling))
        return words if is_value else ""


def divide(request: Request) -> list[Span]:
    """Return where the clauses of a request begin and end."""
    bounds = [(match.start(), match.end()) for match in islice(_DIVIDER.finditer(request.asked), _MOST_CLAUSES)]
    starts = [0, *(end for _, end in bounds)]
    ends = [*(start for start, _ in bounds), len(request.asked)]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if request.asked[start:end].strip()]
