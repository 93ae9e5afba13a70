"""Reading an expression: a parser that calculates as it goes.

::

    whole    = sum [("in" | "to" | "as" | "into") target]
    sum      = product {("+" | "-") product}
    product  = unary {("*" | "/" | "//" | "%" | "of" | "off") unary}
    unary    = ("+" | "-") unary | joined
    joined   = power {power}                  3 km, 2 pi, 5 (1 + 2), 3 h 20 min
    power    = postfix ["^" unary]
    postfix  = atom {"!" | "%" | "²" | "³" | "°"}
    atom     = number | date | name | function "(" whole {"," whole} ")" | "(" whole ")"
"""

import math
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

from core import SkillError
from skills.calculating import functions, values
from skills.calculating.numbers import checked, size
from skills.calculating.tokens import Token, cut
from skills.calculating.units import find
from skills.calculating.values import Parts, Percent, Quantity, Value

DEEPEST: Final = 40
"""How deep brackets, signs and powers may be nested."""

_END: Final = Token(kind="sign", text="")
_CONVERSIONS: Final = frozenset({"in", "to", "as", "into"})
_WORDS: Final = {
    "plus": "+",
    "minus": "-",
    "times": "*",
    "x": "*",
    "over": "/",
    "per": "/",
    "mod": "mod",
    "of": "of",
    "off": "off",
    "squared": "²",
    "cubed": "³",
    "percent": "%",
}
_ONE: Final = frozenset({"a", "an", "one"})


def evaluate(expression: str, today: date) -> Value:
    """Calculate an expression.

    Raises:
        SkillError: says what in it is not understood or cannot be calculated.
    """
    reader = _Reader(cut(expression), today)
    value = reader.whole()
    reader.expect_end()
    return value


