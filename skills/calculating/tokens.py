"""An expression cut into numbers, dates, names and signs."""

import re
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final, Literal

from core import SkillError
from skills.calculating.functions import FUNCTIONS
from skills.calculating.numbers import Number, divide

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_JOINED: Final = (
    r"(?:square|sq|cubic|cu|nautical|light|fluid|fl|short|long|metric|imperial|us|uk|astronomical|degrees|cube)"
)

_TOKEN: Final = re.compile(
    rf"""
      (?P<iso> \d{{4}}-\d{{1,2}}-\d{{1,2}} (?![\d-]) )
    | (?P<day_first> \d{{1,2}} (?:st|nd|rd|th)? \.? \s+ {_MONTH} \b [.,]? \s+ \d{{4}} (?!\d) )
    | (?P<month_first> {_MONTH} \b \.? \s+ \d{{1,2}} (?:st|nd|rd|th)? ,? \s+ \d{{4}} (?!\d) )
    | (?P<fraction> (?<! [/^%\d.] ) (?<! [/^%]\s ) \d+ / \d+ (?= \s+ [^\W\d_] ) )
    | (?P<number> (?: \d+ (?:\.\d*)? | \.\d+ ) (?: e[+-]?\d+ )? )
    | (?P<name> {_JOINED} (?: \.?\s+ | _ ) [^\W\d_]+ | °[CF]\b | [^\W\d_]+ (?: (?:10|[23]) (?![\d.]) )? )
    | (?P<sign> \*\* | // | [-+*/^%!(),°²³] )
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_UNICODE_NAME: Final = re.compile(r"[^\W\d_]+[23]?(?!\d)")
_THOUSANDS: Final = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_SAID: Final = (
    (re.compile(r"\bdivided\s+by\b", re.IGNORECASE), "/"),
    (re.compile(r"\bmultiplied\s+(?:by|with)\b", re.IGNORECASE), "*"),
    (re.compile(r"\b(?:to\s+the\s+power\s+of|raised\s+to)\b", re.IGNORECASE), "^"),
)
_SPELLINGS: Final = str.maketrans({"×": "*", "·": "*", "⋅": "*", "÷": "/", "−": "-", "–": "-", "μ": "µ", "\u00a0": " "})


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of an expression; `text` as it was written, names in the spelling of the unit table."""

    kind: Literal["number", "date", "name", "sign"]
    text: str
    number: Number = Fraction(0)
    day: date = date.min


def cut(expression: str) -> list[Token]:
    """Cut an expression into tokens.

    Raises:
        SkillError: names a character that means nothing here, or a day that does not exist.
    """
    text = _without_thousands(expression.translate(_SPELLINGS))
    for words, sign in _SAID:
        text = words.sub(sign, text)
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = _TOKEN.match(text, at)
        if found is None:
            found = _UNICODE_NAME.match(text, at)
        if found is None:
            raise SkillError(f"I do not understand “{text[at]}” in this calculation.")
        tokens.append(_token(found))
        at = found.end()
    return tokens


def _without_thousands(text: str) -> str:
    """Drop the commas of 1,200, but not the ones between a function's arguments."""
    if any(re.search(rf"\b{name}\s*\([^)]*,", text, re.IGNORECASE) for name in FUNCTIONS):
        return text
    return _THOUSANDS.sub(lambda found: found.group().replace(",", ""), text)


def _token(found: re.Match[str]) -> Token:
    text, kind = found.group(), found.lastgroup
    if kind == "iso":
        year, month, day = (int(part) for part in text.split("-"))
        return _date(text, year, month, day)
    if kind in ("day_first", "month_first"):
        day, year = (int(digits) for digits in re.findall(r"\d+", text))
        name = re.search(_MONTH, text, re.IGNORECASE)
        assert name is not None
        return _date(text, year, _MONTHS.index(name.group()[:3].casefold()) + 1, day)
    if kind == "fraction":
        top, bottom = (Fraction(part) for part in text.split("/"))
        return Token(kind="number", text=text, number=divide(top, bottom))
    if kind == "number":
        return Token(kind="number", text=text, number=_number(text))
    if kind == "sign":
        return Token(kind="sign", text={"**": "^"}.get(text, text))
    return Token(kind="name", text=re.sub(r"\.?\s+", "_", text))


def _date(text: str, year: int, month: int, day: int) -> Token:
    try:
        return Token(kind="date", text=text, day=date(year, month, day))
    except ValueError as error:
        raise SkillError(f"There is no day {text}.") from error


def _number(text: str) -> Fraction:
    exponent = text.casefold().partition("e")[2].lstrip("+-")
    if len(exponent) > 4:
        raise SkillError(f"The number {text[:40]} is too large or too small.")
    return Fraction(text)
