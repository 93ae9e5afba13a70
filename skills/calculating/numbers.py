"""Numbers: fractions as long as possible, floats after that, and never larger than can be written down."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final, TypeAlias

from core import SkillError

Number: TypeAlias = Fraction | float

BITS: Final = 14_000
"""Size of the largest numerator and denominator; some 4,200 digits."""
DIGITS_WRITTEN: Final = 400
_TOO_LARGE: Final = "The result is too large to be written down."


def checked(number: Number) -> Number:
    """Return a number that is not too large.

    Raises:
        SkillError: it is.
    """
    if isinstance(number, Fraction):
        if max(number.numerator.bit_length(), number.denominator.bit_length()) > BITS:
            raise SkillError(_TOO_LARGE)
    elif not math.isfinite(number):
        raise SkillError(_TOO_LARGE)
    return number


def size(number: Number) -> Number:
    """Return a number without its sign."""
    return -number if number < 0 else number


def divide(top: Number, bottom: Number) -> Number:
    """Divide.

    Raises:
        SkillError: by zero.
    """
    if bottom == 0:
        raise SkillError("Nothing can be divided by zero.")
    return checked(top / bottom)


def modulo(top: Number, bottom: Number) -> Number:
    """Return the rest of a division, with the sign of the divisor.

    Raises:
        SkillError: by zero.
    """
    if bottom == 0:
        raise SkillError("Nothing can be divided by zero.")
    return checked(top % bottom)


def power(base: Number, exponent: Number) -> Number:
    """Raise to a power, exactly where the result is a fraction.

    Raises:
        SkillError: the result is too large, or not a real number.
    """
    if base == 0 and exponent < 0:
        raise SkillError("Nothing can be divided by zero.")
    if base < 0 and exponent != int(exponent):
        raise SkillError("A negative number has no real power that is not whole.")
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        if exponent.denominator == 1:
            return _whole_power(base, exponent.numerator)
        if exponent.denominator == 2 and (root := exact_root(base)) is not None:
            return _whole_power(root, exponent.numerator)
    return checked(float(base) ** float(exponent))


def _whole_power(base: Fraction, exponent: int) -> Fraction:
    bits = max(base.numerator.bit_length(), base.denominator.bit_length()) - 1
    if abs(base) not in (0, 1) and (abs(exponent) > BITS or bits * abs(exponent) > BITS):
        raise SkillError(_TOO_LARGE)
    result = checked(base ** (exponent if abs(base) not in (0, 1) else min(exponent, 2 + exponent % 2)))
    assert isinstance(result, Fraction)
    return result


def exact_root(number: Fraction) -> Fraction | None:
    """Return the square root where it is a fraction."""
    if number < 0:
        return None
    top, bottom = math.isqrt(number.numerator), math.isqrt(number.denominator)
    is_exact = top * top == number.numerator and bottom * bottom == number.denominator
    return Fraction(top, bottom) if is_exact else None


def written(number: Number) -> str:
    """Write a number exactly where that is short, with twelve digits elsewhere."""
    if isinstance(number, float):
        return rounded(number, 12)
    if number.denominator == 1:
        text = str(number.numerator)
        return text if len(text) <= DIGITS_WRITTEN else f"{rounded(number, 12)} ({len(text.strip('-')):,} digits)"
    exact = _terminating(number)
    if exact is not None and abs(number) >= Fraction(1, 10**7):
        return exact
    is_short = number.denominator <= 1000 and abs(number.numerator) <= 10**6 and exact is None
    return rounded(number, 12) + (f" ({number})" if is_short else "")


def rounded(number: Number, digits: int) -> str:
    """Write a number with at most so many digits."""
    with localcontext(prec=digits) as context:
        fraction = Fraction(number)
        value = Decimal(fraction.numerator) / Decimal(fraction.denominator)
        value = value.normalize(context)
        large = value != 0 and not -7 < value.adjusted() < 21
        return f"{value:e}" if large else f"{value:f}"


def _terminating(number: Fraction) -> str | None:
    """Write a fraction whose decimals end, within 30 of them."""
    for places in range(1, 31):
        scaled = number * 10**places
        if scaled.denominator == 1:
            whole, rest = divmod(abs(scaled.numerator), 10**places)
            return f"{'-' if number < 0 else ''}{whole}.{rest:0{places}}"
    return None