class _Reader:
    def __init__(self, tokens: list[Token], today: date) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._today = today

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise SkillError(f"I do not understand “{self._peek().text}” at this place of the calculation.")

    def whole(self) -> Value:
        value = self._sum()
        while self._peek().kind == "name" and self._peek().text.casefold() in _CONVERSIONS:
            self._next()
            value = self._converted(value)
        return value

    def _converted(self, value: Value) -> Value:
        if self._sign() == "%":
            self._next()
            return Percent(number=values.plain(value, "A percentage") * 100)
        target = self._product()
        if not isinstance(target, Quantity) or target.number != 1 or not target.unit.dimension:
            raise SkillError("After “in” or “to” there has to be a unit, such as km or minutes.")
        return values.convert(values.quantity(value), target.unit)

    def _sum(self) -> Value:
        value = self._product()
        while (sign := self._sign()) in ("+", "-"):
            self._next()
            value = values.add(value, self._product(), 1 if sign == "+" else -1)
        return value

    def _product(self) -> Value:
        value = self._unary()
        while (sign := self._sign()) in ("*", "/", "//", "%", "mod", "of", "off"):
            self._next()
            value = self._combined(value, sign, self._unary())
        return value

    def _combined(self, left: Value, sign: str, right: Value) -> Value:
        if sign == "*":
            return values.multiply(left, right)
        if sign == "/":
            return values.over(left, right)
        if sign == "//":
            return Quantity(number=Fraction(math.floor(values.plain(values.over(left, right), "//"))))
        if sign in ("%", "mod"):
            return values.rest(left, right)
        if sign == "off" and isinstance(left, Percent):
            return values.add(right, left, -1)
        if sign == "of" and (isinstance(left, Percent) or size(values.plain(left, "“of”")) <= 1):
            return values.multiply(right, left)
        raise SkillError(f"Before “{sign}” there has to be a percentage, as in 17% {sign} 340.")

    def _unary(self) -> Value:
        sign = self._sign()
        if sign not in ("+", "-"):
            return self._joined()
        self._next()
        self._deeper()
        value = self._unary()
        self._depth -= 1
        return values.negative(value) if sign == "-" else value

    def _joined(self) -> Value:
        is_number = self._peek().kind == "number" or self._peek().text.casefold() in _ONE
        value = self._power()
        while is_number and self._is_factor():
            value = _times_unit(value, self._power())
        if is_number and isinstance(value, Quantity) and value.unit.dimension and self._is_quantity():
            more = self._joined()
            rest = more.quantities if isinstance(more, Parts) else (values.quantity(more),)
            return Parts(quantities=(value, *rest))
        return value

    def _is_factor(self) -> bool:
        """Tell whether a bracket or a name that is no operator follows, to be multiplied with."""
        token = self._peek()
        if token.kind != "name":
            return token.text == "("
        word = token.text.casefold()
        return (word not in _CONVERSIONS and word not in _WORDS) or self._is_inch(token)

    def _is_inch(self, token: Token) -> bool:
        """Tell the inch from the conversion: it stands behind a number, and before nothing to convert to."""
        after = self._peek(1)
        is_target = (after.kind != "sign" or after.text in ("(", "%")) and after.text.casefold() not in _CONVERSIONS
        return token.text == "in" and self._tokens[self._at - 1].kind == "number" and not is_target

    def _is_quantity(self) -> bool:
        """Tell whether a number with a unit follows, as the 20 min of 3 h 20 min."""
        return self._peek().kind == "number" and self._peek(1).kind == "name" and find(self._peek(1).text) is not None

    def _power(self) -> Value:
        value = self._postfix()
        if self._sign() != "^":
            return value
        self._next()
        self._deeper()
        value = values.raised(value, self._unary())
        self._depth -= 1
        return value

    def _postfix(self) -> Value:
        value = self._atom()
        while (sign := self._sign()) in ("!", "²", "³", "°") or (sign == "%" and not self._is_operand(1)):
            self._next()
            if sign == "!":
                value = Quantity(number=functions.factorial(values.plain(value, "A factorial")))
            elif sign == "%":
                value = Percent(number=values.plain(value, "A percentage"))
            elif sign == "°":
                value = _times_unit(value, self._named("deg"))
            else:
                value = values.raised(value, Quantity(number=Fraction(2 if sign == "²" else 3)))
        return value

    def _is_operand(self, ahead: int) -> bool:
        token = self._peek(ahead)
        if token.kind == "name":
            return token.text.casefold() not in _CONVERSIONS and token.text.casefold() not in _WORDS
        return token.kind != "sign" or token.text == "("

    def _atom(self) -> Value:
        token = self._next()
        if token.kind == "number":
            return Quantity(number=checked(token.number))
        if token.kind == "date":
            return token.day
        if token.text == "(":
            self._deeper()
            value = self.whole()
            self._close()
            return value
        if token.kind == "name":
            name = token.text.casefold()
            if name in functions.FUNCTIONS and (self._sign() in ("(", "of") or find(token.text) is None):
                return self._call(name)
            return self._named(token.text)
        if not token.text:
            raise SkillError("The calculation ends too early: a number is missing.")
        raise SkillError(f"I do not understand “{token.text}” at this place of the calculation.")

    def _named(self, text: str) -> Value:
        name = text.casefold()
        if name in _ONE:
            return Quantity(number=Fraction(1))
        if name in functions.CONSTANTS:
            return Quantity(number=functions.CONSTANTS[name])
        if name in ("today", "now", "tomorrow", "yesterday"):
            return self._today + timedelta(days={"tomorrow": 1, "yesterday": -1}.get(name, 0))
        unit = find(text)
        if unit is None:
            raise SkillError(
                f"I do not know “{text[:40].replace('_', ' ')}”: it is no unit, function or constant here."
            )
        return Quantity(number=Fraction(1), unit=unit)

    def _call(self, name: str) -> Value:
        if self._sign() == "of":
            self._next()
        if self._sign() != "(":
            self._deeper()
            arguments = [self._unary()]
            self._depth -= 1
            return _called(name, arguments)
        self._next()
        self._deeper()
        arguments = [self.whole()]
        while self._sign() == ",":
            self._next()
            arguments.append(self.whole())
        self._close()
        return _called(name, arguments)

    def _close(self) -> None:
        if self._next().text != ")":
            raise SkillError("A closing bracket is missing.")
        self._depth -= 1

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise SkillError("The calculation is nested too deeply.")

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[self._at + ahead] if self._at + ahead < len(self._tokens) else _END

    def _next(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _sign(self) -> str:
        """Return the operator that comes next, written as a sign or as a word, or nothing."""
        token = self._peek()
        if token.kind == "sign":
            return token.text
        return _WORDS.get(token.text.casefold(), "") if token.kind == "name" else ""


def _times_unit(value: Value, factor: Value) -> Quantity:
    """Multiply with what stands directly behind, also with a temperature scale, which takes no other arithmetic."""
    single, unit = values.quantity(value), values.quantity(factor)
    if unit.unit.zero and not single.unit.dimension:
        return Quantity(number=single.number, unit=unit.unit)
    return values.multiply(single, unit)


def _called(name: str, arguments: list[Value]) -> Quantity:
    """Call a function with quantities, where it takes them, else with plain numbers."""
    singles = [values.quantity(argument) for argument in arguments]
    unit = values.PLAIN
    if name in functions.ALIKE and singles[0].unit.dimension:
        unit = singles[0].unit
        alike = singles[:1] if name == "round" else singles
        singles = [values.convert(single, unit) for single in alike] + singles[len(alike) :]
        return Quantity(number=functions.call(name, [single.number for single in singles]), unit=unit)
    radian = find("rad")
    if name in functions.ANGLES and radian and singles[0].unit.dimension == radian.dimension:
        singles = [values.convert(single, radian) for single in singles]
        return Quantity(number=functions.call(name, [single.number for single in singles]))
    numbers = [values.plain(single, f"The function {name}") for single in singles]
    return Quantity(number=functions.call(name, numbers))
