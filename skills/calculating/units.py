"""Units of measurement: what they are called and how large they are.

A table of our own, with exact fractions. A general library reads every word it does not know as prefix and unit, so
that a slip of the pen becomes a femtotonne; here an unknown word is an error.
"""

import math
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final, TypeAlias

from core import SkillError
from skills.calculating.numbers import Number, checked

Dimension: TypeAlias = tuple[tuple[str, int], ...]

HIGHEST_POWER: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit, or a product of powers of units.

    Attributes:
        factor: how many base units it is.
        dimension: the base dimensions and their powers, in order.
        parts: the symbols and their powers, for writing.
        zero: where its scale begins, in base units; not 0 for degrees Celsius and Fahrenheit.
    """

    factor: Number = Fraction(1)
    dimension: Dimension = ()
    parts: tuple[tuple[str, int], ...] = ()
    zero: Fraction = Fraction(0)

    def times(self, other: "Unit", power: int) -> "Unit":
        """Multiply by a power of another unit.

        Raises:
            SkillError: no quantity has a unit like that.
        """
        dimension = _merged(self.dimension, other.dimension, power)
        if any(abs(of) > HIGHEST_POWER for _, of in dimension):
            raise SkillError(f"Units are raised to a power of at most {HIGHEST_POWER}.")
        return Unit(
            factor=checked(self.factor * checked(other.factor**power)),
            dimension=dimension,
            parts=_merged(self.parts, other.parts, power, keep_order=True),
        )

    @property
    def symbol(self) -> str:
        """The unit as it is written behind a number: km/h, m², kg·m/s²."""
        top = [name + _RAISED.get(power, f"^{power}") for name, power in self.parts if power > 0]
        bottom = [name + _RAISED.get(-power, f"^{-power}") for name, power in self.parts if power < 0]
        return "·".join(top or ["1"] * bool(bottom)) + "".join(f"/{name}" for name in bottom)


def _merged(
    first: tuple[tuple[str, int], ...], second: tuple[tuple[str, int], ...], power: int, *, keep_order: bool = False
) -> tuple[tuple[str, int], ...]:
    powers = Counter(dict(first))
    for name, of in second:
        powers[name] += of * power
    left = [(name, of) for name, of in powers.items() if of]
    return tuple(left if keep_order else sorted(left))


_RAISED: Final = {1: "", 2: "²", 3: "³"}

_LENGTH: Final[Dimension] = (("length", 1),)
_AREA: Final[Dimension] = (("length", 2),)
_VOLUME: Final[Dimension] = (("length", 3),)
_MASS: Final[Dimension] = (("mass", 1),)
_TIME: Final[Dimension] = (("time", 1),)
_SPEED: Final[Dimension] = (("length", 1), ("time", -1))
_FORCE: Final[Dimension] = (("length", 1), ("mass", 1), ("time", -2))
_PRESSURE: Final[Dimension] = (("length", -1), ("mass", 1), ("time", -2))
_ENERGY: Final[Dimension] = (("length", 2), ("mass", 1), ("time", -2))
_POWER: Final[Dimension] = (("length", 2), ("mass", 1), ("time", -3))
_CURRENT: Final[Dimension] = (("current", 1),)
_VOLTAGE: Final[Dimension] = (("current", -1), ("length", 2), ("mass", 1), ("time", -3))
_RESISTANCE: Final[Dimension] = (("current", -2), ("length", 2), ("mass", 1), ("time", -3))
_FREQUENCY: Final[Dimension] = (("time", -1),)
_DATA: Final[Dimension] = (("data", 1),)
_ANGLE: Final[Dimension] = (("angle", 1),)
_TEMPERATURE: Final[Dimension] = (("temperature", 1),)

_FOOT: Final = Fraction("0.3048")
_POUND: Final = Fraction("0.45359237")
_INCH: Final = _FOOT / 12
_GALLON: Final = 231 * _INCH**3
_PINT: Final = Fraction("0.00056826125")  # imperial
_YEAR: Final = Fraction("365.2425") * 86400
_POUND_FORCE: Final = _POUND * Fraction("9.80665")

# Symbol, factor, dimension, and the other names; the plural in "s" is understood.
_TABLE: Final[tuple[tuple[str, Number, Dimension, str], ...]] = (
    ("in", _INCH, _LENGTH, "inch inches"),
    ("ft", _FOOT, _LENGTH, "foot feet"),
    ("yd", 3 * _FOOT, _LENGTH, "yard"),
    ("mi", 5280 * _FOOT, _LENGTH, "mile"),
    ("nmi", Fraction(1852), _LENGTH, "nautical_mile"),
    ("au", Fraction(149597870700), _LENGTH, "astronomical_unit"),
    ("ly", Fraction(9460730472580800), _LENGTH, "light_year lightyear"),
    ("acre", 4840 * 9 * _FOOT**2, _AREA, ""),
    ("ha", Fraction(10_000), _AREA, "hectare"),
    ("tsp", _GALLON / 768, _VOLUME, "teaspoon"),
    ("tbsp", _GALLON / 256, _VOLUME, "tablespoon"),
    ("fl oz", _GALLON / 128, _VOLUME, "floz fl_oz fluid_ounce"),
    ("cup", _GALLON / 16, _VOLUME, ""),
    ("pt", _GALLON / 8, _VOLUME, "pint us_pint"),
    ("qt", _GALLON / 4, _VOLUME, "quart us_quart"),
    ("gal", _GALLON, _VOLUME, "gallon us_gallon"),
    ("imp pt", _PINT, _VOLUME, "imperial_pint uk_pint"),
    ("imp gal", 8 * _PINT, _VOLUME, "imperial_gallon uk_gallon"),
    ("t", Fraction(1000), _MASS, "tonne metric_ton"),
    ("lb", _POUND, _MASS, "pound"),
    ("oz", _POUND / 16, _MASS, "ounce"),
    ("st", 14 * _POUND, _MASS, "stone"),
    ("short ton", 2000 * _POUND, _MASS, "short_ton us_ton"),
    ("long ton", 2240 * _POUND, _MASS, "long_ton uk_ton"),
    ("min", Fraction(60), _TIME, "minute"),
    ("h", Fraction(3600), _TIME, "hr hour"),
    ("day", Fraction(86400), _TIME, "d"),
    ("week", Fraction(7 * 86400), _TIME, "wk"),
    ("fortnight", Fraction(14 * 86400), _TIME, ""),
    ("month", _YEAR / 12, _TIME, ""),
    ("year", _YEAR, _TIME, "yr"),
    ("decade", 10 * _YEAR, _TIME, ""),
    ("century", 100 * _YEAR, _TIME, "centuries"),
    ("km/h", Fraction(1000, 3600), _SPEED, "kmh kph"),
    ("mph", 5280 * _FOOT / 3600, _SPEED, ""),
    ("kn", Fraction(1852, 3600), _SPEED, "knot kt"),
    ("lbf", _POUND_FORCE, _FORCE, ""),
    ("bar", Fraction(100_000), _PRESSURE, ""),
    ("mbar", Fraction(100), _PRESSURE, "millibar"),
    ("atm", Fraction(101_325), _PRESSURE, "atmosphere"),
    ("psi", _POUND_FORCE / _INCH**2, _PRESSURE, ""),
    ("mmHg", Fraction("133.322387415"), _PRESSURE, ""),
    ("BTU", Fraction("1055.05585262"), _ENERGY, ""),
    ("hp", 550 * _FOOT * _POUND_FORCE, _POWER, "horsepower"),
    ("PS", 75 * Fraction("9.80665"), _POWER, ""),
    ("rpm", Fraction(1, 60), _FREQUENCY, ""),
    ("rad", Fraction(1), _ANGLE, "radian"),
    ("°", math.pi / 180, _ANGLE, "deg degree"),
    ("turn", 2 * math.pi, _ANGLE, ""),
    ("K", Fraction(1), _TEMPERATURE, "kelvin"),
)

# These take prefixes, on their symbols and on their names.
_METRIC: Final[tuple[tuple[str, Number, Dimension, str], ...]] = (
    ("m", Fraction(1), _LENGTH, "meter metre"),
    ("g", Fraction(1, 1000), _MASS, "gram gramme"),
    ("s", Fraction(1), _TIME, "second sec"),
    ("L", Fraction(1, 1000), _VOLUME, "liter litre l"),
    ("N", Fraction(1), _FORCE, "newton"),
    ("Pa", Fraction(1), _PRESSURE, "pascal"),
    ("J", Fraction(1), _ENERGY, "joule"),
    ("cal", Fraction("4.184"), _ENERGY, "calorie"),
    ("Wh", Fraction(3600), _ENERGY, "watthour watt_hour"),
    ("eV", Fraction("1.602176634e-19"), _ENERGY, "electronvolt"),
    ("W", Fraction(1), _POWER, "watt"),
    ("A", Fraction(1), _CURRENT, "ampere amp"),
    ("V", Fraction(1), _VOLTAGE, "volt"),
    ("Ω", Fraction(1), _RESISTANCE, "ohm"),
    ("Hz", Fraction(1), _FREQUENCY, "hertz"),
    ("bit", Fraction(1), _DATA, "b"),
    ("B", Fraction(8), _DATA, "byte"),
)
_LARGE: Final = (("k", "kilo", 3), ("M", "mega", 6), ("G", "giga", 9), ("T", "tera", 12), ("P", "peta", 15))
_SMALL: Final = (("c", "centi", -2), ("m", "milli", -3), ("µ", "micro", -6), ("n", "nano", -9))
_RARE: Final = (("d", "deci", -1), ("h", "hecto", 2), ("p", "pico", -12))
_BINARY: Final = (("Ki", "kibi", 1), ("Mi", "mebi", 2), ("Gi", "gibi", 3), ("Ti", "tebi", 4))

_CELSIUS: Final = Unit(dimension=_TEMPERATURE, parts=(("°C", 1),), zero=Fraction("273.15"))
_FAHRENHEIT: Final = Unit(
    factor=Fraction(5, 9), dimension=_TEMPERATURE, parts=(("°F", 1),), zero=Fraction("459.67") * Fraction(5, 9)
)


def find(name: str) -> Unit | None:
    """Return the unit of this name, None where there is none, or more than one in other capital letters."""
    power = {"square_": 2, "sq_": 2, "cubic_": 3, "cu_": 3}.get(name[: name.find("_") + 1], 1)
    plain = name[name.find("_") + 1 :] if power > 1 else name
    if plain[-1:] in ("2", "3") and power == 1:
        plain, power = plain[:-1], int(plain[-1])
    unit = _names().get(plain) or _any_case().get(plain.casefold())
    if unit is None or (power > 1 and unit.zero):
        return None
    return unit if power == 1 else Unit().times(unit, power)


@lru_cache(maxsize=1)
def _names() -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    for symbol, factor, dimension, names in (*_TABLE, *_METRIC):
        _add(found, symbol, factor, dimension, names.split())
    for symbol, factor, dimension, names in _METRIC:
        prefixes = _LARGE if dimension == _DATA else (*_LARGE, *_SMALL, *_RARE)
        for short, long, power in prefixes:
            more = [(short if len(name) == 1 else long) + name for name in names.split()]
            typed = [f"u{symbol}"] if short == "µ" else []
            _add(found, short + symbol, factor * Fraction(10) ** power, dimension, [*more, *typed])
    for short, long, power in _BINARY:
        _add(found, f"{short}B", Fraction(8 * 1024**power), _DATA, [f"{long}byte"])
    found.update(dict.fromkeys(("C", "°C", "degC", "celsius", "centigrade", "degrees_celsius"), _CELSIUS))
    found.update(dict.fromkeys(("F", "°F", "degF", "fahrenheit", "degrees_fahrenheit"), _FAHRENHEIT))
    return found


def _add(found: dict[str, Unit], symbol: str, factor: Number, dimension: Dimension, names: list[str]) -> None:
    unit = Unit(factor=factor, dimension=dimension, parts=((symbol, 1),))
    for name in (symbol, *names):
        found.setdefault(name, unit)
        if len(name) > 2 or name in ("lb", "hr", "yr", "wk", "km", "kg"):
            found.setdefault(f"{name}s", unit)


@lru_cache(maxsize=1)
def _any_case() -> dict[str, Unit | None]:
    """Return the units by their names in small letters; None where those mean several."""
    found: dict[str, Unit | None] = {}
    for name, unit in _names().items():
        if len(name) < 2:
            continue
        plain = name.casefold()
        found[plain] = unit if found.get(plain, unit) == unit else None
    return found
