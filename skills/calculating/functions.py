"""The functions and constants an expression may name."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

from core import SkillError
from skills.calculating.numbers import Number, checked, divide, exact_root, power

LARGEST_FACTORIAL: Final = 1500

CONSTANTS: Final[dict[str, float]] = {
    "pi": math.pi,
    "π": math.pi,
    "tau": math.tau,
    "e": math.e,
    "phi": (1 + math.sqrt(5)) / 2,
}


def factorial(number: Number) -> Number:
    """Return the factorial of a whole number.

    Raises:
        SkillError: it is not whole, negative or too large.
    """
    whole = _whole(number, "factorial")
    if whole < 0:
        raise SkillError("A negative number has no factorial.")
    if whole > LARGEST_FACTORIAL:
        raise SkillError(f"Factorials are calculated up to {LARGEST_FACTORIAL}.")
    return checked(Fraction(math.factorial(whole)))


def square_root(number: Number) -> Number:
    """Return the square root, exactly where it is a fraction."""
    if number < 0:
        raise SkillError("A negative number has no real square root.")
    exact = exact_root(number) if isinstance(number, Fraction) else None
    return math.sqrt(number) if exact is None else exact


def _cube_root(number: Number) -> Number:
    root = round(math.cbrt(number))
    return Fraction(root) if root**3 == number else math.cbrt(number)


def _round(number: Number, places: Number = Fraction(0)) -> Number:
    digits = _whole(places, "round")
    if abs(digits) > 100:
        raise SkillError("Numbers are rounded to at most 100 places.")
    scale = Fraction(10) ** digits
    # Half away from zero, as people round, not half to even.
    return Fraction(math.floor(abs(Fraction(number)) * scale + Fraction(1, 2)) * (1 if number >= 0 else -1)) / scale


def _logarithm(number: Number, base: Number = Fraction(10)) -> Number:
    if number <= 0 or base <= 0 or base == 1:
        raise SkillError("A logarithm needs a number above zero, and a base above zero that is not one.")
    ratio = _natural(number) / _natural(base)
    near = round(ratio)
    if isinstance(number, Fraction) and isinstance(base, Fraction) and abs(near) < 2000:
        return Fraction(near) if abs(ratio - near) < 1e-9 and power(base, Fraction(near)) == number else ratio
    return ratio


def _natural(number: Number) -> float:
    if number <= 0:
        raise SkillError("A logarithm needs a number above zero.")
    if isinstance(number, Fraction):  # also beyond the range of floats
        return math.log(number.numerator) - math.log(number.denominator)
    return math.log(number)


def _whole(number: Number, name: str) -> int:
    if number != int(number):
        raise SkillError(f"The function {name} needs a whole number here.")
    return int(number)


def _choose(of: Number, count: Number) -> Number:
    total, taken = _whole(of, "choose"), _whole(count, "choose")
    if not 0 <= taken <= total <= LARGEST_FACTORIAL:
        raise SkillError(f"choose(n, k) needs 0 ≤ k ≤ n ≤ {LARGEST_FACTORIAL}.")
    return checked(Fraction(math.comb(total, taken)))


def _divisor(*numbers: Number) -> Number:
    return Fraction(math.gcd(*(_whole(number, "gcd") for number in numbers)))


def _multiple(*numbers: Number) -> Number:
    return checked(Fraction(math.lcm(*(_whole(number, "lcm") for number in numbers))))


def _sum(*numbers: Number) -> Number:
    total: Number = Fraction(0)
    for number in numbers:
        total = checked(total + number)
    return total


def _mean(*numbers: Number) -> Number:
    return divide(_sum(*numbers), Fraction(len(numbers)))


def _median(*numbers: Number) -> Number:
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return _mean(*ordered[middle - 1 + len(ordered) % 2 : middle + 1])


def _real(function: Callable[[float], float]) -> Callable[..., Number]:
    def call(number: Number) -> Number:
        return checked(function(float(number)))

    return call


ANGLES: Final = frozenset({"sin", "cos", "tan"})
"""These take an angle: a plain number is in radians."""

ALIKE: Final = frozenset({"abs", "min", "max", "sum", "mean", "average", "avg", "median", "round", "floor", "ceil"})
"""These take quantities of one dimension and give one."""

FUNCTIONS: Final[dict[str, tuple[Callable[..., Number], int, int]]] = {
    "abs": (abs, 1, 1),
    "acos": (_real(math.acos), 1, 1),
    "asin": (_real(math.asin), 1, 1),
    "atan": (_real(math.atan), 1, 1),
    "average": (_mean, 1, 100),
    "avg": (_mean, 1, 100),
    "cbrt": (_cube_root, 1, 1),
    "ceil": (lambda number: Fraction(math.ceil(number)), 1, 1),
    "choose": (_choose, 2, 2),
    "cube_root": (_cube_root, 1, 1),
    "cos": (_real(math.cos), 1, 1),
    "exp": (_real(math.exp), 1, 1),
    "factorial": (factorial, 1, 1),
    "floor": (lambda number: Fraction(math.floor(number)), 1, 1),
    "gcd": (_divisor, 1, 100),
    "lcm": (_multiple, 1, 100),
    "ln": (_natural, 1, 1),
    "log": (_logarithm, 1, 2),
    "log2": (lambda number: _logarithm(number, Fraction(2)), 1, 1),
    "log10": (_logarithm, 1, 1),
    "max": (max, 1, 100),
    "mean": (_mean, 1, 100),
    "median": (_median, 1, 100),
    "min": (min, 1, 100),
    "round": (_round, 1, 2),
    "sin": (_real(math.sin), 1, 1),
    "sqrt": (square_root, 1, 1),
    "square_root": (square_root, 1, 1),
    "sum": (_sum, 1, 100),
    "tan": (_real(math.tan), 1, 1),
}
"""By name: the function, and the least and the most arguments it takes."""


def call(name: str, arguments: Sequence[Number]) -> Number:
    """Call a function.

    Raises:
        SkillError: it takes another number of arguments, or not these.
    """
    function, least, most = FUNCTIONS[name]
    if not least <= len(arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise SkillError(f"The function {name} takes {wanted} arguments, not {len(arguments)}.")
    # One argument of max and min is not a list of them.
    if len(arguments) == 1 and name in ("max", "min"):
        return arguments[0]
    try:
        return checked(function(*arguments))
    except ValueError as error:
        raise SkillError(f"The function {name} has no real result for this.") from error
