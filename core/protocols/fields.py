"""Reading JSON from outside: a field that is missing, null or of another type is read as empty."""

import json
from typing import Final, NoReturn

from pydantic import JsonValue
from pydantic_core import from_json

from core.messages import JsonObject

_NOTHING: Final[JsonObject] = {}


def text_at(value: JsonObject, key: str) -> str:
    """Return the text of a field."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def object_at(value: JsonObject, key: str) -> JsonObject:
    """Return the object of a field."""
    found = value.get(key)
    return found if isinstance(found, dict) else _NOTHING


def objects_at(value: JsonObject, key: str) -> list[JsonObject]:
    """Return the objects in a field's list."""
    found = value.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def count_at(value: JsonObject, key: str) -> int:
    """Return the number of a field, which counts something."""
    found = value.get(key)
    return int(found) if isinstance(found, int | float) else 0


def plain_text(content: JsonValue) -> str:
    """Return content as text: some servers send a list of parts in place of a string."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(text_at(part, "text") or text_at(part, "refusal") for part in content if isinstance(part, dict))
    return ""


def read_event(data: str) -> JsonValue:
    """Parse an event's data; there are hundreds in an answer, and pydantic's parser is the faster one.

    It refuses half a surrogate pair, which some servers send where a character falls on two events.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        parsed: JsonValue = from_json(data)
    except ValueError:
        parsed = json.loads(data)
    return parsed


def read_object(text: str) -> JsonObject | None:
    """Parse a JSON object; None where the text is anything else."""
    try:
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def write(value: JsonValue) -> str:
    """Write JSON with as few tokens as possible."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
