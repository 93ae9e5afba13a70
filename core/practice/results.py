"""Results of skills as a person reads them."""

import json
import re
from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from core.items import Result
from core.reading import unfenced

_FILE: Final = re.compile(r"^\[file [^:\]]+: ([^\]\n]*)\](?: is shown[^.\n]*\.)?[ \t]*(.*)$", re.MULTILINE)
_MOST_ENTRIES: Final = 12
_LONGEST_HEAD: Final = 80


def summary(results: Sequence[Result]) -> str:
    """Write the results of a turn in Markdown, in their order."""
    return "\n\n".join(filter(None, map(_written, results)))


def _written(result: Result) -> str:
    if not result.ok:
        return result.excuse or f"That did not work: {result.text.strip().removeprefix('Error:').strip()}"
    text = unfenced(_FILE.sub("", result.text)).strip()
    shown = [f"Here {_subject(match)}." for match in _FILE.finditer(result.text)]
    return "\n\n".join([*shown, *([_readable(text)] if text else [])])


def _subject(match: re.Match[str]) -> str:
    """Name a file by what it shows, where that is said."""
    shown = "picture" if "image/" in match[1] else "file"
    head = re.split(r"[:.]\s|[:.]$", match[2].strip())[0].strip()
    if not head or len(head) > _LONGEST_HEAD:
        return f"is the {shown}"
    capital = head[1:2].isupper()
    return f"is the {shown}: {head if capital else head[0].lower() + head[1:]}"


def _readable(text: str) -> str:
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
