"""Questions in words that stand for a calculation."""

import re
from datetime import date
from fractions import Fraction
from typing import Final

from core import SkillError
from skills.calculating import values
from skills.calculating.grammar import evaluate
from skills.calculating.values import Percent, Quantity

_OPENING: Final = re.compile(
    r"(?:(?:please|what(?:['’]?s|\s+is|\s+are|\s+was)|how much (?:is|are)|calculate|compute|convert|work out|solve|the)"
    r"\s+)+",
    re.IGNORECASE,
)
_SPAN: Final = (
    r"(?:how many\s+)?(?P<unit>days?|weeks?|months?|years?|(?:how\s+)?long)\s+"
    r"(?:(?:are there|is it|are left|left|remain)\s+)?"
)
_UNTIL: Final = re.compile(_SPAN + r"(?P<word>until|till|to|before|since|after)\s+(?P<day>.+)", re.IGNORECASE)
_YEARLESS: Final = re.compile(
    r"(?:the\s+)?(\d{1,2}(?:st|nd|rd|th)?)\s+(?:of\s+)?([a-z]{3,9})|([a-z]{3,9})\.?\s+(\d{1,2}(?:st|nd|rd|th)?)",
    re.IGNORECASE,
)
_BETWEEN: Final = re.compile(
    _SPAN + r"(?:between\s+(?P<a>.+?)\s+and|from\s+(?P<b>.+?)\s+(?:to|until|till))\s+(?P<end>.+)", re.IGNORECASE
)
_DISTANT: Final = re.compile(
    r"(?:(?:what|which)\s+)?(?:the\s+)?(?:(?:date|day)\s+)?(?:(?:is|will)\s+)?(?:it\s+)?(?:be\s+)?"
    r"(?:in\s+(?P<in>\d.*)|(?P<ago>\d.*?)\s+ago|(?P<span>\d.*?)\s+(?P<word>from|after|before)\s+(?P<day>.+))",
    re.IGNORECASE,
)
_WEEKDAY: Final = re.compile(
    r"(?:on\s+)?(?:(?:what|which)\s+)?(?:weekday|day of the week|day)\s+(?:of|is|was|will be|does|on)\s+"
    r"(?:it\s+)?(?P<day>.+?)(?:\s+(?:fall on|be|on))?",
    re.IGNORECASE,
)
_HOW_MANY: Final = re.compile(
    r"(?:how many\s+)?(?P<unit>[^\d()]+?)\s+(?:(?:are|is|make)\s+)?(?:there\s+)?in\s+(?P<of>(?:an?|one|\d).*)",
    re.IGNORECASE,
)
_SHARE: Final = (
    re.compile(r"(?:what\s+)?(?:percent|percentage|%)\s+of\s+(?P<of>.+?)\s+is\s+(?P<part>.+)", re.IGNORECASE),
    re.compile(
        r"(?P<part>.+?)\s+(?:is|as)\s+(?:what\s+|a\s+)?(?:percent|percentage|%)\s+of\s+(?P<of>.+)", re.IGNORECASE
    ),
)


def answer(question: str, today: date) -> str:
    """Calculate an expression or a question in words, and write the result.

    Raises:
        SkillError: says what is not understood or cannot be calculated.
    """
    bare = " ".join(question.split()).rstrip("?=. ")
    for text in dict.fromkeys((bare, _OPENING.sub("", bare, count=1) if _OPENING.match(bare) else bare)):
        if found := _UNTIL.fullmatch(text):
            return _until(found, today)
        if found := _BETWEEN.fullmatch(text):
            start, end = (_day(part, today) for part in (found["a"] or found["b"], found["end"]))
            return _span(start, end, found["unit"])
        if found := _DISTANT.fullmatch(text):
            day = _distant(found, today)
            return f"{day} ({day:%A})"
        if found := _WEEKDAY.fullmatch(text):
            day = _day(found["day"], today)
            return f"{day:%A} ({day})"
        if found := _HOW_MANY.fullmatch(text):
            return values.show(evaluate(f"({found['of']}) in {found['unit']}", today))
        for pattern in _SHARE:
            if found := pattern.fullmatch(text):
                return _share(found["part"], found["of"], today)
    return values.show(evaluate(text, today))


def _distant(found: re.Match[str], today: date) -> date:
    """Return the day that is so far from today, or from another day."""
    start = found["day"] or "today"
    sign = "-" if found["ago"] or (found["word"] or "").casefold() == "before" else "+"
    return _day(f"({start}) {sign} ({found['in'] or found['ago'] or found['span']})", today)


def _until(found: re.Match[str], today: date) -> str:
    is_back = found["word"].casefold() in ("since", "after")
    day = _nearest(found["day"], today, is_back=is_back)
    return _span(day, today, found["unit"]) if is_back else _span(today, day, found["unit"])


def _nearest(text: str, today: date, *, is_back: bool) -> date:
    """Read a day; one without a year is the next or the last of its name."""
    yearless = _YEARLESS.fullmatch(text)
    if not yearless:
        return _day(text, today)
    number, month = (yearless[1], yearless[2]) if yearless[1] else (yearless[4], yearless[3])
    day = _day(f"{number} {month} {today.year}", today)
    if (day > today) if is_back else (day < today):
        return _day(f"{number} {month} {today.year + (-1 if is_back else 1)}", today)
    return day


def _span(start: date, end: date, unit: str) -> str:
    """Say how far two dates are apart, in whole units of the calendar and the days left over."""
    between = f"(from {start} to {end})"
    if end < start:
        return f"{_amount((end - start).days, 'day')} {between}: the second date is before the first"
    name = unit.casefold().removesuffix("s")
    if name == "day" or name.endswith("long"):
        return f"{_amount((end - start).days, 'day')} {between}"
    count, days = _whole_units(start, end, name)
    rest = f" and {_amount(days, 'day')}" if days else ""
    return f"{_amount(count, name)}{rest} {between}"


def _whole_units(start: date, end: date, name: str) -> tuple[int, int]:
    if name == "week":
        return divmod((end - start).days, 7)
    months = (end.year - start.year) * 12 + end.month - start.month
    count = months // (12 if name == "year" else 1)
    for guess in (count, count - 1):
        last = values.later(start, guess, name)
        if last <= end:
            return guess, (end - last).days
    return 0, (end - start).days


def _amount(count: int, name: str) -> str:
    return f"{count} {name}{'' if abs(count) == 1 else 's'}"


def _share(part: str, of: str, today: date) -> str:
    ratio = values.plain(values.over(evaluate(part, today), evaluate(of, today)), "A percentage")
    return values.show(Percent(number=ratio * Fraction(100)))


def _day(text: str, today: date) -> date:
    value = evaluate(text, today)
    if not isinstance(value, date):
        shown = values.show(value) if isinstance(value, Quantity) else text
        raise SkillError(f"{shown} is not a date; write dates as 2026-12-24.")
    return value
