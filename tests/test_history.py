"""Histories as strict servers want them: every call has one result right after it, and the reverse."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.simulator.model.checks import complaint
from bots.simulator.model.request import Api, Request
from core.history import LOST, distinct, repair
from core.items import Answer, Call, Item, Question, Result
from core.messages import JsonObject
from core.protocols.api import Ask
from core.protocols.chat import ChatApi
from core.protocols.jsonask import in_json
from core.protocols.responses import ResponsesApi

IDS = ["", "a", "b", "call", "call_2", "a_2", "a_2_2"]
ids = st.sampled_from(IDS)
arguments = st.sampled_from(["{}", '{"n": 1}', "", "[1]", '{"n": ', "NaN"])
made_calls = st.builds(Call, id=ids, name=st.sampled_from(["roll", "draw it!", ""]), arguments=arguments)
thought: JsonObject = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "sealed"}
answers = st.builds(
    Answer,
    text=st.sampled_from(["", "yes"]),
    calls=st.lists(made_calls, max_size=4).map(tuple),
    reasoning=st.sampled_from([(), (thought,)]),
)
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
def test_nothing_but_ids_and_results_is_changed(history: list[Item]) -> None:
    def said(items: Sequence[Item]) -> list[Item]:
        return [
            replace(item, calls=tuple(replace(call, id="") for call in item.calls))
            if isinstance(item, Answer)
            else item
            for item in items
            if not isinstance(item, Result)
        ]

    assert said(repair(history)) == said(history)


@given(histories)
def test_every_call_has_the_result_it_had_and_only_one_that_had_none_is_said_to_be_lost(history: list[Item]) -> None:
    assert [item.text for item in repair(history) if isinstance(item, Result)] == given_to_calls(history)


def given_to_calls(history: Sequence[Item]) -> list[str]:
    """For each call, in order, the text of the result right behind its answer: of one id, the first for the first."""
    texts: list[str] = []
    for place, item in enumerate(history):
        if not isinstance(item, Answer):
            continue
        behind = list(takewhile(lambda one: isinstance(one, Result), history[place + 1 :]))
        waiting = {
            name: [one.text for one in behind if isinstance(one, Result) and one.call_id == name] for name in IDS
        }
        texts += [waiting[call.id].pop(0) if waiting[call.id] else LOST for call in item.calls]
    return texts


turns = st.lists(st.integers(0, 3), max_size=6).map(
    lambda counts: [in_order(number, count) for number, count in enumerate(counts)]
)


def in_order(number: int, count: int) -> list[Item]:
    """A turn that no server would complain about."""
    names = [f"t{number}c{place}" for place in range(count)]
    called: list[Item] = [asks(*names), *(gives(name, f"result of {name}") for name in names)] if names else []
    return [Question(text=f"question {number}"), *called, Answer(text=f"answer {number}")]


@given(turns, st.integers(0, 5), st.sampled_from(["lose", "repeat", "orphan", "swap"]))
def test_what_is_in_order_stays_as_it_is_beside_what_is_not(turns: list[list[Item]], at: int, damage: str) -> None:
    damaged = [broken(turn, damage) if number == at else turn for number, turn in enumerate(turns)]

    repaired = repair([item for turn in damaged for item in turn])

    for number, turn in enumerate(turns):
        if number != at or damage in ("repeat", "orphan", "swap"):
            assert contains(repaired, turn), "a turn was changed that was in order, or could be mended"


def broken(turn: list[Item], damage: str) -> list[Item]:
    found = [place for place, item in enumerate(turn) if isinstance(item, Result)]
    first, last = (found[0], found[-1]) if found else (1, 0)
    before, results_, after = turn[:first], turn[first : last + 1], turn[last + 1 :]
    match damage:
        case "lose":
            results_ = results_[1:]
        case "repeat":
            results_ = [*results_, *results_]
        case "orphan":
            before = [gives("stray"), *before]
        case _:
            results_ = results_[::-1]
    return [*before, *results_, *after] if found else turn


def contains(whole: Sequence[Item], part: Sequence[Item]) -> bool:
    return any(list(whole[start : start + len(part)]) == list(part) for start in range(len(whole)))


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("written", [False, True])
@given(histories)
def test_a_repaired_history_is_a_request_that_strict_servers_take(api: Api, written: bool, history: list[Item]) -> None:
    ask = Ask(model="m", instructions="", items=[Question(text="?"), *repair(history)])
    protocol = ChatApi() if api == "chat" else ResponsesApi()
    body = protocol.encode(in_json(ask) if written else ask)

    sent = Request(api=api, body=json.loads(json.dumps(body)))

    assert complaint(sent, {}) == ""
    if not written:
        assert sum(is_result(item) for item in sent.items) == len(ids_of(history)), "each call is answered once"


def is_result(item: JsonObject) -> bool:
    return item.get("role") == "tool" or item.get("type") == "function_call_output"


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


@pytest.mark.parametrize("calls", [(), asks("a").calls])
def test_f25_reasoning_is_sent_with_the_calls_it_led_to_or_not_at_all(calls: tuple[Call, ...]) -> None:
    history = repair([Question(text="?"), Answer(calls=calls, reasoning=(thought,)), Question(text="and now?")])
    sent = ResponsesApi().encode(Ask(model="m", instructions="", items=history))["input"]
    assert isinstance(sent, list)
    kinds = [item.get("type", "message") for item in sent if isinstance(item, dict)]
    middle = ["reasoning", "function_call", "function_call_output"] if calls else ["message"]
    assert kinds == ["message", *middle, "message"]


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
