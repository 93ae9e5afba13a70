"""The figures of a text."""

import math
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Final

from skills.writing import segments

WORDS_A_MINUTE: Final = 238  # silent reading, adults: doi.org/10.1016/j.jml.2019.104047
IDEOGRAPHS_A_MINUTE: Final = 400
TOP: Final = 10
LONGEST_SHOWN: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class WordCount:
    """How often a word occurs."""

    word: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStatistics:
    """The figures of a text.

    Attributes:
        characters: as people see them: a letter with its accents, or an emoji, is one.
        reading_time: for people, such as "about 2 min".
        average_word_length: in characters.
        average_sentence_length: in words.
        most_frequent_words: at most ten, the most frequent first; capital letters do not count.
        word_lengths: how many words have how many characters, by length.
    """

    characters: int
    characters_without_spaces: int
    words: int
    unique_words: int
    sentences: int
    lines: int
    paragraphs: int
    reading_time: str
    average_word_length: float
    average_sentence_length: float
    longest_word: str
    most_frequent_words: list[WordCount]
    word_lengths: dict[int, int]


def measure(text: str) -> TextStatistics:
    """Count everything in a text; never fails."""
    words = segments.words(text)
    sentences = segments.sentences(text)
    counts = Counter(_folded(word) for word in words)
    sizes = {word: segments.characters(word) for word in set(words)}
    lengths = Counter(sizes[word] for word in words)
    return TextStatistics(
        characters=segments.characters(text),
        characters_without_spaces=segments.characters("".join(text.split())),
        words=len(words),
        unique_words=len(counts),
        sentences=sentences,
        lines=len(text.splitlines()),
        paragraphs=_paragraphs(text),
        reading_time=_duration(_reading_seconds(words)),
        average_word_length=_ratio(sum(length * count for length, count in lengths.items()), len(words)),
        average_sentence_length=_ratio(len(words), sentences),
        longest_word=_shown(max(words, key=lambda word: sizes[word], default="")),
        most_frequent_words=_most_frequent(counts),
        word_lengths=dict(sorted(lengths.items())),
    )


def _folded(word: str) -> str:
    return unicodedata.normalize("NFC", word.replace("’", "'").casefold())


def _most_frequent(counts: Counter[str]) -> list[WordCount]:
    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return [WordCount(word=_shown(word), count=count) for word, count in ranked[:TOP]]


def _shown(word: str) -> str:
    """Shorten what is no word but a file's worth of letters."""
    return word if len(word) <= LONGEST_SHOWN else word[: LONGEST_SHOWN - 1] + "…"


def _paragraphs(text: str) -> int:
    """Count the runs of lines between blank lines."""
    filled = [bool(line.strip()) for line in text.splitlines()]
    return sum(1 for line, before in zip(filled, [False, *filled], strict=False) if line and not before)


def _reading_seconds(words: list[str]) -> int:
    ideographs = sum(len(word) for word in words if segments.is_ideographic(word))
    spaced = sum(1 for word in words if not segments.is_ideographic(word))
    return math.ceil(60 * (spaced / WORDS_A_MINUTE + ideographs / IDEOGRAPHS_A_MINUTE))


def _duration(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 100 else f"about {minutes / 60:.0f} h"


def _ratio(total: int, count: int) -> float:
    return round(total / count, 2) if count else 0.0
