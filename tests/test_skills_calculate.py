"""`calculate`: arithmetic, percentages, units and dates, and how it refuses the rest."""

import math
import time
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import SkillError
from skills.calculate import LONGEST, calculate, calculated
from skills.calculating.functions import FUNCTIONS
from skills.calculating.grammar import evaluate
from skills.calculating.numbers import exact_root, rounded, written
from skills.calculating.units import find
from skills.calculating.values import Quantity

TODAY = date(2026, 11, 22)


def _is(question: str, expected: str) -> None:
    assert calculated(question, TODAY) == expected, question


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("2 + 3 * 4", "14"),
        ("what is 12 * (3 + 4)?", "84"),
        ("0.1 + 0.2", "0.3"),
        ("1/3", "0.333333333333 (1/3)"),
        ("1/8", "0.125"),
        ("-2^2", "-4"),
        ("2^3^2", "512"),
        ("2 ** -3", "0.125"),
        ("9^0.5", "3"),
        ("2^0.5", "1.41421356237"),
        ("7 // 2", "3"),
        ("17 % 5", "2"),
        ("-7 mod 3", "2"),
        ("1,200 + 3", "1203"),
        ("3 × 4 ÷ 2 − 1", "5"),
        ("3 plus 4 times 2", "11"),
        ("10 divided by 4", "2.5"),
        ("2 to the power of 10", "1024"),
        ("5 squared", "25"),
        ("2 pi", "6.28318530718"),
        ("2(3+4)", "14"),
        ("5!", "120"),
        ("1e3", "1000"),
        ("1e-10", "1e-10"),
        ("1.5e21", "1500000000000000000000"),
        ("12345678901234567890 * 98765432109876543210", "1219326311370217952237463801111263526900"),
        ("2^10000", "1.99506311688e+3010 (3,011 digits)"),
    ],
)
def test_arithmetic(question: str, expected: str) -> None:
    _is(question, expected)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("17% of 340", "57.8"),
        ("340 + 17%", "397.8"),
        ("340 - 17%", "282.2"),
        ("200 km + 10%", "220 km"),
        ("20% off 50", "40"),
        ("50% * 8", "4"),
        ("5% + 3%", "8%"),
        ("17%", "17%"),
        ("1/8 in %", "12.5%"),
        ("what percent of 340 is 17", "5%"),
        ("17 is what percent of 340?", "5%"),
        ("17 as a percentage of 340", "5%"),
        ("1/4 of 200", "50"),
    ],
)
def test_percentages(question: str, expected: str) -> None:
    _is(question, expected)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("sqrt(16/25)", "0.8"),
        ("square root of 144", "12"),
        ("sqrt 2", "1.41421356237"),
        ("cbrt(27)", "3"),
        ("round(3.14159, 2)", "3.14"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("floor(-1.5) + ceil(1.2)", "0"),
        ("max(1,200)", "200"),
        ("min(3, 1, 2)", "1"),
        ("mean(1, 2, 3, 4)", "2.5"),
        ("median(5, 1, 3)", "3"),
        ("median(1, 2, 3, 4)", "2.5"),
        ("log(1000)", "3"),
        ("log(8, 2)", "3"),
        ("log2(8)", "3"),
        ("ln(e)", "1"),
        ("exp(0)", "1"),
        ("sin(30°)", "0.5"),
        ("cos(60 deg)", "0.5"),
        ("sin(pi/6)", "0.5"),
        ("choose(49, 6)", "13983816"),
        ("gcd(12, 18) + lcm(4, 6)", "18"),
        ("max(1 km, 900 m, 0.5 mi)", "1 km"),
        ("round(10 km / 3, 1)", "3.3 km"),
    ],
)
def test_functions(question: str, expected: str) -> None:
    _is(question, expected)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("5 miles in km", "8.04672 km"),
        ("convert 70 F to C", "21.1111 °C"),
        ("-40 °F in °C", "-40 °C"),
        ("300 K in degrees celsius", "26.85 °C"),
        ("3 h 20 min in minutes", "200 min"),
        ("10 km / 2 h in km/h", "5 km/h"),
        ("60 km/h * 2 h", "120 km"),
        ("5 ft 7 in in cm", "170.18 cm"),
        ("5 in to cm", "12.7 cm"),
        ("100 cm in in", "39.3701 in"),
        ("10 sq ft in m2", "0.9290304 m²"),
        ("5 m^2 in cm²", "50000 cm²"),
        ("10 miles per hour in km/h", "16.09344 km/h"),
        ("9.81 m/s^2 * 70 kg in N", "686.7 N"),
        ("1 GiB in MB", "1073.741824 MB"),
        ("100 Mbit/s * 1 h in GB", "45 GB"),
        ("200 W * 3 h in kWh", "0.6 kWh"),
        ("7 l / 100 km * 350 km", "24.5 L"),
        ("1/2 hour in minutes", "30 min"),
        ("2 cups in ml", "473.176473 mL"),
        ("150 lbs in KG", "68.0388555 kg"),
        ("how many feet are in a mile", "5280 ft"),
        ("how many minutes in 3 h", "180 min"),
        ("5 km + 3 miles", "9.828032 km"),
        ("km / m", "1000"),
        ("2 weeks in days", "14 days"),
        ("250 µm in mm", "0.25 mm"),
    ],
)
def test_units(question: str, expected: str) -> None:
    _is(question, expected)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("2026-12-24 - 2026-11-22", "32 days"),
        ("(2026-12-24 - 2026-11-22) in weeks", "4.57143 weeks"),
        ("2026-11-22 + 90 days", "2027-02-20"),
        ("90 days + 2026-11-22", "2027-02-20"),
        ("2026-01-31 + 1 month", "2026-02-28"),
        ("2026-01-31 + 1 month 3 days", "2026-03-03"),
        ("2024-02-29 + 1 year", "2025-02-28"),
        ("2026-03-31 - 1 month", "2026-02-28"),
        ("today", "2026-11-22"),
        ("tomorrow + 2 weeks", "2026-12-07"),
        ("24 December 2026 - 1 day", "2026-12-23"),
        ("Dec 24th, 2026 + 1 week", "2026-12-31"),
        ("days until 2026-12-24", "32 days (from 2026-11-22 to 2026-12-24)"),
        ("how many days is it until December 24, 2026?", "32 days (from 2026-11-22 to 2026-12-24)"),
        ("days until 2026-11-20", "-2 days (from 2026-11-22 to 2026-11-20): the second date is before the first"),
        ("weeks until 2026-12-24", "4 weeks and 4 days (from 2026-11-22 to 2026-12-24)"),
        ("how many months until 2027-03-01", "3 months and 7 days (from 2026-11-22 to 2027-03-01)"),
        ("years since 2000-11-23", "25 years and 364 days (from 2000-11-23 to 2026-11-22)"),
        ("days since 2026-11-21", "1 day (from 2026-11-21 to 2026-11-22)"),
        ("days between 2026-01-01 and 2026-12-31", "364 days (from 2026-01-01 to 2026-12-31)"),
        ("how many days from 2026-01-01 to 2026-02-01", "31 days (from 2026-01-01 to 2026-02-01)"),
        ("how long until 2026-12-24", "32 days (from 2026-11-22 to 2026-12-24)"),
        ("how many days until 25 December?", "33 days (from 2026-11-22 to 2026-12-25)"),
        ("days until the 3rd of March", "101 days (from 2026-11-22 to 2027-03-03)"),
        ("days since May 1", "205 days (from 2026-05-01 to 2026-11-22)"),
        ("days since 24 December", "333 days (from 2025-12-24 to 2026-11-22)"),
        ("what date is it in 3 weeks?", "2026-12-13 (Sunday)"),
        ("what is the date 3 weeks from now", "2026-12-13 (Sunday)"),
        ("90 days before 2026-11-22", "2026-08-24 (Monday)"),
        ("10 days ago", "2026-11-12 (Thursday)"),
        ("weekday of 2026-12-24", "Thursday (2026-12-24)"),
        ("what weekday is 2026-12-24?", "Thursday (2026-12-24)"),
        ("what day is it today", "Sunday (2026-11-22)"),
    ],
)
def test_dates(question: str, expected: str) -> None:
    _is(question, expected)


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("", "nothing to calculate"),
        ("1 " * LONGEST, "too long"),
        ("1/0", "divided by zero"),
        ("5 mod 0", "divided by zero"),
        ("0^-1", "divided by zero"),
        ("1/0 km", "divided by zero"),
        ("5 +", "ends too early"),
        ("(1", "closing bracket is missing"),
        ("1)", "do not understand “\\)”"),
        ("2 3", "do not understand “3”"),
        ("foo", "do not know “foo”"),
        ("__import__('os')", "do not understand “_”"),
        ("3 + $5", "do not understand “\\$”"),
        ("20 of 340", "has to be a percentage"),
        ("5 km in kg", "measure different things"),
        ("5 km + 3", "measure different things"),
        ("5 km in 2", "has to be a unit"),
        ("20 C + 5 C", "cannot be calculated with|not calculated with"),
        ("5 mb in bits", "do not know “mb”"),
        ("sqrt(-1)", "no real square root"),
        ("(-8)^(1/3)", "no real power"),
        ("asin(2)", "no real result"),
        ("log(0)", "above zero"),
        ("(-1)!", "no factorial"),
        ("2.5!", "whole number"),
        ("sqrt(1, 2)", "takes 1 arguments"),
        ("sqrt(5 km)", "needs a plain number, not 5 km"),
        ("2^(3 km)", "needs a plain number"),
        ("2026-02-30", "no day 2026-02-30"),
        ("9999-12-31 + 1 day", "outside the years"),
        ("2026-01-01 + 1e20 years", "outside the years"),
        ("2026-01-01 + 2026-01-02", "cannot be added"),
        ("2026-01-01 * 2", "not calculated with"),
        ("2026-01-01 + 5 h", "whole days"),
        ("days until 5 km", "5 km is not a date"),
    ],
)
def test_what_cannot_be_calculated_is_explained(question: str, reason: str) -> None:
    with pytest.raises(SkillError, match=reason):
        calculated(question, TODAY)


