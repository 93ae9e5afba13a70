"""Words as the planner compares them: stems, a few general synonyms, and words that say nothing of what is wanted."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

NUMBER: Final = "#"
"""The stem of every number: "17% of 340" and "20% of 50" are the same request."""

_TOKEN: Final = re.compile(r"\d+(?:[.,:/-]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|[%+*×÷^=]|(?<=[\d)\s])[-/](?=[\d(\s])")

_STOP_WORDS: Final = """
    a about above after again all also am an and any are as at back be been before below but by can could did do
    does done else ever following for from get give had has have hello her here hey hi him his how i if in into is
    it its just kindly let like me more most much my no not now number of off ok okay on one only or our out over
    per please put really right same see she should so some something such tell than thank thanks that the their
    them then there these they thing this those to too up us using very want was we well were what when where
    which while who whose why will with without would you your
    what's whats that's it's i'm i'd i'll let's how's where's who's there's"""
STOP_WORDS: Final = frozenset(_STOP_WORDS.split())

_SYNONYMS: Final = (
    "picture image visual visualization plot graph chart diagram illustration representation",
    "make draw create produce generate render build sketch show paint",
    "analyze examine study inspect",
    "calculate compute evaluate solve",
    "change alter modify turn adjust restyle switch transform edit redo",
    "count many tally",
    "text passage paragraph essay",
    "statistics stats metrics",
    "time clock hour",
    "color palette hue colorful",
    "title heading headline caption",
    "kind type sort",
    "file document attachment upload",
)

_ENDINGS: Final = (
    "ization isation ations ation ators ator ating ated ates ate izing ising izes ize ise ically ical ics ic "
    "ies ing ed ly es s e y"
)
_SHORTEST_STEM: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word, number or operator of a text, with its place in it."""

    text: str
    stem: str
    start: int
    end: int

    @property
    def stop(self) -> bool:
        """Whether it says nothing of what is wanted."""
        return self.text.lower().replace("’", "'") in STOP_WORDS


def tokens(text: str) -> list[Token]:
    """Divide a text into words, numbers and operators; underscores divide words too."""
    return [
        Token(text=match[0], stem=stem(match[0]), start=match.start(), end=match.end())
        for match in _TOKEN.finditer(text)
    ]


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return what the forms and synonyms of a word have in common: colourful and palette, analysis and analyzed."""
    if word[0].isdigit():
        return NUMBER
    return _CANONICAL.get(root(word), root(word))


def root(word: str) -> str:
    """Return what the forms of a word have in common: bar and bars, colourful and colorful."""
    short = word.lower().replace("’", "'").removesuffix("'s").replace("colour", "color")
    short = re.sub("ys(e|is|ing|ed|es)$", "yz", short)
    if short.endswith("ss"):
        return short
    for ending in _ENDINGS.split():
        if short.endswith(ending) and len(short) - len(ending) >= _SHORTEST_STEM:
            short = short.removesuffix(ending)
            break
    if len(short) > _SHORTEST_STEM and short[-1] == short[-2] and short[-1] not in "aeiouls":
        short = short[:-1]  # plotted, plotting
    return short[:-1] if short.endswith("e") and len(short) > _SHORTEST_STEM else short


_CANONICAL: Final = {root(word): root(group.split()[0]) for group in _SYNONYMS for word in group.split()}
