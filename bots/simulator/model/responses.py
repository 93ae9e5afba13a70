"""The Responses API, the server's side: an answer becomes stream events or one JSON body.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

import json
from collections.abc import Iterator

from pydantic import JsonValue

from bots.simulator.model.chat import call_id, said_tokens
from bots.simulator.model.pieces import Stream, pieces
from bots.simulator.model.request import Request, tokens
from bots.simulator.model.script import Failed, Said
from core.messages import JsonObject


def stream(said: Said, request: Request, number: int) -> Stream:
    """Divide an answer into stream events."""
    started = response(Said(), request, number, status="in_progress")
    head: list[JsonObject] = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
    ]
    for index, item in enumerate(output(said, request, number)):
        head += _item_events(item, index)
    last: JsonObject = {"type": f"response.{_status(said)}", "response": body(said, request, number)}
    frames = [_frame(event, place) for place, event in enumerate([*head, last])]
    return Stream(head=frames[:-1], tail=frames[-1:])


def failure(failed: Failed, request: Request, number: int) -> Stream:
    """Begin an answer and break it off with `response.failed`."""
    begun = stream(Said(text=failed.after or ""), request, number)
    broken = response(Said(text=failed.after or ""), request, number, status="failed")
    broken["error"] = {"code": failed.code or "server_error", "message": failed.message}
    return Stream(head=begun.head, tail=[_frame({"type": "response.failed", "response": broken}, len(begun.head))])


def body(said: Said, request: Request, number: int) -> JsonObject:
    """Write an answer as one JSON body."""
    return response(said, request, number, status=_status(said))


def response(said: Said, request: Request, number: int, *, status: str) -> JsonObject:
    """Write the response object."""
    reason = "max_output_tokens" if said.finish == "length" else "content_filter"
    sent, received = tokens(request.body), said_tokens(said)
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1_760_000_000,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reason} if status == "incomplete" else None,
        "model": request.body.get("model"),
        "output": [*output(said, request, number)] if status != "in_progress" else [],
        "parallel_tool_calls": True,
        "store": request.body.get("store", True),
        "usage": {
            "input_tokens": sent,
            "input_tokens_details": {"cached_tokens": said.cached},
            "output_tokens": received,
            "output_tokens_details": {"reasoning_tokens": tokens(said.reasoning) if said.reasoning else 0},
            "total_tokens": sent + received,
        }
        if status != "in_progress"
        else None,
    }


def output(said: Said, request: Request, number: int) -> list[JsonObject]:
    """Write the output items: reasoning, message, calls."""
    items: list[JsonObject] = []
    if said.reasoning:
        items.append(_reasoning(said, request, number))
    if said.text:
        content: JsonValue = [{"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}]
        items.append(
            {
                "id": f"msg_{number}",
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": content,
            }
        )
    for index, (name, arguments) in enumerate(said.calls):
        items.append(
            {
                "id": f"fc_{number}_{index}",
                "type": "function_call",
                "status": "completed",
                "call_id": call_id(number, index),
                "name": name,
                "arguments": arguments,
            }
        )
    return items


def reasoning_id(number: int) -> str:
    """Return the id of an answer's reasoning item."""
    return f"rs_{number}"


def _reasoning(said: Said, request: Request, number: int) -> JsonObject:
    item: JsonObject = {
        "id": reasoning_id(number),
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": said.reasoning}],
    }
    include = request.body.get("include")
    if isinstance(include, list) and "reasoning.encrypted_content" in include:
        item["encrypted_content"] = f"sealed:{said.reasoning}"
    return item


def _item_events(item: JsonObject, index: int) -> Iterator[JsonObject]:
    place: JsonObject = {"output_index": index, "item_id": item["id"]}
    empty = {**item, "status": "in_progress"}
    if item["type"] == "message":
        yield {"type": "response.output_item.added", "output_index": index, "item": {**empty, "content": []}}
        yield from _text_events(item, {**place, "content_index": 0})
    elif item["type"] == "function_call":
        yield {"type": "response.output_item.added", "output_index": index, "item": {**empty, "arguments": ""}}
        arguments = str(item["arguments"])
        for piece in pieces(arguments):
            yield {"type": "response.function_call_arguments.delta", **place, "delta": piece}
        yield {"type": "response.function_call_arguments.done", **place, "arguments": arguments}
    else:
        yield {"type": "response.output_item.added", "output_index": index, "item": {**item, "summary": []}}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _text_events(item: JsonObject, place: JsonObject) -> Iterator[JsonObject]:
    content = item["content"]
    assert isinstance(content, list)
    part = content[0]
    assert isinstance(part, dict)
    yield {"type": "response.content_part.added", **place, "part": {**part, "text": ""}}
    for piece in pieces(str(part["text"])):
        yield {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": part}


def _frame(event: JsonObject, place: int) -> bytes:
    data = json.dumps({**event, "sequence_number": place}, ensure_ascii=False)
    return f"event: {event['type']}\ndata: {data}\n\n".encode()


def _status(said: Said) -> str:
    return "completed" if said.finish == "stop" else "incomplete"
