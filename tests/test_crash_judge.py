"""The judge of the crash tests sees what is wrong."""

from collections import Counter
from dataclasses import replace

import pytest

from bots.simulator.transcript import Shown, ShownFile
from bots.text import REPEATED
from core.doubts import told
from core.items import Begun, Call
from tests.crash_judge import Place, Seen, judge, strange
from tests.crash_questions import Question

QUESTION = Question(number=7, skills=("publish", "picture"), lines=4)
PLACE = Place(channel="C1", thread="1.0")
LINES = QUESTION.answer.splitlines()
PUBLISHED = Counter({"publish 7": 1})


def said(*lines: str, picture: bool = False, marked: bool = False, thread: str | None = "1.0") -> Seen:
    files = [ShownFile(name="picture-7.png", media_type="image/png", content=b"")] if picture else []
    text = "\n".join([REPEATED, *lines] if marked else lines)
    return Seen(shown=Shown(id="m", channel="C1", author="bot", text=text, thread=thread, files=files), marked=marked)


WHOLE = [said(*LINES[:2]), said(*LINES[2:]), said(picture=True)]


def test_an_answer_in_several_parts_is_one_answer() -> None:
    verdict = judge(QUESTION, PLACE, WHOLE, PUBLISHED)
    assert (verdict.fate, verdict.reasons) == ("answered", ())


@pytest.mark.parametrize(
    ("seen", "fate"),
    [
        ([], "lost"),
        ([said(*LINES)], "lost"),
        ([said(*LINES[1:]), said(picture=True)], "lost"),
        ([*WHOLE, said(*LINES[2:])], "doubled"),
        ([*WHOLE, said(picture=True)], "doubled"),
        ([*WHOLE, said(*LINES[2:], marked=True)], "marked"),
        ([said(*LINES[2:]), said(*LINES[:2]), said(picture=True)], "wrong"),
        ([said(*LINES), said(picture=True, thread=None)], "wrong"),
    ],
)
def test_what_is_lost_doubled_marked_or_misplaced_is_seen(seen: list[Seen], fate: str) -> None:
    verdict = judge(QUESTION, PLACE, seen, PUBLISHED)
    assert verdict.fate == fate
    assert bool(verdict.reasons) == (fate != "marked")


@pytest.mark.parametrize(
    ("published", "doubt", "fate"),
    [(0, True, "answered"), (0, False, "wrong"), (1, True, "answered"), (2, True, "wrong")],
)
def test_effects_happen_at_most_once_and_the_answer_tells_where_they_may_not_have(
    published: int, doubt: bool, fate: str
) -> None:
    begun = Begun(call=Call(id="", name="publish", arguments=""))
    last = said(told(LINES[3], [begun] if doubt else []), picture=True)
    verdict = judge(QUESTION, PLACE, [said(*LINES[:3]), last], Counter({"publish 7": published}))
    assert (verdict.fate, verdict.doubt) == (fate, doubt)


def test_an_answer_replies_to_its_question() -> None:
    seen = [replace(WHOLE[0], to="another"), *WHOLE[1:]]
    assert judge(QUESTION, replace(PLACE, to="question"), seen, PUBLISHED).fate == "wrong"


def test_a_refused_command_needs_no_answer_but_bears_no_half_of_one() -> None:
    assert judge(QUESTION, PLACE, [], Counter(), must=False).fate == "refused"
    assert judge(QUESTION, PLACE, WHOLE[:1], PUBLISHED, must=False).fate == "lost"


def test_what_answers_nothing_is_strange() -> None:
    assert strange([*WHOLE, said("Something went wrong inside me.")]) == [said("Something went wrong inside me.")]
