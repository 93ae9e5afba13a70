import json
from collections.abc import Mapping

import pytest

from core.items import Answer, Usage
from core.protocols.faults import RequestFailedError
from core.protocols.responses import ResponsesReader

CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "roll", "arguments": '{"sides":6}'}
THOUGHT: dict[str, object] = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [],
    "encrypted_content": "sealed",
    "status": None,
}
MESSAGE = {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "Hi."}]}


def read(*events: Mapping[str, object]) -> tuple[Answer, ResponsesReader]:
    reader = ResponsesReader("m")
    for event in events:
        reader.feed(json.dumps(event))
    return reader.answer(), reader


def done(*items: Mapping[str, object], **fields: object) -> dict[str, object]:
    return {"type": "response.completed", "response": {"status": "completed", "output": items, **fields}}


def item(kind: str, place: int, content: Mapping[str, object]) -> dict[str, object]:
    return {"type": f"response.output_item.{kind}", "output_index": place, "item": content}


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([done(THOUGHT, CALL)], id="only the end"),
        pytest.param([item("done", 0, THOUGHT), item("done", 1, CALL), done()], id="only the items"),
        pytest.param(
            [
                item("added", 0, THOUGHT),
                item("added", 1, {**CALL, "arguments": ""}),
                {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": '{"sides"'},
                {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": ":6}"},
                done(),
            ],
            id="only the fragments",
        ),
    ],
)
def test_calls_and_thoughts_are_read_from_whatever_events_a_server_sends(events: list[dict[str, object]]) -> None:
    answer, reader = read(*events)
    assert [(call.id, call.name, call.arguments) for call in answer.calls] == [("call_1", "roll", '{"sides":6}')]
    assert answer.reasoning == ({"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "sealed"},)
    assert (reader.finish, reader.closed) == ("complete", True)


def test_thoughts_that_led_to_no_call_are_not_kept() -> None:
    answer, _ = read(done(THOUGHT, MESSAGE))
    assert (answer.text, answer.reasoning) == ("Hi.", ())


def test_text_is_not_repeated_by_the_events_that_sum_it_up() -> None:
    delta = {"type": "response.output_text.delta", "delta": "Hi."}
    answer, _ = read(delta, item("done", 0, MESSAGE), done(MESSAGE))
    assert answer.text == "Hi."


def test_a_missing_usage_counts_as_nothing() -> None:
    answer, _ = read(done(MESSAGE, usage=None))
    assert answer.usage == Usage()


def test_an_answer_without_its_last_event_is_not_complete() -> None:
    _, reader = read(item("done", 0, MESSAGE))
    assert reader.finish == ""


@pytest.mark.parametrize(
    "event",
    [
        {
            "type": "response.failed",
            "response": {"status": "failed", "error": {"code": "server_error", "message": "x"}},
        },
        {"type": "error", "code": "server_error", "message": "x"},
        {"type": "error", "error": {"code": "rate_limit_exceeded", "message": "x"}},
        {"type": "response.completed", "response": {"status": "failed", "error": {"code": "server_error"}}},
    ],
)
def test_a_failure_in_the_stream_is_worth_another_try(event: Mapping[str, object]) -> None:
    with pytest.raises(RequestFailedError) as caught:
        read(event)
    assert caught.value.again


def test_a_spent_quota_is_not_worth_another_try() -> None:
    with pytest.raises(RequestFailedError, match="quota") as caught:
        read({"type": "error", "code": "insufficient_quota", "message": "x"})
    assert not caught.value.again
