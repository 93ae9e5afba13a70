"""The steps a simulated model server goes through: each is consumed by one request."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bots.simulator.model.request import Request

Expect: TypeAlias = Callable[[Request], object] | str | Sequence[str] | None
Finish: TypeAlias = Literal["stop", "length", "content_filter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer of the model.

    Attributes:
        calls: name and arguments (as text) of each tool call.
        reasoning: the text of a reasoning item that precedes the answer; Responses API only.
        end: how the stream ends: with its marker, without one, by a cut connection, or not at all.
        pause: seconds between the pieces.
        cached: how many input tokens came from the prompt cache.
    """

    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    reasoning: str = ""
    finish: Finish = "stop"
    end: Literal["marker", "unmarked", "cut", "never"] = "marker"
    pause: float = 0.0
    cached: int = 0
    expect: Expect = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A refusal; with `after`, the stream begins with that text and the error comes inside it."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    retry_after: str | None = None
    after: str | None = None
    expect: Expect = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Bytes sent as they are, in the pieces given, with a pause of so many seconds after each."""

    pieces: tuple[bytes, ...]
    status: int = 200
    content_type: str = "text/event-stream"
    pause: float = 0.0
    expect: Expect = None


Step: TypeAlias = Said | Failed | Raw

Rule: TypeAlias = Callable[[Request], Step]
"""Finds the step for a request by nothing but what it says, so that one that is sent again is answered again."""


def says(
    text: str,
    *,
    reasoning: str = "",
    finish: Finish = "stop",
    pause: float = 0.0,
    cached: int = 0,
    expect: Expect = None,
) -> Said:
    """Answer in text."""
    return Said(text=text, reasoning=reasoning, finish=finish, pause=pause, cached=cached, expect=expect)


def calls(
    *called: tuple[str, Mapping[str, object] | str],
    text: str = "",
    reasoning: str = "",
    pause: float = 0.0,
    cached: int = 0,
    expect: Expect = None,
) -> Said:
    """Call tools; arguments given as a string are sent as they are, well-formed or not."""
    written = tuple(
        (name, arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False))
        for name, arguments in called
    )
    return Said(text=text, calls=written, reasoning=reasoning, pause=pause, cached=cached, expect=expect)


def fails(
    status: int,
    *,
    message: str = "The server had an error while processing your request.",
    code: str | None = None,
    param: str | None = None,
    retry_after: float | str | None = None,
    after: str | None = None,
    expect: Expect = None,
) -> Failed:
    """Refuse; `retry_after` in seconds, or the header's text."""
    wait = None if retry_after is None else str(retry_after)
    return Failed(status=status, message=message, code=code, param=param, retry_after=wait, after=after, expect=expect)


def cuts(*, after: str = "", politely: bool = False, expect: Expect = None) -> Said:
    """Cut the connection after some text; `politely`: end the stream without its marker instead."""
    return Said(text=after, end="unmarked" if politely else "cut", expect=expect)


def hangs(*, after: str = "", expect: Expect = None) -> Said:
    """Send nothing more after some text; with none, not even headers."""
    return Said(text=after, end="never", expect=expect)


def raw(
    *pieces: bytes | str,
    status: int = 200,
    content_type: str = "text/event-stream",
    pause: float = 0.0,
    expect: Expect = None,
) -> Raw:
    """Send these bytes, with a pause of so many seconds after each piece."""
    encoded = tuple(piece.encode() if isinstance(piece, str) else piece for piece in pieces)
    return Raw(pieces=encoded, status=status, content_type=content_type, pause=pause, expect=expect)


def streams(*events: Mapping[str, object] | str, expect: Expect = None) -> Raw:
    """Send these events as a stream; a string is sent as the data it is: "[DONE]"."""
    return raw(
        *(f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n" for event in events), expect=expect
    )


def disappointment(step: Step, request: Request) -> str:
    """Say what a step expects and the request lacks; empty where it lacks nothing."""
    expect = step.expect
    if expect is None:
        return ""
    if callable(expect):
        return "" if expect(request) else "the request does not meet the step's predicate"
    wanted = (expect,) if isinstance(expect, str) else expect
    missing = [text for text in wanted if text not in request.digest]
    return f"missing in the request: {missing}; it says: {request.digest!r}" if missing else ""
