"""What a person fills into a modal, as its `state` says it.

https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload and the pages of the elements.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from pydantic import JsonValue

from bots.simulator.slack.json_parts import object_of, objects_of, text_of
from bots.simulator.slack.views import View
from core.messages import JsonObject

Filled: TypeAlias = str | Sequence[str] | Sequence[JsonObject]
"""What is typed or chosen: a text, the labels or values of options, or files as the API describes them."""

MISSING: Final = "Please complete this required field."

_CHOSEN: Final = {
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
}
_ONE: Final = ("static_select", "radio_buttons")
_MANY: Final = ("checkboxes", "multi_static_select")


def state(view: View, filled: Mapping[str, Filled]) -> JsonObject:
    """Return the values of a modal's fields, by block and action; `filled` is known by either of the two ids.

    What is not filled in keeps its initial value.
    """
    values: JsonObject = {}
    for block_id, block in view.fields.items():
        element = object_of(block, "element")
        action_id = str(element["action_id"])
        value = filled.get(block_id, filled.get(action_id))
        said = initial(element) if value is None else _said(element, value)
        values[block_id] = {action_id: {"type": element["type"], **said}}
    return values


def problems(view: View, values: JsonObject) -> dict[str, str]:
    """Return what Slack itself finds wrong before the app is told, by block."""
    found: dict[str, str] = {}
    for block_id, block in view.fields.items():
        element = object_of(block, "element")
        value = object_of(object_of(values, block_id), str(element["action_id"]))
        said = [each for name, each in value.items() if name != "type" and each not in (None, "", [])]
        if not said and not block.get("optional"):
            found[block_id] = MISSING
        elif said and (problem := _problem(element, value)):
            found[block_id] = problem
    return found


def initial(element: JsonObject) -> JsonObject:
    """Return what an element holds before anybody has touched it."""
    kind = text_of(element, "type")
    if kind in _ONE:
        return {"selected_option": element.get("initial_option")}
    if kind in _MANY:
        return {"selected_options": element.get("initial_options", [])}
    if kind in _CHOSEN:
        name = _CHOSEN[kind]
        return {name: element.get(name.replace("selected", "initial"))}
    if kind == "file_input":
        return {"files": []}
    return {"value": element.get("initial_value")}


def option(element: JsonObject, wanted: str) -> JsonObject:
    """Return the option with this value, or this label."""
    options = [*objects_of(element, "options")]
    options += [each for group in objects_of(element, "option_groups") for each in objects_of(group, "options")]
    found = [each for each in options if text_of(each, "value") == wanted]
    found += [each for each in options if text_of(object_of(each, "text"), "text") == wanted]
    assert found, f"there is no option {wanted!r} among {options}"
    return found[0]


def _said(element: JsonObject, value: Filled) -> JsonObject:
    kind = text_of(element, "type")
    if isinstance(value, str):
        if kind in _ONE:
            return {"selected_option": option(element, value)}
        assert kind not in (*_MANY, "file_input"), f"{kind} takes a list"
        return {_CHOSEN.get(kind, "value"): value or None}
    if kind == "file_input":
        files: list[JsonValue] = [file for file in value if isinstance(file, dict)]
        return {"files": files}
    assert kind in _MANY, f"{kind} takes a text"
    return {"selected_options": [option(element, each) for each in value if isinstance(each, str)]}


def _problem(element: JsonObject, value: JsonObject) -> str:
    kind, said = text_of(element, "type"), text_of(value, "value")
    if kind == "number_input":
        return _number_problem(element, said)
    if kind == "file_input":
        files, most = objects_of(value, "files"), element.get("max_files", 10)
        return "Too many files." if isinstance(most, int) and len(files) > most else ""
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    fits = not isinstance(least, int) or not isinstance(most, int) or least <= len(said) <= most
    return "" if fits or kind != "plain_text_input" else f"Must be {least} to {most} characters."


def _number_problem(element: JsonObject, said: str) -> str:
    try:
        number = float(said)
    except ValueError:
        return "Please enter a valid number."
    low, high = text_of(element, "min_value"), text_of(element, "max_value")
    if (low and number < float(low)) or (high and number > float(high)):
        return "This number is out of range."
    return "" if element.get("is_decimal_allowed") or number == int(number) else "Please enter a whole number."
