"""Skills in JSON, the reading side: one JSON object, or what sloppy models make of it, becomes an answer."""

import json
import re
from dataclasses import replace
from typing import Final

from core.items import Answer, Call
from core.messages import JsonObject
from core.protocols.api import Finish, Reader
from core.protocols.calls import new_id
from core.protocols.fields import objects_at, text_at, write
from core.protocols.jsontext import StringInObject

_KEYS: Final = r'"(?:calls|answer|skill)"'
_BEGINNING = re.compile(rf"(?:```\w*\s*)?(\{{)\s*{_KEYS}")
_AT_START = re.compile(r'\s*(?:```\w*\s*)?(\{)\s*"')
# What may still become a beginning with the next piece: a fence, a brace, a brace and half a key.
_UNDECIDED = re.compile(r'(?:`{1,2}|```\w*\s*(?:\{\s*(?:"\w{0,6})?)?|\{\s*(?:"\w{0,6})?)$')
_CALLING = re.compile(r'\{\s*"calls"\s*:\s*\[\s*[^\s\]]')
_CALLS_BEGIN: Final = 32
_LENIENT = json.JSONDecoder(strict=False)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SALVAGED = re.compile(r'"answer"\s*:\s*"(.+?)"?\s*\}?\s*(?:```)?\s*$', re.DOTALL)


class JsonReader:
    """Reads an answer in JSON through the reader of a protocol.

    Text before the object, a fence around it and plain text in its place are taken as text. The answer's text is
    returned while it is being written, unless calls stand before it: then it is made up, without their results.
    """

    def __init__(self, inner: Reader) -> None:
        self._inner = inner
        self._held = ""
        self._gap = ""
        self._shown: list[str] = []
        self._object: list[str] | None = None
        self._string = StringInObject("answer")

    @property
    def finish(self) -> Finish:
        """Why the answer ended; empty while its end was not seen."""
        return self._inner.finish

    @property
    def closed(self) -> bool:
        """Nothing more will come."""
        return self._inner.closed

    @property
    def written(self) -> str:
        """The object as the model wrote it, as far as it did."""
        return "".join(self._object or ())

    @property
    def broken(self) -> bool:
        """Tell whether an object was begun that is neither calls nor an answer."""
        if self._object is None or self.finish != "complete":
            return False
        found = self._parsed()
        return found is None or (not _calls(found) and not isinstance(found.get("answer"), str))

    def feed(self, data: str) -> str:
        """Take an event's data and return the text for people that came with it."""
        piece = self._inner.feed(data)
        if not piece:
            return ""
        text = self._outside(piece) if self._object is None else self._inside(piece)
        if text:
            self._shown.append(text)
        return text

    def answer(self) -> Answer:
        """Return what was read."""
        inner = self._inner.answer()
        text = "".join(self._shown)
        if self._object is None:
            return replace(inner, text=text + self._held)
        found = self._parsed()
        calls = inner.calls + (_calls(found) if found else ())
        if self.broken or (found is None and not text):
            text = self._salvaged()
        return replace(inner, text=text, calls=calls)

    def _outside(self, piece: str) -> str:
        self._held += piece
        begun = _BEGINNING.search(self._held) or (None if self._shown else _AT_START.match(self._held))
        if begun:
            before, written = self._held[: begun.start()].rstrip(), self._held[begun.start(1) :]
            self._held, self._object = "", []
            self._gap = "\n\n" if before or self._shown else ""
            return before + self._inside(written)
        undecided = _UNDECIDED.search(self._held)
        end = undecided.start() if undecided else len(self._held)
        if not self._shown and not self._held[:end].strip():
            return ""
        text, self._held = self._held[:end], self._held[end:]
        return text

    def _inside(self, piece: str) -> str:
        assert self._object is not None
        self._object.append(piece)
        text = self._string.feed(piece)
        if not text or _CALLING.match("".join(self._object[:_CALLS_BEGIN])):
            return ""
        gap, self._gap = self._gap, ""
        return gap + text

    def _parsed(self) -> JsonObject | None:
        for written in (self.written, _ESCAPE.sub(_unescaped, self.written)):
            try:
                found, _ = _LENIENT.raw_decode(written)
            except (ValueError, RecursionError):
                continue
            return found if isinstance(found, dict) else None
        return None

    def _salvaged(self) -> str:
        """Return what there is of an answer in a broken object, else the object as it stands."""
        if found := _SALVAGED.search(self.written):
            return found[1].replace("\\n", "\n").replace('\\"', '"')
        return "" if self.finish == "length" else self.written


def _unescaped(escape: re.Match[str]) -> str:
    """Return an escape as it is where JSON knows it, else without its backslash."""
    return escape[0] if escape[1] in '"\\/bfnrtu' else escape[1]


def _calls(found: JsonObject) -> tuple[Call, ...]:
    """Return the calls of an object, also where a model wrote a single one or used the names of native calls."""
    listed = objects_at(found, "calls") or objects_at(found, "tool_calls") or [found]
    calls = []
    for one in listed:
        name = next(filter(None, (text_at(one, key) for key in ("skill", "name", "tool"))), "")
        arguments = next((one[key] for key in ("arguments", "parameters") if key in one), None)
        if name and (arguments is not None or "skill" in one):
            written = arguments if isinstance(arguments, str) else write(arguments or {})
            calls.append(Call(id=new_id(), name=name, arguments=written))
    return tuple(calls)
