"""Parts of JSON whose shape nobody has checked yet."""

from pydantic import JsonValue

from core.messages import JsonObject


def text_of(holder: JsonObject, name: str) -> str:
    """Return a field's text, "" where it is missing or something else."""
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def object_of(holder: JsonObject, name: str) -> JsonObject:
    """Return a field's object, an empty one where it is missing or something else."""
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def objects_of(holder: JsonObject, name: str) -> list[JsonObject]:
    """Return the objects in a field's list."""
    return objects(holder.get(name))


def objects(value: JsonValue) -> list[JsonObject]:
    """Return the objects in a list, none of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