@pytest.mark.parametrize(
    "question",
    [
        "9^9^9^9",
        "2^100000",
        "99999!",
        "1500!!",
        "1e9999",
        "1e99999",
        "exp(1000)",
        "exp(700)*exp(700)",
        "1e300 * 1e300 * pi",
        "((((((km^9)^9)^9)^9)^9)^9)^9",
        "2^14000 * 2^14000",
        "(" * 400 + "1",
        "-" * 499 + "1",
        "2^" * 249 + "1",
        "sqrt " * 99 + "2",
        "round(1, 1e9)",
    ],
    ids=lambda question: question[:20],
)
def test_what_would_take_too_long_or_too_much_is_refused_at_once(question: str) -> None:
    started = time.perf_counter()
    with pytest.raises(SkillError):
        calculated(question, TODAY)
    assert time.perf_counter() - started < 1


def test_today_is_the_day_of_asking() -> None:
    assert calculate("today - yesterday") == "1 day"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_takes_as_many_arguments_as_it_says(name: str) -> None:
    least = FUNCTIONS[name][1]
    assert calculated(f"{name}({', '.join(['1', '1'][:least])})", TODAY)


@pytest.mark.parametrize("name", ["KM", "Kilometres", "kWh", "sq_ft", "m3", "us_gallon", "light_years", "µs", "hrs"])
def test_units_have_the_names_people_use(name: str) -> None:
    assert find(name) is not None


