"""Which skill a request names: rarity-weighted overlap with a skill's words, and likeness to its examples."""

import math
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import zip_longest
from typing import Final

from core.model import Tool
from core.practice import schema
from core.practice.words import NUMBER, Token, tokens

SURE: Final = 0.5
"""The score from which on words name a skill."""
_SHAPED: Final = 0.95
"""The score of a request with numbers that is built like an example: "70 fahrenheit in celsius" as "5 miles in km"."""
# How a sentence is built: words that only ask, words that do not matter, words before a value.
_ASKING: Final = frozenset(("what", "what's", "whats", "how", "much", "many", "please", "tell", "me", "so", "ok"))
_IS: Final = frozenset(("a", "an", "the", "is", "are", "was", "there"))
_BEFORE_VALUE: Final = frozenset(("many", "in", "to", "into", "as", "of", "off", "from", "until", "after", "before"))

_INTRODUCING: Final = frozenset(("that", "about", "for", "when"))
"""Words after which it is said about what something is asked: "what did we decide about the budget"."""

_NAME, _CHOICE, _EXAMPLE, _SUMMARY, _PARAMETER, _DETAIL = 1.0, 0.9, 0.9, 0.8, 0.6, 0.3
_SKILLS: Final = 10
"""As if there were so many, so that other skills, which have none of the words, change nothing."""
_FAINT: Final = 0.25
"""How much a number or a stop word counts where sentences are compared."""


class Index:
    """The words of all skills."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self.tools = tuple(tools)
        self._words = {tool.name: _words_of(tool) for tool in tools}
        self._examples = {tool.name: [_telling(_asking(example)) for example in tool.examples] for tool in tools}
        self._openings = {tool.name: set(map(_opening, tool.examples)) - {()} for tool in tools}
        self._shapes = {tool.name: {_shape(tokens(example)) for example in tool.examples} for tool in tools}

    def knows(self, token: Token) -> bool:
        """Whether any skill has the word."""
        return any(token.stem in words for words in self._words.values())

    def has(self, tool: Tool, token: Token) -> bool:
        """Whether a skill has the word."""
        return token.stem in self._words[tool.name]

    def opening(self, tool: Tool, text: str) -> int:
        """Return where what is asked about begins, where it is asked as in an example of the skill; else 0."""
        return _opening_end(text) if _opening(text) in self._openings[tool.name] else 0

    def score(self, tool: Tool, wanted: Sequence[Token], used: AbstractSet[str] = frozenset()) -> float:
        """Score how well words name a skill, from 0 to 1.

        Args:
            tool: the skill.
            wanted: the words of a request.
            used: stems among them that the skill is given as values, and need not know.
        """
        words = self._words[tool.name]
        stems = {token.stem for token in wanted if not token.stop and token.stem != NUMBER}
        found = sum(self._rarity(stem) * words.get(stem, 0.0) for stem in stems)
        total = sum(self._rarity(stem) for stem in stems if stem in words or stem not in used)
        sentence = {
            token.stem: self._weight(token) for token in wanted if token.stem not in used or token.stem in words
        }
        likeness = max((self._likeness(sentence, example) for example in self._examples[tool.name]), default=0.0)
        worded = 0.6 * (found / total if total else 0.0) + 0.4 * likeness if stems else 0.8 * likeness
        shape = _shape(wanted)
        return max(worded, _SHAPED) if NUMBER in shape and shape in self._shapes[tool.name] else worded

    def _likeness(self, sentence: dict[str, float], example: Sequence[Token]) -> float:
        """Return the part of two sentences that they have in common."""
        other = {token.stem: self._weight(token) for token in example}
        common = sum(max(weight, other[stem]) for stem, weight in sentence.items() if stem in other)
        total = sum((sentence | other).values())
        return common / total if total else 0.0

    def _weight(self, token: Token) -> float:
        return _FAINT if token.stop or token.stem == NUMBER else self._rarity(token.stem)

    def _rarity(self, stem: str) -> float:
        having = sum(stem in words for words in self._words.values())
        return math.log(1 + _SKILLS / max(1, having))


def _opening_end(text: str) -> int:
    """Return where a sentence begins to say what it is about, 0 where no word for that stands in it."""
    asked = False
    for token in tokens(text):
        if asked and token.text.lower() in _INTRODUCING:
            return token.end
        asked = asked or not token.stop
    return 0


def _opening(text: str) -> tuple[str, ...]:
    """Return the words up to there; () where there are none. "Remind Ada about" is "remind Ben about"."""
    end = _opening_end(text)
    words = [token.stem for token in _telling(text[:end]) if not token.stop]
    return (*words, tokens(text[:end])[-1].text.lower()) if words else ()


def _asking(text: str) -> str:
    """Return an example without what it is about, where it says that."""
    return text[: _opening_end(text)] or text


def _telling(text: str) -> list[Token]:
    """Return the words of an example, without values: names, which have capitals, and labels in lists of numbers."""
    found = tokens(text)
    listed = re.search(r"\d,", text) is not None
    telling = []
    for token, after in zip_longest(found, found[1:]):
        label = listed and after is not None and after.stem == NUMBER and token.stem.isalpha()
        if token.start == 0 or not (token.text[0].isupper() or label):
            telling.append(token)
    return telling


def _shape(sentence: Sequence[Token]) -> tuple[str, ...]:
    """Return how a sentence is built: its words as stems, but where values stand, "_" for any word."""
    shape: list[str] = []
    before = ""
    for token in sentence:
        word = token.text.lower()
        if word in _IS:
            continue
        if not token.stop:
            is_value = token.stem.isalpha() and (before == NUMBER or before in _BEFORE_VALUE)
            shape.append("_" if is_value else token.stem)
        elif shape or word not in _ASKING:
            shape.append(word)
        before = NUMBER if token.stem == NUMBER else word
    return tuple(shape)


def _words_of(tool: Tool) -> dict[str, float]:
    """Return the words of a skill, each with how much it says of what the skill does."""
    words: dict[str, float] = {}

    def add(text: str, weight: float) -> None:
        for token in _telling(text):
            if not token.stop and token.stem != NUMBER:
                words[token.stem] = max(weight, words.get(token.stem, 0.0))

    summary, _, details = tool.description.partition("\n")
    add(tool.name, _NAME)
    add(summary, _SUMMARY)
    add(details, _DETAIL)
    for example in tool.examples:
        add(_asking(example), _EXAMPLE)
    for parameter in schema.parameters(tool):
        add(parameter.name, _PARAMETER)
        add(parameter.description, _DETAIL)
        for shape in parameter.shapes:
            for choice in shape.choices:
                add(choice, _CHOICE)
    return words
