"""What a strict model server refuses with 400; each check returns the complaint, empty where there is none."""

import json
from collections.abc import Callable, Mapping

from bots.simulator.model.offers import NAME, options_complaint, tools_complaint
from bots.simulator.model.parts import parts_complaint
from bots.simulator.model.request import Request, objects, text_of
from core.messages import JsonObject

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


def complaint(request: Request, sealed: Mapping[str, str]) -> str:
    """Check a whole request.

    Args:
        request: the request.
        sealed: for each call made after a reasoning item, that item's id.
    """
    parts = (parts_complaint(item, request.api) for item in request.items)
    checks: list[Callable[[], str]] = [
        lambda: "" if isinstance(request.body.get("model"), str) else "you must provide a model parameter",
        lambda: "" if request.items else "[] is too short - 'messages'",
        lambda: _chat_history(request.items) if request.api == "chat" else _responses_history(request, sealed),
        lambda: next(filter(None, parts), ""),
        lambda: tools_complaint(request),
        lambda: options_complaint(request),
    ]
    return next((found for check in checks if (found := check())), "")


def _chat_history(messages: list[JsonObject]) -> str:
    waiting: list[str] = []
    for message in messages:
        role = message.get("role")
        if role == "tool":
            if message.get("tool_call_id") not in waiting:
                return "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
            waiting.remove(str(message["tool_call_id"]))
            continue
        if waiting:
            break
        if found := _message(message):
            return found
        waiting = [str(call.get("id")) for call in objects(message.get("tool_calls"))]
    if waiting:
        return (
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(waiting)}"
        )
    return ""


def _message(message: JsonObject) -> str:
    if message.get("role") not in _ROLES:
        return f"Invalid value: {message.get('role')!r}. Supported values are: {sorted(_ROLES)}"
    called = objects(message.get("tool_calls"))
    if not called and "tool_calls" in message:
        return "[] is too short - 'messages.tool_calls'"
    if not called and not isinstance(message.get("content"), str | list):
        return "Invalid value for 'content': expected a string, got null."
    ids = [call.get("id") for call in called]
    if len(set(map(str, ids))) < len(ids):
        return f"Duplicate tool call ids: {ids}"
    for call in called:
        function = call.get("function")
        if not isinstance(function, dict) or call.get("type") != "function":
            return "Missing required parameter: 'messages.tool_calls.function'."
        if found := _arguments(function):
            return found
    return ""


def _arguments(call: JsonObject) -> str:
    if not NAME.fullmatch(text_of(call.get("name"))):
        return f"Invalid function name {call.get('name')!r}: expected a string that matches '^[a-zA-Z0-9_-]+$'."
    try:
        parsed = json.loads(text_of(call.get("arguments")))
    except ValueError as error:
        return f"Function call arguments must be valid JSON: {error}"
    return "" if isinstance(parsed, dict) else "Function call arguments must be a JSON object."


def _responses_history(request: Request, sealed: Mapping[str, str]) -> str:
    stored = request.body.get("store") is not False
    waiting: list[str] = []
    thoughts: list[str] = []
    thinking = ""
    for item in request.items:
        kind = item.get("type", "message")
        if thinking and kind != "function_call" and item.get("role") != "assistant":
            break
        thinking = ""
        if kind == "reasoning":
            thinking = str(item.get("id"))
            thoughts.append(thinking)
            found = "" if stored or item.get("encrypted_content") else _UNSTORED.format(thinking)
        elif kind == "function_call":
            waiting.append(str(item.get("call_id")))
            found = _arguments(item) or _unthought(waiting[-1], sealed, thoughts)
        elif kind == "function_call_output":
            found = _answered(str(item.get("call_id")), waiting)
        else:
            found = "" if item.get("role") in _ROLES - {"tool"} else f"Invalid value: {item.get('role')!r}."
        if found:
            return found
    if thinking:
        return f"Item '{thinking}' of type 'reasoning' was provided without its required following item."
    return f"No tool output found for function call {', '.join(waiting)}." if waiting else ""


_UNSTORED = "Item with id '{}' not found. Items are not persisted when `store` is set to false."


def _unthought(call: str, sealed: Mapping[str, str], thoughts: list[str]) -> str:
    if call not in sealed or sealed[call] in thoughts:
        return ""
    return (
        f"Item '{call}' of type 'function_call' was provided without its required 'reasoning' item: '{sealed[call]}'."
    )


def _answered(call: str, waiting: list[str]) -> str:
    if call not in waiting:
        return f"No tool call found for function call output with call_id {call}."
    waiting.remove(call)
    return ""
