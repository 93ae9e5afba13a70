"""JSON as people read it: what a skill returned, in Markdown."""

import json
from typing import Final

from pydantic import JsonValue

_MOST_ENTRIES: Final = 12


def readable(text: str) -> str:
    """Return a list of what JSON holds; a text that is none as it is."""
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    match value:
        case dict():
            return "\n".join(f"- {_title(key)}: {_inline(of)}" for key, of in value.items() if of not in (None, "", []))
        case list():
            return "\n".join(f"- {_inline(of)}" for of in value) or "Nothing."
    return _inline(value)


def _title(key: str) -> str:
    words = key.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _inline(value: JsonValue) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case None:
            return "–"
        case int():
            return f"{value:,}" if abs(value) >= 10_000 else str(value)
        case float():
            return f"{value:,.4g}" if abs(value) < 1_000 else f"{value:,.0f}"
        case list():
            shown = ", ".join(_entry(of) for of in value[:_MOST_ENTRIES])
            return f"{shown}, …" if len(value) > _MOST_ENTRIES else shown
        case dict():
            return ", ".join(_keyed(key, of) for key, of in value.items())
    return value


def _keyed(key: str, value: JsonValue) -> str:
    return f"{key} ({_inline(value)})" if key.isdigit() else f"{key.replace('_', ' ')}: {_inline(value)}"


def _entry(value: JsonValue) -> str:
    """Write an entry of a list: one of a name and a number as "name (number)"."""
    parts = list(value.values()) if isinstance(value, dict) else value
    if isinstance(parts, list) and len(parts) == 2 and isinstance(parts[0], str):
        return f"{parts[0]} ({_inline(parts[1])})"
    return _inline(value)
