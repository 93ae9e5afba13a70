"""Fields of payloads, read defensively: one that is missing, or of another type, is empty."""

from collections.abc import Mapping

from pydantic import JsonValue

from core.messages import JsonObject


def text(values: Mapping[str, JsonValue], name: str) -> str:
    """Return a text, "" where there is none."""
    value = values.get(name)
    return value if isinstance(value, str) else ""


def part(values: Mapping[str, JsonValue], name: str) -> JsonObject:
    """Return an object, {} where there is none."""
    value = values.get(name)
    return value if isinstance(value, dict) else {}


def parts(values: Mapping[str, JsonValue], name: str) -> list[JsonObject]:
    """Return the objects of a list, [] where there are none."""
    return objects(values.get(name))


def objects(value: JsonValue) -> list[JsonObject]:
    """Return the objects of what should be a list, [] where it is none."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
