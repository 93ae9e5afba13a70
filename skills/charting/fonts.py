"""Fonts: which one can draw a text, and what to draw in place of what none can."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

BASE: Final = "DejaVu Sans"  # comes with matplotlib

# Asked in this order for what the base font lacks, where they are installed. Fonts of coloured emoji are not here:
# matplotlib cannot draw them.
_OTHERS: Final = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Source Han Sans", "WenQuanYi Micro Hei"),
    *("WenQuanYi Zen Hei", "Droid Sans Fallback", "IPAGothic", "Hiragino Sans", "PingFang SC", "Microsoft YaHei"),
    *("Yu Gothic", "Apple SD Gothic Neo", "Malgun Gothic", "NanumGothic", "Noto Sans", "Noto Sans Devanagari"),
    *("Noto Sans Thai", "Noto Sans Bengali", "Noto Sans Tamil", "Nirmala UI", "Leelawadee UI", "Arial Unicode MS"),
    *("Noto Sans Symbols", "Noto Sans Symbols 2", "Noto Emoji", "Segoe UI Symbol", "Symbola", "FreeSans"),
)
_UNDRAWABLE: Final = "\u25a1"  # an empty square


def legible(text: str) -> str:
    """Replace what no installed font can draw: emoji by nothing, or by their names where they stand alone.

    A letter of a script without a font becomes an empty square, so that its place is seen.
    """
    if all(family_of(character) for character in text):
        return text
    kept = "".join(character if family_of(character) else _stand_in(character) for character in text)
    return " ".join(kept.split()) or ", ".join(dict.fromkeys(_spoken(text)))


def families(texts: Iterable[str]) -> list[str]:
    """Return the fonts that draw these texts, the base font first."""
    used = {family_of(character) for text in texts for character in set(text)}
    return [BASE, *(family for family in _OTHERS if family in used)]


@lru_cache(maxsize=20_000)
def family_of(character: str) -> str | None:
    """Return the first font that has this character, None where no installed one has."""
    if character in " \n":
        return BASE
    return next((name for name in (BASE, *_installed()) if ord(character) in _characters(name)), None)


@lru_cache(maxsize=1)
def _installed() -> tuple[str, ...]:
    from matplotlib.font_manager import fontManager

    names = {entry.name for entry in fontManager.ttflist}
    return tuple(name for name in _OTHERS if name in names)


@lru_cache(maxsize=32)
def _characters(family: str) -> frozenset[int]:
    """Return the code points that a font has both in its regular and its bold weight."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    weights = [get_font(findfont(FontProperties(family=[family], weight=weight))) for weight in ("normal", "bold")]
    return frozenset.intersection(*(frozenset(font.get_charmap()) for font in weights))


def _stand_in(character: str) -> str:
    return _UNDRAWABLE if unicodedata.category(character).startswith(("L", "N")) else ""


def _spoken(text: str) -> list[str]:
    return [unicodedata.name(character, "").lower() for character in text if unicodedata.category(character) == "So"]
