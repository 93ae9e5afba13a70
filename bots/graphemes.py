"""Where a text may be cut without breaking what a reader sees as one character."""

import re
import unicodedata
from typing import Final

_ZWJ: Final = "\u200d"
# Extend a character although their category says otherwise: zero-width non-joiner, half-width voiced sound marks,
# emoji skin tones, and the tag characters of flags such as Scotland's.
_EXTENDING: Final = re.compile("[\u200c\u200d\uff9e\uff9f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_HANGUL_LEADING: Final = re.compile("[\u1100-\u115f\ua960-\ua97c]")
_HANGUL_FOLLOWING: Final = re.compile("[\u1160-\u11ff\ud7b0-\ud7c6\ud7cb-\ud7fb]")
_HANGUL: Final = re.compile("[\u1100-\u11ff\ua960-\ua97c\uac00-\ud7a3\ud7b0-\ud7fb]")
_REGIONAL: Final = re.compile("[\U0001f1e6-\U0001f1ff]")
_VIRAMA: Final = 9  # canonical combining class


def is_boundary(text: str, index: int, start: int = 0) -> bool:
    """Tell whether a grapheme ends before `text[index]`.

    Follows https://www.unicode.org/reports/tr29/ with the tables Python has; where those are too coarse, it rather
    joins too much than too little. `start` is an earlier boundary; pairs of flag letters are counted from there.
    """
    if index <= start or index >= len(text):
        return True
    before, after = text[index - 1], text[index]
    if before == "\r" and after == "\n":
        return False
    if unicodedata.category(before) in ("Cc", "Zl", "Zp"):
        return True
    if _REGIONAL.match(before) and _REGIONAL.match(after):
        return _regional_run(text, index, start) % 2 == 0
    if _extends(after):
        return False
    return not _joins(before, after) and (after.isspace() or not _after_virama(text, index, start))


def _extends(character: str) -> bool:
    return bool(_EXTENDING.match(character)) or unicodedata.category(character).startswith("M")


def _joins(before: str, after: str) -> bool:
    if before == _ZWJ:
        return not after.isspace()
    if _HANGUL.match(before) and _HANGUL.match(after):
        return bool(_HANGUL_LEADING.match(before) or _HANGUL_FOLLOWING.match(after))
    return "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff"


def _after_virama(text: str, index: int, start: int) -> bool:
    """Tell whether a virama is among the marks before `text[index]`: it joins consonants."""
    while index > start and _extends(text[index - 1]):
        index -= 1
        if unicodedata.combining(text[index]) == _VIRAMA:
            return True
    return False


def _regional_run(text: str, index: int, start: int) -> int:
    first = index
    while first > start and _REGIONAL.match(text[first - 1]):
        first -= 1
    return index - first
