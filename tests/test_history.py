"""Histories as strict servers want them: every call has one result right after it, and the reverse."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from core.history import LOST, distinct, repair
from core.items import Answer, Call, Item, Question, Result

ids = st.sampled_from(["", "a", "b", "call", "call_2", "a_2", "a_2_2"])
made_calls = st.builds(Call, id=ids, name=st.sampled_from(["roll", "draw"]), arguments=st.just("{}"))
answers = st.builds(Answer, text=st.sampled_from(["", "yes"]), calls=st.lists(made_calls, max_size=4).map(tuple))
results = st.builds(Result, call_id=ids, name=st.just("roll"), text=st.sampled_from(["1", "2"]))
histories = st.lists(st.one_of(st.builds(Question, text=st.just("?")), answers, results), max_size=14)


def asks(*named: str) -> Answer:
    return Answer(calls=tuple(Call(id=name, name="roll", arguments="{}") for name in named))


def gives(name: str, text: str = "6") -> Result:
    return Result(call_id=name, name="roll", text=text)


def lost(name: str) -> Result:
    return Result(call_id=name, name="roll", text=LOST, ok=False)


def well_ordered(items: Sequence[Item]) -> bool:
    """Whether every call has one result, all of an answer's right behind it, and no result is alone."""
    position = 0
    while position < len(items):
        item = items[position]
        position += 1
        if isinstance(item, Result):
            return False
        wanted = [call.id for call in item.calls] if isinstance(item, Answer) else []
        found = [one.call_id for one in items[position : position + len(wanted)] if isinstance(one, Result)]
        if sorted(found) != sorted(wanted):
            return False
        position += len(wanted)
    return True


def ids_of(items: Sequence[Item]) -> list[str]:
    return [call.id for item in items if isinstance(item, Answer) for call in item.calls]


@given(histories)
def test_every_call_has_exactly_one_result_right_behind_its_answer(history: list[Item]) -> None:
    assert well_ordered(repair(history))


@given(histories)
def test_the_ids_of_calls_are_there_and_differ(history: list[Item]) -> None:
    found = ids_of(repair(history))

    assert all(found)
    assert len(set(found)) == len(found)


@given(histories)
def test_a_repaired_history_is_not_changed_again(history: list[Item]) -> None:
    repaired = repair(history)

    assert repair(repaired) == repaired


@given(histories)
def test_nothing_but_results_is_added_or_dropped(history: list[Item]) -> None:
    def said(items: Sequence[Item]) -> list[tuple[str, str, int]]:
        return [
            (item.type, item.text, len(item.calls) if isinstance(item, Answer) else 0)
            for item in items
            if not isinstance(item, Result)
        ]

    assert said(repair(history)) == said(history)


def test_a_history_in_order_is_returned_as_it_is() -> None:
    history: list[Item] = [
        Question(text="?"),
        asks("a", "b"),
        gives("a"),
        gives("b"),
        asks("c"),
        gives("c"),
        Answer(text="6"),
    ]

    assert repair(history) == history


def test_f23_a_call_without_result_gets_an_error_result() -> None:
    assert repair([asks("a", "b"), gives("b"), Question(text="?")]) == [
        asks("a", "b"),
        lost("a"),
        gives("b"),
        Question(text="?"),
    ]


def test_f24_a_result_without_call_is_dropped() -> None:
    assert repair([gives("x"), Question(text="?"), asks("a"), gives("a"), gives("a"), gives("y")]) == [
        Question(text="?"),
        asks("a"),
        gives("a"),
    ]


def test_a_result_that_comes_after_something_else_is_too_late() -> None:
    assert repair([asks("a"), Question(text="?"), gives("a")]) == [asks("a"), lost("a"), Question(text="?")]


def test_results_in_another_order_are_put_into_the_order_of_the_calls() -> None:
    assert repair([asks("a", "b"), gives("b", "2"), gives("a", "1")]) == [
        asks("a", "b"),
        gives("a", "1"),
        gives("b", "2"),
    ]


def test_f26_an_id_that_was_used_in_an_earlier_answer_is_replaced() -> None:
    assert repair([asks("a"), gives("a", "1"), asks("a"), gives("a", "2")]) == [
        asks("a"),
        gives("a", "1"),
        asks("a_2"),
        gives("a_2", "2"),
    ]


def test_f26_an_id_that_repeats_in_one_answer_goes_with_the_results_in_order() -> None:
    assert repair([asks("a", "a"), gives("a", "1"), gives("a", "2")]) == [
        asks("a", "a_2"),
        gives("a", "1"),
        gives("a_2", "2"),
    ]


def test_f26_missing_ids_are_made() -> None:
    assert repair([asks("", ""), gives("", "1"), gives("", "2")]) == [
        asks("call_2", "call_3"),
        gives("call_2", "1"),
        gives("call_3", "2"),
    ]


def test_f25_reasoning_stays_with_the_calls_it_belongs_to() -> None:
    answer = Answer(calls=asks("a").calls, reasoning=({"type": "reasoning", "id": "r1"},))

    repaired = repair([asks("a"), gives("a"), answer])[2]
    assert isinstance(repaired, Answer)
    assert (repaired.reasoning, [call.id for call in repaired.calls]) == (answer.reasoning, ["a_2"])


@given(answers)
def test_the_calls_of_a_new_answer_get_distinct_ids(answer: Answer) -> None:
    found = ids_of([distinct(answer)])

    assert all(found)
    assert len(set(found)) == len(answer.calls)


def test_an_answer_with_distinct_ids_is_returned_as_it_is() -> None:
    assert distinct(asks("a", "b")) == asks("a", "b")
