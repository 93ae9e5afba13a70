"""Chat Completions, which every compatible server speaks.

https://platform.openai.com/docs/api-reference/chat
"""

from pydantic import JsonValue

from core.items import Answer, Item, Question, Usage
from core.messages import JsonObject
from core.model import Tool
from core.protocols.api import Ask, Finish, Format
from core.protocols.calls import Assembly, fit_arguments, fit_name
from core.protocols.faults import fault_of, refusal_of, status_in_stream
from core.protocols.fields import count_at, object_at, plain_text, read_event
from core.protocols.pictures import data_url, shown_with, text_of
from core.protocols.thoughts import Unthinking

_FINISHES: dict[str, Finish] = {"length": "length", "content_filter": "filtered"}


class ChatApi:
    """The protocol."""

    path = "/chat/completions"

    def encode(self, ask: Ask) -> JsonObject:
        """Write a request's body, what changes least first."""
        messages: list[JsonValue] = [{"role": "system", "content": ask.instructions}] if ask.instructions else []
        messages += [_message(item, ask) for item in ask.items]
        body: JsonObject = {
            "model": ask.model,
            "messages": messages,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if ask.tools:
            body["tools"] = [_tool(tool) for tool in ask.tools]
        if ask.temperature is not None:
            body["temperature"] = ask.temperature
        if ask.format:
            body["response_format"] = _format(ask.format)
        return body

    def reader(self, model: str) -> "ChatReader":
        """Begin to read an answer."""
        return ChatReader(model)


class ChatReader:
    """Reads one answer."""

    def __init__(self, model: str) -> None:
        self.finish: Finish = ""
        self.closed = False
        self._model = model
        self._text: list[str] = []
        self._unthinking = Unthinking()
        self._calls = Assembly()
        self._usage = Usage()

    def feed(self, data: str) -> str:
        """Take an event's data and return the text that came with it."""
        if data.startswith("[DONE]"):
            self.finish = self.finish or "complete"
            self.closed = True
            return ""
        event = read_event(data)
        if not isinstance(event, dict):
            return ""
        if usage := event.get("usage"):
            self._usage = _usage(usage)
        choices = event.get("choices")
        if choices and isinstance(choices, list) and isinstance(choices[0], dict):
            return self._choice(choices[0])
        if event.get("error"):
            raise fault_of(refusal_of(event, status=status_in_stream(event)), model=self._model)
        return ""

    def answer(self) -> Answer:
        """Return what was read."""
        text = "".join(self._text) + self._unthinking.end()
        return Answer(text=text, calls=self._calls.calls(), usage=self._usage)

    def _choice(self, choice: JsonObject) -> str:
        whole = choice.get("message")
        delta = choice.get("delta") or whole or {}
        if not isinstance(delta, dict):
            return ""
        if finish := choice.get("finish_reason") or (whole and "stop"):
            self.finish = _FINISHES.get(str(finish), "complete")
        calls = delta.get("tool_calls")
        if calls and isinstance(calls, list):
            for call in calls:
                self._calls.add(call)
        text = plain_text(delta.get("content")) or plain_text(delta.get("refusal"))
        if not text:
            return ""
        text = self._unthinking.feed(text)
        self._text.append(text)
        return text


def _message(item: Item, ask: Ask) -> JsonObject:
    if isinstance(item, Question):
        return {"role": "user", "content": _asked(item, ask)}
    if not isinstance(item, Answer):
        return {"role": "tool", "tool_call_id": item.call_id, "content": item.text}
    if not item.calls:
        return {"role": "assistant", "content": item.text}
    calls: list[JsonValue] = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": fit_name(call.name), "arguments": fit_arguments(call.arguments)},
        }
        for call in item.calls
    ]
    return {"role": "assistant", "content": item.text or None, "tool_calls": calls}


def _asked(question: Question, ask: Ask) -> JsonValue:
    """Write a question: a text, and as soon as there are pictures, parts.

    https://platform.openai.com/docs/guides/images-vision
    """
    text = text_of(question, ask)
    parts: list[JsonValue] = [
        {"type": "image_url", "image_url": {"url": data_url(picture)}} for picture in shown_with(question, ask)
    ]
    return [{"type": "text", "text": text}, *parts] if parts else text


def _tool(tool: Tool) -> JsonObject:
    function: JsonObject = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _format(wanted: Format) -> JsonObject:
    if wanted.schema is None:
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": wanted.schema}}


def _usage(usage: JsonValue) -> Usage:
    if not isinstance(usage, dict):
        return Usage()
    return Usage(
        input=count_at(usage, "prompt_tokens"),
        output=count_at(usage, "completion_tokens"),
        cached=count_at(object_at(usage, "prompt_tokens_details"), "cached_tokens"),
    )
