"""What is said in a thread without a mention: for the assistant, or among people; pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.slack.follow import Said, asks, is_for, speaks_to


def among(
    text: str, *, answered: bool = False, names_others: bool = False, others: tuple[str, ...] = ("Grace",)
) -> Said:
    """Return what is said in a thread of several people."""
    return Said(text=text, alone=False, answered=answered, names_others=names_others, others=others)


@pytest.mark.parametrize(
    "text",
    [
        "Steward, make it a bar chart",
        "steward: and for May?",
        "Steward please add the total",
        "Steward can you add the total",
        "Steward?",
        "Hey Steward what about May",
        "hi steward",
        "@Steward, and May?",
        "**Steward**, and May?",
        "And for May, Steward?",
        "thanks, Steward!",
        "Steward – the other one",
        "Steward what is the sum",
    ],
)
def test_whoever_says_its_name_to_it_is_answered(text: str) -> None:
    assert speaks_to(text, "Steward")
    assert is_for(among(text), "Steward")


@pytest.mark.parametrize(
    "text",
    [
        "Steward is down again",
        "Steward said 4, I think it is 5",
        "I asked Steward about that",
        "did Steward answer?",
        "Steward's answer is wrong",
        "hey Steward's answer is wrong",
        "stewardship, a word",
        "Stewart, can you look?",
        "Steward-like tools are nice",
        "Steward could be wrong there",
        "we should ask Steward",
        "thanks",
        "",
    ],
)
def test_talk_about_it_is_not_talk_to_it(text: str) -> None:
    assert not speaks_to(text, "Steward")
    assert not is_for(among(text), "Steward")


@pytest.mark.parametrize(
    "text", ["and for May?", "why is it so?", "Really? I thought it was 5.", "と、五月は？", "(or 5?)"]
)
def test_a_question_right_after_its_answer_is_for_it(text: str) -> None:
    assert is_for(among(text, answered=True), "Steward")
    assert not is_for(among(text, answered=False), "Steward")


@pytest.mark.parametrize(
    "text", ["thanks", "thanks!", "I see", "see https://x.org/?q=1 for more", "`a ? b : c` is how it is written"]
)
def test_what_asks_nothing_is_left_among_people(text: str) -> None:
    assert not is_for(among(text, answered=True), "Steward")


@pytest.mark.parametrize(
    "text",
    [
        "Grace, do you agree?",
        "do you agree, Grace?",
        "hey Grace do you agree?",
        "Grace can you check?",
        "Ms. Hopper, do you agree?",
    ],
)
def test_a_question_to_somebody_else_by_name_is_not_for_it(text: str) -> None:
    said = among(text, answered=True, others=("Grace Hopper", "Ms. Hopper"))
    assert not is_for(said, "Steward")


@pytest.mark.parametrize(("text", "for_it"), [("is that right?", False), ("Steward, is that right?", True)])
def test_a_colleague_who_is_mentioned_is_asked_unless_it_is_named(text: str, for_it: bool) -> None:
    assert is_for(among(text, answered=True, names_others=True), "Steward") is for_it
    assert is_for(Said(text=text, alone=True, answered=True, names_others=True), "Steward") is for_it


@pytest.mark.parametrize("text", ["and for May", "make it blue", "thanks"])
def test_whoever_is_alone_with_it_speaks_to_it(text: str) -> None:
    assert is_for(Said(text=text, alone=True, answered=False), "Steward")


@given(st.text(), st.text(), st.booleans())
def test_any_text_and_name_can_be_judged(text: str, name: str, answered: bool) -> None:
    assert is_for(among(text, answered=answered, others=(name,)), name) in (True, False)


@given(st.text(alphabet="ab c,.!\n", max_size=40))
def test_without_question_name_or_solitude_it_is_silent(text: str) -> None:
    assert not asks(text)
    assert not is_for(among(text, answered=True), "Steward")
