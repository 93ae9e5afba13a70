"""What an expression can stand for, and how these things add, multiply and convert."""

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Final, TypeAlias

from core import SkillError
from skills.calculating.numbers import Number, checked, divide, modulo, power, rounded, size, written
from skills.calculating.units import Unit, find

PLAIN: Final = Unit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number of some unit, or a plain number."""

    number: Number
    unit: Unit = PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Percent:
    """A number of hundredths: 17 for 17%."""

    number: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A quantity in several units, as in 3 h 20 min; kept apart because 1 month 3 days has no fixed length."""

    quantities: tuple[Quantity, ...]


Value: TypeAlias = Quantity | Percent | Parts | date


def quantity(value: Value) -> Quantity:
    """Return a value as a single quantity.

    Raises:
        SkillError: it is a date.
    """
    if isinstance(value, date):
        raise SkillError(f"A date ({value}) can be moved and subtracted, but not calculated with in other ways.")
    if isinstance(value, Percent):
        return Quantity(number=divide(value.number, Fraction(100)))
    if isinstance(value, Parts):
        first, *rest = value.quantities
        number = first.number
        for part in rest:
            number = checked(number + convert(part, first.unit).number)
        return Quantity(number=number, unit=first.unit)
    return value


def plain(value: Value, what: str) -> Number:
    """Return the number of a value that has no unit.

    Raises:
        SkillError: it has one.
    """
    single = quantity(value)
    if single.unit.dimension:
        raise SkillError(f"{what} needs a plain number, not {show(single)}.")
    return single.number


def convert(value: Quantity, unit: Unit) -> Quantity:
    """Return the same amount in another unit.

    Raises:
        SkillError: the units measure different things.
    """
    if value.unit.dimension != unit.dimension:
        have, want = value.unit.symbol or "a plain number", unit.symbol or "a plain number"
        raise SkillError(f"{have} cannot be converted to {want}: they measure different things.")
    if value.unit == unit:
        return value
    base = checked(value.number * value.unit.factor + value.unit.zero)
    return Quantity(number=divide(base - unit.zero, unit.factor), unit=unit)


def add(left: Value, right: Value, sign: int) -> Value:
    """Add, or subtract where `sign` is -1; a percentage is taken of what stands before it."""
    if isinstance(left, date) or isinstance(right, date):
        return _add_dates(left, right, sign)
    if isinstance(right, Percent):
        if isinstance(left, Percent):
            return Percent(number=checked(left.number + sign * right.number))
        return multiply(left, Quantity(number=1 + sign * divide(right.number, Fraction(100))))
    first, second = quantity(left), quantity(right)
    _refuse_scales(first, second)
    number = checked(first.number + sign * convert(second, first.unit).number)
    return Quantity(number=number, unit=first.unit)


def multiply(left: Value, right: Value) -> Quantity:
    """Multiply numbers and units."""
    first, second = quantity(left), quantity(right)
    _refuse_scales(first, second)
    return _reduced(checked(first.number * second.number), first.unit.times(second.unit, 1))


def over(left: Value, right: Value) -> Quantity:
    """Divide numbers and units."""
    first, second = quantity(left), quantity(right)
    _refuse_scales(first, second)
    return _reduced(divide(first.number, second.number), first.unit.times(second.unit, -1))


def rest(left: Value, right: Value) -> Quantity:
    """Return the rest of a division."""
    first, second = quantity(left), quantity(right)
    return Quantity(number=modulo(first.number, convert(second, first.unit).number), unit=first.unit)


def raised(base: Value, exponent: Value) -> Quantity:
    """Raise to a power; a unit takes whole powers up to nine."""
    single, times = quantity(base), plain(exponent, "An exponent")
    if not single.unit.dimension:
        return Quantity(number=power(single.number, times))
    _refuse_scales(single)
    if times != int(times) or size(times) > 9:
        raise SkillError("A quantity with a unit can only be raised to a whole power of at most 9.")
    return _reduced(power(single.number, Fraction(int(times))), PLAIN.times(single.unit, int(times)))


def negative(value: Value) -> Value:
    """Change the sign."""
    if isinstance(value, Percent):
        return Percent(number=-value.number)
    single = quantity(value)
    return replace(single, number=-single.number)


def show(value: Value) -> str:
    """Write a value for people."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Percent):
        return f"{_short(value.number)}%"
    single = quantity(value)
    if not single.unit.parts:
        return written(single.number)
    symbol = single.unit.symbol
    if symbol in ("day", "week", "month", "year", "decade") and abs(single.number) != 1:
        symbol += "s"
    return f"{_short(single.number)}{'' if symbol == '°' else ' '}{symbol}"


def _short(number: Number) -> str:
    """Write a measured number: exactly where that is short, else with six digits, or two decimals."""
    exact = rounded(number, 12)
    if isinstance(number, Fraction) and Fraction(exact) == number:
        return exact
    return rounded(number, max(6, len(str(int(size(number)))) + 2))


def _reduced(number: Number, unit: Unit) -> Quantity:
    """Drop units that cancel out, as in km/m."""
    if unit.dimension:
        return Quantity(number=number, unit=unit)
    return Quantity(number=checked(number * unit.factor))


def _refuse_scales(*values: Quantity) -> None:
    if any(value.unit.zero for value in values):
        raise SkillError("Temperatures in °C and °F can be converted, but not calculated with.")


def _add_dates(left: Value, right: Value, sign: int) -> Value:
    if isinstance(left, date) and isinstance(right, date):
        if sign > 0:
            raise SkillError("Two dates cannot be added; the days between them are one minus the other.")
        return Quantity(number=Fraction((left - right).days), unit=DAY)
    if isinstance(right, date):
        if sign < 0:
            raise SkillError("A date cannot be subtracted from a length of time.")
        left, right = right, left
    assert isinstance(left, date)
    for part in right.quantities if isinstance(right, Parts) else (quantity(right),):
        left = _moved(left, part, sign)
    return left


def _moved(day: date, by: Quantity, sign: int) -> date:
    """Move a date by days, or by months and years of the calendar."""
    symbol = by.unit.symbol
    months = {"month": 1, "year": 12, "decade": 120, "century": 1200}.get(symbol)
    amount = by.number * months if months else convert(by, DAY).number if by.unit.dimension else by.number
    if amount != int(amount):
        raise SkillError("A date can be moved by whole days, weeks, months or years.")
    return later(day, sign * int(amount), "month" if months else "day")


def later(day: date, amount: int, unit: str) -> date:
    """Return a date so many days, months or years later; the 31st becomes the last day of a shorter month.

    Raises:
        SkillError: it is outside the calendar.
    """
    try:
        if unit == "day":
            return day + timedelta(days=amount)
        year, month = divmod(day.year * 12 + day.month - 1 + amount * (12 if unit == "year" else 1), 12)
        return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
    except (OverflowError, ValueError) as error:
        raise SkillError("That date is outside the years 1 to 9999.") from error


def _day() -> Unit:
    unit = find("day")
    assert unit is not None
    return unit


DAY: Final = _day()
