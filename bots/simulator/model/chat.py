"""Chat Completions, the server's side: an answer becomes stream events or one JSON body.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

import json
from collections.abc import Sequence

from bots.simulator.model.pieces import Stream, pieces
from bots.simulator.model.request import Request, tokens
from bots.simulator.model.script import Failed, Said
from core.messages import JsonObject

_CREATED = 1_760_000_000


def frame(event: JsonObject) -> bytes:
    """Write one event of the stream."""
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def stream(said: Said, request: Request, number: int) -> Stream:
    """Divide an answer into stream events."""
    head = [_chunk(request, number, {"role": "assistant", "content": None if said.calls else "", "refusal": None})]
    head += [_chunk(request, number, {"content": piece}) for piece in pieces(said.text)]
    for index, (name, arguments) in enumerate(said.calls):
        function: JsonObject = {"name": name, "arguments": ""}
        call: JsonObject = {"index": index, "id": call_id(number, index), "type": "function", "function": function}
        head.append(_chunk(request, number, {"tool_calls": [call]}))
        for piece in pieces(arguments):
            part: JsonObject = {"index": index, "function": {"arguments": piece}}
            head.append(_chunk(request, number, {"tool_calls": [part]}))
    tail = [frame(_chunk(request, number, {}, finish=_finish(said)))]
    options = request.body.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage") is True:
        tail.append(frame({**_chunk(request, number, {}), "choices": [], "usage": _usage(said, request)}))
    return Stream(head=[frame(event) for event in head], tail=[*tail, b"data: [DONE]\n\n"])


def failure(failed: Failed, request: Request, number: int) -> Stream:
    """Begin an answer and break it off with an error inside the stream."""
    begun = stream(Said(text=failed.after or ""), request, number)
    return Stream(head=begun.head, tail=[frame({"error": error(failed)})])


def body(said: Said, request: Request, number: int) -> JsonObject:
    """Write an answer as one JSON body."""
    message: JsonObject = {"role": "assistant", "content": said.text or None, "refusal": None}
    if said.calls:
        message["tool_calls"] = [
            {"id": call_id(number, index), "type": "function", "function": {"name": name, "arguments": arguments}}
            for index, (name, arguments) in enumerate(said.calls)
        ]
    choice: JsonObject = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(said)}
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": _CREATED,
        "model": request.body.get("model"),
        "choices": [choice],
        "usage": _usage(said, request),
    }


def error(failed: Failed) -> JsonObject:
    """Write the error object that both protocols share."""
    kind = "invalid_request_error" if failed.status < 500 else "server_error"
    return {"message": failed.message, "type": kind, "param": failed.param, "code": failed.code}


def call_id(number: int, index: int) -> str:
    """Return the id of a call: unique for answer and place."""
    return f"call_{number}_{index}"


def said_tokens(said: Said) -> int:
    """Return how many tokens an answer has."""
    calls: Sequence[tuple[str, str]] = said.calls
    return tokens(said.text + said.reasoning + "".join(name + arguments for name, arguments in calls))


def _finish(said: Said) -> str:
    return "tool_calls" if said.calls and said.finish == "stop" else said.finish


def _usage(said: Said, request: Request) -> JsonObject:
    sent, received = tokens(request.body), said_tokens(said)
    return {
        "prompt_tokens": sent,
        "completion_tokens": received,
        "total_tokens": sent + received,
        "prompt_tokens_details": {"cached_tokens": said.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _chunk(request: Request, number: int, delta: JsonObject, *, finish: str | None = None) -> JsonObject:
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": request.body.get("model"),
        "service_tier": "default",
        "system_fingerprint": "fp_simulated",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        "usage": None,
    }
