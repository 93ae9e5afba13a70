"""Forms in which a skill's options are filled in; pure.

https://docs.slack.dev/reference/views/modal-views and https://docs.slack.dev/reference/block-kit/blocks/input-block
"""

import json
from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from bots.slack.views import LONGEST_SECTION, LONGEST_TITLE, LONGEST_VALUE, noted, words
from core.messages import JsonObject
from core.model import Tool
from core.options import Option

FORM: Final = "steward.call"
"""The callback id of a skill's form."""

MOST_FIELDS: Final = 98
"""Options of one form, beside what is said above them: a view holds 100 blocks."""

_LONGEST_HINT: Final = 2000
_MOST_CHOICES: Final = 100
_LONGEST_CHOICE: Final = 150
_LONGEST_LABEL: Final = 75
_SHORT: Final = 100
"""Characters of a text that is filled in on one line."""

_YES_OR_NO: Final = ("yes", "no")


def form(
    tool: Tool, options: Sequence[Option], arguments: JsonObject, *, channel: str, response_url: str = ""
) -> JsonObject:
    """Return the form for a skill's options, with what was given already, and else the defaults, filled in."""
    note = {"skill": tool.name, "channel": channel, "response_url": response_url}
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": words(tool.name.replace("_", " ").capitalize(), LONGEST_TITLE),
        "submit": words("Run"),
        "close": words("Cancel"),
        "private_metadata": noted(note),
        "blocks": [
            {"type": "section", "text": words(tool.description.strip() or tool.name, LONGEST_SECTION)},
            *(_block(option, arguments.get(option.name, option.default)) for option in options[:MOST_FIELDS]),
        ],
    }


def _block(option: Option, value: JsonValue) -> JsonObject:
    block: JsonObject = {
        "type": "input",
        "block_id": option.name,
        "label": words(option.name.replace("_", " ").strip().capitalize() or option.name, _LONGEST_HINT),
        "optional": not option.required,
        "element": {**_element(option, value), "action_id": option.name},
    }
    return {**block, "hint": words(hint, _LONGEST_HINT)} if (hint := _hint(option)) else block


def _hint(option: Option) -> str:
    if option.kind != "json":
        return option.help
    expected = "A list with commas between its values, or JSON." if option.items else "JSON."
    return f"{option.help} {expected}".strip()


def _element(option: Option, value: JsonValue) -> JsonObject:
    if option.kind == "file":
        return {"type": "file_input", "max_files": 1}
    if option.kind == "boolean":
        chosen = "" if value is None else _YES_OR_NO[not value]
        return _menu("radio_buttons", _YES_OR_NO, chosen)
    choices = tuple(dict.fromkeys(str(choice) for choice in option.choices))
    if choices and len(choices) <= _MOST_CHOICES and all(0 < len(choice) <= _LONGEST_CHOICE for choice in choices):
        return _menu("static_select", choices, "" if value is None else str(value))
    if option.kind in ("integer", "number") and not choices:
        return _number_input(option, value)
    return _text_input(option, value)


def _menu(kind: str, choices: Sequence[str], chosen: str) -> JsonObject:
    options: dict[str, JsonValue] = {
        choice: {"text": words(choice, _LONGEST_LABEL), "value": choice} for choice in choices
    }
    menu: JsonObject = {"type": kind, "options": list(options.values())}
    return {**menu, "initial_option": options[chosen]} if chosen in options else menu


def _number_input(option: Option, value: JsonValue) -> JsonObject:
    least, most = option.minimum, option.maximum
    element: JsonObject = {"type": "number_input", "is_decimal_allowed": option.kind == "number"}
    if least is not None:
        element["min_value"] = _number(least)
    if most is not None:
        element["max_value"] = _number(most)
    if isinstance(value, int | float):
        element["initial_value"] = _number(value)
    return element


def _text_input(option: Option, value: JsonValue) -> JsonObject:
    element: JsonObject = {
        "type": "plain_text_input",
        "multiline": option.kind == "json" or (option.kind == "text" and (option.maximum or LONGEST_VALUE) > _SHORT),
    }
    if option.kind == "text" and not option.choices:
        if option.minimum and 0 < option.minimum <= LONGEST_VALUE:
            element["min_length"] = int(option.minimum)
        if option.maximum and 0 < option.maximum <= LONGEST_VALUE:
            element["max_length"] = int(option.maximum)
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if value is not None and 0 < len(written) <= LONGEST_VALUE:
        element["initial_value"] = written
    return element


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
