"""Docstrings taken apart: what the model reads, what belongs to an argument, what people say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.docstring import Docstring, parse


def test_a_single_line_is_the_description() -> None:
    assert parse("Roll one die.") == Docstring(description="Roll one die.")


def test_the_description_ends_at_the_first_section() -> None:
    parsed = parse(
        """Roll dice.

        Each is fair.

        Args:
            sides: how many.

        Returns:
            The sum.
        """
    )

    assert parsed.description == "Roll dice.\n\nEach is fair."


def test_an_argument_may_name_its_type_and_run_over_several_lines() -> None:
    parsed = parse(
        """Draw.

        Args:
            title (str, optional): what stands above:
                one line.

                No more.
            *rest: the others.
        """
    )

    assert parsed.arguments == {"title": "what stands above: one line. No more.", "rest": "the others."}


def test_a_colon_in_an_indented_line_begins_no_argument() -> None:
    parsed = parse("Draw.\n\nArgs:\n    kind: one of\n        bar: with bars\n    size: in inches")

    assert parsed.arguments == {"kind": "one of bar: with bars", "size": "in inches"}


@pytest.mark.parametrize("heading", ["Example:", "Examples:"])
def test_examples_are_one_a_line(heading: str) -> None:
    parsed = parse(f"Roll.\n\n{heading}\n    - roll two dice\n\n    throw a coin")

    assert parsed.examples == ("roll two dice", "throw a coin")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"roll a die"', "roll a die"),
        ("`roll a die`", "roll a die"),
        ("“roll a die”", "roll a die"),
        ('draw "a, b"', 'draw "a, b"'),
        ('"a" and "b"', '"a" and "b"'),
        ('"hello" how often', '"hello" how often'),
    ],
)
def test_quotes_around_a_whole_example_are_taken_off_and_others_stay(written: str, read: str) -> None:
    assert parse(f"Say.\n\nExamples:\n    {written}").examples == (read,)


def test_sections_that_mean_nothing_to_a_model_are_left_out() -> None:
    parsed = parse("Roll.\n\nRaises:\n    ValueError: never.\n\nNote:\n    Fair.\n\nYields:\n    Numbers.")

    assert parsed == Docstring(description="Roll.")


@given(st.text())
def test_any_text_can_be_taken_apart(text: str) -> None:
    parsed = parse(text)

    assert parsed.description.strip() == parsed.description, "the description has space around it"
