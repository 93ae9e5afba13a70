"""Forms in which a skill's options are filled in, and what was filled in; pure.

https://docs.slack.dev/reference/views/modal-views, https://docs.slack.dev/reference/block-kit/blocks/input-block and
https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from bots.slack.attachments import attachments
from bots.slack.fields import part, parts, text
from bots.slack.views import LONGEST_SECTION, LONGEST_TITLE, LONGEST_VALUE, noted, read_note, words
from core.errors import UserError
from core.messages import Attachment, DirectCall, JsonObject
from core.model import Tool
from core.options import Option, given, missing, typed

FORM: Final = "steward.call"
"""The callback id of a skill's form."""

MOST_FIELDS: Final = 98
"""Options of one form, beside what is said above them: a view holds 100 blocks."""

_LONGEST_HINT: Final = 2000
_LONGEST_ERROR: Final = 300
_MOST_CHOICES: Final = 100
_LONGEST_CHOICE: Final = 150
_LONGEST_LABEL: Final = 75
_SHORT: Final = 100
"""Characters of a text that is filled in on one line."""

_YES_OR_NO: Final = ("yes", "no")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form as it was submitted.

    Attributes:
        channel: where it was opened.
        response_url: of the command that opened it.
        texts: what was filled in, by option.
        files: the files that were put in, by option.
    """

    skill: str
    channel: str
    response_url: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Attachment] = field(default_factory=dict)


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


def read_form(view: JsonObject) -> Filled:
    """Return what was filled in, from a submitted view."""
    note = read_note(view)
    texts: dict[str, str] = {}
    files: dict[str, Attachment] = {}
    values = part(part(view, "state"), "values")
    for name in values:
        element = part(part(values, name), name)
        if put_in := attachments(parts(element, "files")):
            files[name] = put_in[0]
        elif element.get("type") != "file_input":
            texts[name] = text(element, "value") or text(part(element, "selected_option"), "value")
    return Filled(
        skill=text(note, "skill"),
        channel=text(note, "channel"),
        response_url=text(note, "response_url"),
        texts=texts,
        files=files,
    )


def problems(options: Sequence[Option], filled: Filled) -> dict[str, str]:
    """Return what is wrong with what was filled in, by option; nothing where the call can be made."""
    found: dict[str, str] = {}
    for option in options:
        try:
            arguments = given([option], _texts([option], filled))
        except UserError as error:
            found[option.name] = str(error)[:_LONGEST_ERROR]
        else:
            if missing([option], {**arguments, **filled.files}):
                found[option.name] = "This is needed."
    return found


def call(options: Sequence[Option], filled: Filled) -> tuple[DirectCall, str]:
    """Return the call that was filled in without problems, and as somebody would type it.

    What is as it is by default is left out.
    """
    usual = {option.name: option.default for option in options if not option.required}
    arguments = {
        name: value
        for name, value in given(options, _texts(options, filled)).items()
        if name not in usual or value != usual[name]
    }
    files = {name: place for place, name in enumerate(filled.files)}
    named: JsonObject = {**arguments, **{name: file.filename for name, file in filled.files.items()}}
    return DirectCall(skill=filled.skill, arguments=arguments, files=files), f"call {typed(filled.skill, named)}"


def _texts(options: Sequence[Option], filled: Filled) -> dict[str, str]:
    return {option.name: filled.texts[option.name] for option in options if option.name in filled.texts}


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
