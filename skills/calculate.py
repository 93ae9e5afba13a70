"""Skills that calculate."""

from datetime import date
from typing import Final

from core import SkillError, skill
from skills.calculating.phrases import answer

LONGEST: Final = 500


@skill
def calculate(expression: str) -> str:
    """Calculate exactly: arithmetic, percentages, units, temperatures and dates.

    Knows + - * / ^ % mod !, brackets, sqrt, round, min, max, mean, log (base 10), ln, sin (radians, or degrees as
    sin(30°)), pi and e; units as in 5 miles in km; percentages as in 17% of 340, 340 + 17% and 20% off 50; dates as in
    2026-12-24 - 2026-11-22, 2026-11-22 + 90 days, days until 2026-12-24 and weekday of 2026-12-24.

    Args:
        expression: What to calculate, in signs or plain words, dates as year-month-day.

    Examples:
        17% of 340
        5 miles in km
        how many days until 2026-12-24
        how long until 2026-12-24
        how many days since 1 May
        what is 12 * (3 + 4)
        convert 70 F to C
        how many feet in 3 miles
        7 plus 5
        8 times 7
        10 divided by 4
        15 percent of 80
        sqrt(2)
        3 to the power of 4
        3 h 20 min in minutes
        10 km / 2 h in km/h
        2026-11-22 + 90 days
        what date is it in 3 weeks
        what is the date 3 weeks from today
        what weekday is 2026-12-24
        what day is 2026-12-24
        what day of the week was 1969-07-20
        how many days between 2026-11-22 and 2026-12-24
        square root of 144
    """
    return calculated(expression, date.today())


def calculated(expression: str, today: date) -> str:
    """Calculate as of a day.

    Raises:
        SkillError: says what is not understood or cannot be calculated.
    """
    if not expression.strip():
        raise SkillError("There is nothing to calculate: give an expression such as 17% of 340.")
    if len(expression) > LONGEST:
        raise SkillError(f"The calculation is too long: at most {LONGEST} characters are read.")
    try:
        return answer(expression, today)
    except OverflowError as error:
        raise SkillError("The numbers of this calculation are too large.") from error
