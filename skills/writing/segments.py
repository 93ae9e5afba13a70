"""Text taken apart into characters, words and sentences, in any script."""

from collections.abc import Iterator
from typing import Final

import regex

_CHARACTER: Final = regex.compile(r"\X")

# An ideograph is a word of its own, as word processors count, and a run of kana is one. Everything else is a word as it
# is written: with inner apostrophes and hyphens, the points and commas of numbers, and the points of "e.g.".
_PART: Final = r"(?: [[\p{L}\p{N}] -- [\p{Han}\p{Hiragana}\p{Katakana}]] [\p{M}\u200c\u200d]*+ )++"
_WORD: Final = regex.compile(
    rf"""
      \p{{Han}}
    | [\p{{Hiragana}}ー]++
    | [\p{{Katakana}}ー]++
    | \p{{N}}++ (?: [.,'’] \p{{N}}++ )*+ (?! [\p{{L}}\p{{M}}] )
    | \p{{L}} (?: \. \p{{L}} )++ (?! \p{{L}} )
    | {_PART} (?: ['’‐‑_-] {_PART} )*+
    """,
    regex.VERBOSE | regex.V1,
)
_IDEOGRAPHIC: Final = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_LETTER: Final = regex.compile(r"\p{L}")

# Where a sentence may end: after the mark and the quotes and brackets that close with it, before a space. The full
# width marks of Chinese and Japanese need no space after them. A blank line ends a sentence without any mark.
_END: Final = regex.compile(
    r"""(?P<mark> [.!?…‽؟۔।॥။።՜՞]++ ) [\p{Pe}\p{Pf}"'’”]* (?= \s | \Z ) | [。！？｡]+ [\p{Pe}\p{Pf}"']* | \n\s*\n""",
    regex.VERBOSE,
)
_LAST_WORD: Final = regex.compile(r"[\p{L}\p{M}.]++\Z")
_LOWER: Final = regex.compile(r"\s+[\p{Pi}\p{Ps}\"']*\p{Ll}")

_SHORT: Final = (
    "e.g i.e mr mrs ms dr prof st sr jr vs fig nr vol pp ed eds approx dept est inc ltd co corp gen col sgt capt lt "
    "rev hon jan feb mar apr jun jul aug sep sept oct nov dec ca bzw z.b d.h u.a s.o usw evtl ggf vgl hr fr bd hrsg "
    "p.ex mme mlle sig sra srta"
)
_ABBREVIATIONS: Final = frozenset(_SHORT.split())


def characters(text: str) -> int:
    """Count the characters as people see them: a letter with its accents, or a flag, is one."""
    return sum(1 for _ in _CHARACTER.finditer(text))


def words(text: str) -> list[str]:
    """Return the words in order; numbers are words, punctuation and emoji are not."""
    return [found.group() for found in _WORD.finditer(text)]


def is_ideographic(word: str) -> bool:
    """Tell words of the scripts that are read a character at a time from those read as words."""
    return _IDEOGRAPHIC.match(word) is not None


def sentences(text: str) -> int:
    """Count the sentences that hold a letter; a text with words has at least one.

    Abbreviations, initials, decimals and the numbers of a list do not end a sentence, nor does a point before a small
    letter.
    """
    count = sum(1 for sentence in _split(text.replace("\r\n", "\n").strip()) if _LETTER.search(sentence))
    return count or int(_WORD.search(text) is not None)


def _split(text: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(text):
        if end["mark"] and end.end() < len(text) and _goes_on(text, end.start(), end.end(), end["mark"]):
            continue
        yield text[start : end.end()]
        start = end.end()
    yield text[start:]


def _goes_on(text: str, mark_at: int, end: int, mark: str) -> bool:
    """Tell whether the sentence goes on after a mark at `mark_at` whose closing quotes end at `end`."""
    if _LOWER.match(text, end):
        is_quoted = end > mark_at + len(mark)
        return is_quoted or mark.strip(".…") == ""
    if mark != ".":
        return False
    before = _LAST_WORD.search(text, max(0, mark_at - 20), mark_at)
    if before is None:
        return False
    word: str = before.group()
    is_initial = len(word) == 1 and word.isupper() and word != "I"
    return is_initial or word.casefold() in _ABBREVIATIONS
