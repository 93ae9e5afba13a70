"""A request to the simulated model server, as a test wants to read it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pydantic import JsonValue

from core.messages import JsonObject

Api: TypeAlias = Literal["chat", "responses"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; the properties read either protocol alike.

    Attributes:
        body: its JSON.
        headers: with names in lower case.
        peer: the other end of the connection, the same for as long as a client uses one again.
    """

    api: Api
    body: JsonObject
    headers: Mapping[str, str] = field(default_factory=dict)
    peer: str = ""

    @property
    def items(self) -> list[JsonObject]:
        """The conversation: `messages` of Chat Completions, `input` of the Responses API."""
        conversation = self.body.get("messages" if self.api == "chat" else "input")
        if isinstance(conversation, str):
            return [{"role": "user", "content": conversation}]
        return objects(conversation)

    @property
    def streamed(self) -> bool:
        """Whether the answer is asked for as a stream."""
        return self.body.get("stream") is True

    @property
    def instructions(self) -> str:
        """The system text."""
        if self.api == "responses":
            return text_of(self.body.get("instructions"))
        return "\n".join(text_of(item.get("content")) for item in self.items if item.get("role") == "system")

    @property
    def format(self) -> str:
        """The kind of `response_format` asked for: "json_schema", "json_object", or empty."""
        wanted = (
            _object(self.body.get("text")).get("format")
            if self.api == "responses"
            else self.body.get("response_format")
        )
        return text_of(_object(wanted).get("type"))

    @property
    def question(self) -> str:
        """The text of the last user message."""
        return next(
            (text_of(item.get("content")) for item in reversed(self.items) if item.get("role") == "user"),
            "",
        )

    @property
    def pictures(self) -> tuple[str, ...]:
        """The addresses of the pictures that are shown, oldest first."""
        parts = [part for item in self.items for part in objects(item.get("content"))]
        return tuple(picture_url(part) for part in parts if part.get("type") in ("image_url", "input_image"))

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools offered."""
        tools = objects(self.body.get("tools"))
        return tuple(text_of((_object(tool.get("function")) or tool).get("name")) for tool in tools)

    @property
    def results(self) -> tuple[str, ...]:
        """The tool results that came after the last user message."""
        return tuple(reversed(list(self._last_results())))

    @property
    def digest(self) -> str:
        """What substrings of an expectation are looked for in: question, tool names and results, one a line."""
        return "\n".join((self.question, *self.tools, *self.results))

    def _last_results(self) -> Iterator[str]:
        for item in reversed(self.items):
            if item.get("role") == "user":
                return
            if item.get("role") == "tool":
                yield text_of(item.get("content"))
            elif item.get("type") == "function_call_output":
                yield text_of(item.get("output"))


def objects(value: JsonValue) -> list[JsonObject]:
    """Return the objects of a list; nothing where the value is none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_of(value: JsonValue) -> str:
    """Return content as one text: a string as it is, the text parts of a list joined."""
    if isinstance(value, str):
        return value
    return "".join(text_of(part.get("text")) for part in objects(value))


def picture_url(part: JsonObject) -> str:
    """Return the address of a picture in a message."""
    url = part.get("image_url")
    return text_of(url.get("url")) if isinstance(url, dict) else text_of(url)


def tokens(value: JsonValue) -> int:
    """Return a plausible number of tokens: a fourth of the characters."""
    return max(1, len(json.dumps(value, ensure_ascii=False)) // 4)


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}
