"""Tool calls of Chat Completions, put together from fragments; and made fit to be sent back."""

import re
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from pydantic import JsonValue

from core.items import Call
from core.messages import JsonObject
from core.protocols.fields import object_at, read_object, text_at, write

_UNFIT = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_NAME: Final = 64


@dataclass(slots=True, kw_only=True)
class _Draft:
    id: str = ""
    name: str = ""
    arguments: str = ""


class Assembly:
    """Collects the fragments of an answer's calls.

    Servers differ: some leave out `index` or `id`, use one index or one id for every call, repeat the name with each
    fragment, or send the arguments as an object.
    """

    def __init__(self) -> None:
        self._drafts: list[_Draft] = []
        self._places: dict[int, _Draft] = {}

    def add(self, fragment: JsonValue) -> None:
        """Take the next fragment; what is none is left out."""
        if not isinstance(fragment, dict):
            return
        function = object_at(fragment, "function")
        name, arguments = text_at(function, "name"), _written(function.get("arguments"))
        draft = self._draft(fragment, name, arguments)
        draft.id = draft.id or text_at(fragment, "id")
        draft.name = draft.name or name
        draft.arguments += arguments

    def calls(self) -> tuple[Call, ...]:
        """Return the calls, with ids that are there and differ."""
        used: set[str] = set()
        found: list[Call] = []
        for draft in self._drafts:
            identity = draft.id if draft.id and draft.id not in used else new_id()
            used.add(identity)
            found.append(Call(id=identity, name=draft.name, arguments=draft.arguments or "{}"))
        return tuple(found)

    def _draft(self, fragment: JsonObject, name: str, arguments: str) -> _Draft:
        index = fragment.get("index")
        latest = self._drafts[-1] if self._drafts else None
        current = self._places.get(index) if isinstance(index, int) else latest
        if current is None or _begins(current, text_at(fragment, "id"), name, arguments):
            current = _Draft()
            self._drafts.append(current)
        if isinstance(index, int):
            self._places[index] = current
        return current


def new_id() -> str:
    """Return an id for a call whose server gave none."""
    return f"call_{uuid4().hex[:16]}"


def fit_name(name: str) -> str:
    """Return a name that strict servers accept."""
    return _UNFIT.sub("_", name)[:_LONGEST_NAME] or "unnamed"


def fit_arguments(arguments: str) -> str:
    """Return arguments that strict servers accept: what is no JSON object is wrapped in one."""
    if not arguments.strip():
        return "{}"
    return arguments if read_object(arguments) is not None else write({"malformed_arguments": arguments})


def _begins(draft: _Draft, identity: str, name: str, arguments: str) -> bool:
    """Tell whether a fragment at a draft's place begins another call."""
    if identity and draft.id and identity != draft.id:
        return True
    return bool(name and draft.name and arguments) and read_object(draft.arguments) is not None


def _written(arguments: JsonValue) -> str:
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else write(arguments)
