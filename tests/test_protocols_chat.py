import json
from collections.abc import Mapping, Sequence

import pytest

from core.items import Answer
from core.protocols.chat import ChatReader
from core.protocols.faults import RequestFailedError


def read(*events: Mapping[str, object] | str) -> tuple[Answer, ChatReader]:
    reader = ChatReader("m")
    for event in events:
        reader.feed(event if isinstance(event, str) else json.dumps(event))
    return reader.answer(), reader


def delta(finish: str | None = None, **fields: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def fragment(
    *, index: int | None = None, id: str | None = None, name: str | None = None, arguments: object = None
) -> dict[str, object]:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    call = {key: value for key, value in (("index", index), ("id", id)) if value is not None}
    return delta(tool_calls=[{**call, "function": function}])


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(
            [
                fragment(index=0, id="a", name="one", arguments=""),
                fragment(index=0, arguments='{"x"'),
                fragment(index=0, arguments=":1}"),
                fragment(index=1, id="b", name="two", arguments='{"x":2}'),
            ],
            id="as documented",
        ),
        pytest.param(
            [
                fragment(index=0, id="a", name="one", arguments='{"x":'),
                fragment(index=1, id="b", name="two", arguments='{"x":'),
                fragment(index=0, arguments="1}"),
                fragment(index=1, arguments="2}"),
            ],
            id="interleaved",
        ),
        pytest.param(
            [
                fragment(name="one", arguments='{"x":1}'),
                fragment(name="two", arguments='{"x":2}'),
            ],
            id="neither index nor id",
        ),
        pytest.param(
            [
                fragment(index=0, id="a", name="one", arguments='{"x":1}'),
                fragment(index=0, id="b", name="two", arguments='{"x":2}'),
            ],
            id="one index for all",
        ),
        pytest.param(
            [
                fragment(index=0, id="call", name="one", arguments='{"x":1}'),
                fragment(index=1, id="call", name="two", arguments='{"x":2}'),
            ],
            id="one id for all",
        ),
        pytest.param(
            [
                fragment(index=0, id="call", name="one", arguments='{"x":1}'),
                fragment(index=0, id="call", name="two", arguments='{"x":2}'),
            ],
            id="one index and one id for all",
        ),
        pytest.param(
            [
                fragment(index=0, id="a", name="one", arguments='{"x"'),
                fragment(index=0, id="a", name="one", arguments=":1}"),
                fragment(index=1, id="b", name="two", arguments='{"x"'),
                fragment(index=1, id="b", name="two", arguments=":2}"),
            ],
            id="id and name in each fragment",
        ),
        pytest.param(
            [
                fragment(index=0, name="one", arguments={"x": 1}),
                fragment(index=1, name="two", arguments={"x": 2}),
            ],
            id="arguments as an object",
        ),
    ],
)
def test_calls_are_put_together_however_servers_send_them(events: Sequence[Mapping[str, object]]) -> None:
    answer, _ = read(*events, delta("tool_calls"), "[DONE]")
    assert [(call.name, json.loads(call.arguments)) for call in answer.calls] == [("one", {"x": 1}), ("two", {"x": 2})]
    assert len({call.id for call in answer.calls}) == 2
    assert all(call.id for call in answer.calls)


def test_a_call_without_arguments_has_an_empty_object() -> None:
    answer, _ = read(fragment(index=0, id="a", name="clock"), delta("tool_calls"))
    assert answer.calls[0].arguments == "{}"


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"choices": None},
        {"choices": [None]},
        {"choices": [{}]},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": {"content": None, "tool_calls": None, "role": None}}], "usage": None},
        {"choices": [{"delta": {"tool_calls": [None, {}]}}], "usage": {"prompt_tokens_details": None}},
        {"choices": [], "prompt_filter_results": []},
        [],
        "5",
    ],
)
def test_fields_that_are_missing_or_null_do_no_harm(event: Mapping[str, object] | str) -> None:
    answer, _ = read(delta(content="fine"), event, delta("stop"))
    assert answer.text == "fine"


@pytest.mark.parametrize(
    ("events", "complete"),
    [
        ([delta(content="x"), delta("stop")], True),
        ([delta(content="x"), "[DONE]"], True),
        ([delta(content="x")], False),
        ([{"choices": [{"message": {"content": "x"}}]}], True),
        ([], False),
    ],
)
def test_an_answer_is_complete_with_a_reason_or_an_end_mark(
    events: Sequence[Mapping[str, object] | str], complete: bool
) -> None:
    _, reader = read(*events)
    assert bool(reader.finish) is complete


def test_content_in_parts_and_refusals_are_text() -> None:
    answer, _ = read(delta(content=[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]), delta(refusal="c"))
    assert answer.text == "abc"


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["<think>", "hm, ", "let me", "</thi", "nk>\n\n", "A four."], "A four."),
        (["\n<think>hm</think>", "\n", "A ", "four."], "A four."),
        (["<th", "ree> is no mark"], "<three> is no mark"),
        (["A <think> in the middle"], "A <think> in the middle"),
        (["<think>cut before it ended"], ""),
        (["<th"], "<th"),
    ],
)
def test_thinking_written_into_the_answer_is_left_out(pieces: list[str], text: str) -> None:
    answer, _ = read(*(delta(content=piece) for piece in pieces), delta("stop"))
    assert answer.text == text


def test_an_error_in_the_stream_fails_the_answer() -> None:
    with pytest.raises(RequestFailedError, match="asked too often") as caught:
        read({"error": {"message": "slow down", "code": "rate_limit_exceeded"}})
    assert caught.value.again
