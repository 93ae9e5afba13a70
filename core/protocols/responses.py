"""The Responses API, which keeps a reasoning model's thoughts between its calls; nothing is stored at the server.

https://platform.openai.com/docs/api-reference/responses
"""

from collections.abc import Iterator

from pydantic import JsonValue

from core.items import Answer, Call, Item, Question, Usage
from core.messages import JsonObject
from core.model import Tool
from core.protocols.api import Ask, Finish, Format
from core.protocols.calls import fit_arguments, fit_name, new_id
from core.protocols.faults import RequestFailedError, fault_of, refusal_of, status_in_stream
from core.protocols.fields import count_at, object_at, objects_at, plain_text, read_event, text_at
from core.protocols.pictures import data_url, shown_with, text_of

_REASONING_FIELDS = ("id", "type", "summary", "content", "encrypted_content")
_TEXT_EVENTS = frozenset({"response.output_text.delta", "response.refusal.delta"})


class ResponsesApi:
    """The protocol."""

    path = "/responses"

    def encode(self, ask: Ask) -> JsonObject:
        """Write a request's body, what changes least first."""
        body: JsonObject = {
            "model": ask.model,
            "instructions": ask.instructions,
            "input": [part for item in ask.items for part in _parts(item, ask)],
            "stream": True,
            "store": False,
            "include": ["reasoning.encrypted_content"],
        }
        if ask.tools:
            body["tools"] = [_tool(tool) for tool in ask.tools]
        if ask.temperature is not None:
            body["temperature"] = ask.temperature
        if ask.format:
            body["text"] = {"format": _format(ask.format)}
        return body

    def reader(self, model: str) -> "ResponsesReader":
        """Begin to read an answer."""
        return ResponsesReader(model)


class ResponsesReader:
    """Reads one answer."""

    def __init__(self, model: str) -> None:
        self.finish: Finish = ""
        self.closed = False
        self._model = model
        self._text: list[str] = []
        self._items: dict[object, JsonObject] = {}
        self._usage = Usage()

    def feed(self, data: str) -> str:
        """Take an event's data and return the text that came with it."""
        if data.startswith("[DONE]"):
            self.closed = True
            return ""
        event = read_event(data)
        if not isinstance(event, dict):
            return ""
        kind = event.get("type")
        if kind in _TEXT_EVENTS:
            return self._said(text_at(event, "delta"))
        if kind in ("response.output_item.added", "response.output_item.done"):
            self._items[event.get("output_index")] = object_at(event, "item")
        elif kind in ("response.function_call_arguments.delta", "response.function_call_arguments.done"):
            self._argue(event)
        elif kind in ("response.completed", "response.incomplete"):
            return self._complete(object_at(event, "response"))
        elif kind == "response.failed":
            raise self._fault(object_at(event, "response"))
        elif kind == "error" or event.get("error"):
            raise self._fault(event)
        elif event.get("object") == "response":
            return self._complete(event)
        return ""

    def answer(self) -> Answer:
        """Return what was read."""
        calls = tuple(_call(item) for item in self._items.values() if item.get("type") == "function_call")
        thoughts = [item for item in self._items.values() if item.get("type") == "reasoning"] if calls else []
        reasoning = tuple(
            {name: item[name] for name in _REASONING_FIELDS if item.get(name) is not None} for item in thoughts
        )
        return Answer(text="".join(self._text), calls=calls, reasoning=reasoning, usage=self._usage)

    def _said(self, text: str) -> str:
        self._text.append(text)
        return text

    def _argue(self, event: JsonObject) -> None:
        item = self._items.setdefault(event.get("output_index"), {"type": "function_call"})
        item["arguments"] = text_at(event, "arguments") or text_at(item, "arguments") + text_at(event, "delta")

    def _complete(self, response: JsonObject) -> str:
        if response.get("status") == "failed" or response.get("error"):
            raise self._fault(response)
        self.closed = True
        reason = text_at(object_at(response, "incomplete_details"), "reason")
        self.finish = "filtered" if reason == "content_filter" else "length" if reason else "complete"
        usage = object_at(response, "usage")
        self._usage = Usage(
            input=count_at(usage, "input_tokens"),
            output=count_at(usage, "output_tokens"),
            cached=count_at(object_at(usage, "input_tokens_details"), "cached_tokens"),
        )
        if output := objects_at(response, "output"):
            self._items = dict(enumerate(output))
        if self._text:
            return ""
        messages = [item for item in self._items.values() if item.get("type") == "message"]
        return self._said("".join(plain_text(item.get("content")) for item in messages))

    def _fault(self, failed: JsonObject) -> RequestFailedError:
        return fault_of(refusal_of(failed, status=status_in_stream(failed)), model=self._model)


def _parts(item: Item, ask: Ask) -> Iterator[JsonObject]:
    if isinstance(item, Question):
        yield {"role": "user", "content": _asked(item, ask)}
        return
    if not isinstance(item, Answer):
        yield {"type": "function_call_output", "call_id": item.call_id, "output": item.text}
        return
    if ask.reasoning and item.calls:
        yield from item.reasoning
    if item.text or not item.calls:
        yield {"role": "assistant", "content": item.text}
    for call in item.calls:
        yield {
            "type": "function_call",
            "call_id": call.id,
            "name": fit_name(call.name),
            "arguments": fit_arguments(call.arguments),
        }


def _asked(question: Question, ask: Ask) -> JsonValue:
    text = text_of(question, ask)
    parts: list[JsonValue] = [
        {"type": "input_image", "detail": "auto", "image_url": data_url(picture)}
        for picture in shown_with(question, ask)
    ]
    return [{"type": "input_text", "text": text}, *parts] if parts else text


def _call(item: JsonObject) -> Call:
    identity = text_at(item, "call_id") or text_at(item, "id") or new_id()
    return Call(id=identity, name=text_at(item, "name"), arguments=text_at(item, "arguments") or "{}")


def _tool(tool: Tool) -> JsonObject:
    # Not said otherwise, the server takes a schema for a strict one, which allows no optional arguments:
    # https://platform.openai.com/docs/guides/function-calling#strict-mode
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": False,
    }


def _format(wanted: Format) -> JsonObject:
    if wanted.schema is None:
        return {"type": "json_object"}
    return {"type": "json_schema", "name": "answer", "schema": wanted.schema, "strict": False}
