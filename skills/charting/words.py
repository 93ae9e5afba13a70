"""Text and numbers as they stand in a chart."""

import textwrap
import unicodedata
from typing import Final

ELLIPSIS: Final = "…"


def tidy(text: str) -> str:
    """Return text in one line, without control characters and other things that have no shape."""
    plain = "".join(" " if _is_shapeless(character) else character for character in text[:2000])
    return " ".join(plain.split())


def shorten(text: str, width: int) -> str:
    """Return at most `width` characters, the end replaced by an ellipsis where something is left out."""
    return text if len(text) <= width else text[: width - 1].rstrip() + ELLIPSIS


def wrap(text: str, width: int, lines: int) -> str:
    """Break text into at most `lines` lines."""
    return "\n".join(textwrap.wrap(text, width, max_lines=lines, placeholder=ELLIPSIS))


def number(value: float) -> str:
    """Write a number for people: 1,200 or 3.14 or 6.02e+23."""
    if value == 0:
        return "0"
    if abs(value) >= 1e15 or abs(value) < 1e-4:
        return f"{value:.3g}"
    if value == int(value):
        return f"{value:,.0f}"
    digits = 2 if abs(value) >= 1 else 4
    return f"{value:,.{digits}f}".rstrip("0").rstrip(".")


def compact(value: float, digits: int = 3) -> str:
    """Write a number in little space: 950, 13.4k, 12M."""
    for limit, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if limit * (10 if unit == "k" else 1) <= abs(value) < 1e15:
            return f"{value / limit:.{digits}g}{unit}"
    return number(value)


def signed(text: str) -> str:
    """Write the minus of a number as a minus, not as a hyphen."""
    return text.replace("-", "−", 1) if text.startswith("-") else text


def plural(count: int, noun: str) -> str:
    """Write a count of things: 1 value, 1,200 values."""
    return f"{count:,} {noun}{'' if count == 1 or noun == 'series' else 's'}"


def _is_shapeless(character: str) -> bool:
    # Co: private use, Cs: half of a surrogate pair, Cn: not assigned. Cf holds the joiners, which shape letters.
    return unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")
