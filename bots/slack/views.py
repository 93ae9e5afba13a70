"""What every form and tab is made of: https://docs.slack.dev/reference/views/modal-views; pure."""

import json
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from bots.slack.fields import text
from core.messages import JsonObject

LONGEST_TITLE: Final = 24
"""Characters of a form's title and of its two buttons."""

LONGEST_SECTION: Final = 3000
"""Characters of one block of text."""

LONGEST_VALUE: Final = 3000
"""Characters that can be typed into a field."""

LONGEST_NOTE: Final = 3000
"""Characters of what a view remembers."""


def words(said: str, limit: int = LONGEST_TITLE, *, emoji: bool = False) -> JsonObject:
    """Return a text object that shows a text as it is, cut where it is too long."""
    return {"type": "plain_text", "text": said if len(said) <= limit else f"{said[: limit - 1]}…", "emoji": emoji}


def noted(note: Mapping[str, JsonValue]) -> str:
    """Write what a view has to remember; what comes last is left out where there is no room."""
    kept = dict(note)
    while len(written := json.dumps(kept, ensure_ascii=False)) > LONGEST_NOTE:
        kept.popitem()
    return written


def read_note(view: JsonObject) -> JsonObject:
    """Return what a view remembers; {} where it is not one of ours."""
    try:
        note = json.loads(text(view, "private_metadata"))
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}