@pytest.mark.parametrize("name", ["mb", "M", "H", "fto", "kmin", "", "_", "square_", "C2"])
def test_what_could_be_two_units_or_none_is_not_guessed(name: str) -> None:
    assert find(name) is None


_leaf = st.integers(0, 99).map(lambda number: (str(number), f"Fraction({number})"))


def _branch(inner: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
    # A minus is bracketed: behind a % it would make a percentage of what stands before it.
    signs = st.sampled_from(["+", "-", "*", "/", "//", "%"])
    both = st.tuples(inner, signs, inner).map(
        lambda of: (f"({of[0][0]} {of[1]} {of[2][0]})", f"({of[0][1]} {of[1]} {of[2][1]})")
    )
    power = st.tuples(inner, st.integers(0, 3)).map(lambda of: (f"({of[0][0]}^{of[1]})", f"({of[0][1]}**{of[1]})"))
    return st.one_of(both, power, inner.map(lambda of: (f"(-{of[0]})", f"(-{of[1]})")))


@given(st.recursive(_leaf, _branch, max_leaves=8))
def test_arithmetic_agrees_with_python(pair: tuple[str, str]) -> None:
    ours, pythons = pair
    try:
        expected = Fraction(eval(pythons, {"Fraction": Fraction}))
    except ZeroDivisionError:
        with pytest.raises(SkillError):
            evaluate(ours, TODAY)
        return
    assert evaluate(ours, TODAY) == Quantity(number=expected)


@given(st.fractions(max_denominator=10**9))
def test_a_written_number_is_the_number(number: Fraction) -> None:
    text = written(number).partition(" ")[0]
    assert math.isclose(Fraction(text), number, rel_tol=1e-11)
    assert len(rounded(number, 6).strip("-").replace(".", "").lstrip("0")) <= 22


@given(st.fractions(min_value=0))
def test_the_root_of_a_square_is_exact(number: Fraction) -> None:
    assert exact_root(number * number) == number


@given(st.floats(-1e6, 1e6), st.sampled_from([("km", "mi"), ("C", "F"), ("kg", "lb"), ("day", "min"), ("GB", "bit")]))
def test_a_conversion_and_back_is_the_same_quantity(number: float, units: tuple[str, str]) -> None:
    exact = f"({Fraction(number).numerator}/{Fraction(number).denominator})"
    there = evaluate(f"1 * {exact}", TODAY)
    back = evaluate(f"{abs(number):.6f} {units[0]} in {units[1]} in {units[0]}", TODAY)
    assert isinstance(there, Quantity)
    assert isinstance(back, Quantity)
    assert back.number == Fraction(f"{abs(number):.6f}")


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 5000))
def test_a_date_moved_by_days_is_as_many_days_away(day: date, days: int) -> None:
    assert calculated(f"({day} + {days} days) - {day}", TODAY) == f"{days} day{'' if days == 1 else 's'}"


_SOUP = (
    "1 2.5 1e9 17% ( ) + - * / // ^ ! ° ² , % mod of off in to as km m^2 F C h min days month 2026-12-24 today until "
    "since between and from weekday what is how many percent sqrt( round( max( log( sqrt of square root a x 1/2 0"
)
_words = st.sampled_from(_SOUP.split())


@given(st.one_of(st.text(max_size=60), st.lists(_words, max_size=14).map(" ".join)))
@example("0 F^2 in C")
@example("1/2 F * F")
@example("sqrt(1e400*pi)")
@example("days until days until 2026-12-24")
@example("٣ + ٤")
def test_any_text_is_calculated_or_refused_with_a_sentence(question: str) -> None:
    try:
        told = calculated(question, TODAY)
    except SkillError as refusal:
        told = str(refusal)
    assert told
