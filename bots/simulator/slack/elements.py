"""The elements inside blocks, and which of them Slack refuses.

Limits: the pages of https://docs.slack.dev/reference/block-kit/block-elements and of
https://docs.slack.dev/reference/block-kit/composition-objects.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from pydantic import JsonValue

from bots.simulator.slack.errors import ApiError, explained
from bots.simulator.slack.json_parts import object_of, objects_of, text_of
from core.messages import JsonObject

MAX_ID: Final = 255
MAX_LABEL: Final = 75
MAX_VALUE: Final = 2000
MAX_OPTIONS: Final = 100
MAX_BOXES: Final = 10
MAX_OVERFLOW: Final = 5
MAX_INPUT: Final = 3000

Check: TypeAlias = Callable[[JsonObject, str], None]


def refusal(why: str, path: str) -> ApiError:
    """Return the refusal of a block, with the place in it."""
    return explained("invalid_blocks", f"{why} [json-pointer:{path}]")


def need_text(holder: JsonObject, name: str, most: int, path: str, *, styled: bool = False) -> None:
    """Refuse a text object that is missing, empty, too long or, unless `styled`, no `plain_text`."""
    found = object_of(holder, name)
    if text_of(found, "type") not in (("mrkdwn", "plain_text") if styled else ("plain_text",)):
        raise refusal("must be a text object of an allowed type", f"{path}/{name}")
    need_length(found, "text", most, f"{path}/{name}")


def need_length(holder: JsonObject, name: str, most: int, path: str) -> None:
    """Refuse a text that is missing, empty or too long."""
    if not 1 <= len(text_of(holder, name)) <= most:
        raise refusal(f"must be 1 to {most} characters", f"{path}/{name}")


def allow_length(holder: JsonObject, name: str, most: int, path: str) -> None:
    """Refuse a text that is too long or none at all, where the field is there."""
    value = holder.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > most):
        raise refusal(f"must be at most {most} characters", f"{path}/{name}")


def need_count(items: JsonValue, most: int, path: str) -> None:
    """Refuse what is no list of objects, an empty list and a too long one."""
    if not isinstance(items, list) or any(not isinstance(item, dict) for item in items):
        raise refusal("must be a list of objects", path)
    if not 1 <= len(items) <= most:
        raise refusal(f"must be 1 to {most} items", path)


def check_element(element: JsonObject, allowed: Sequence[str], path: str) -> None:
    """Refuse an element that is not allowed here or not within its limits."""
    kind = text_of(element, "type")
    if kind not in allowed or kind not in _CHECKS:
        raise refusal(f"unsupported type: {kind or None}", f"{path}/type")
    allow_length(element, "action_id", MAX_ID, path)
    if "placeholder" in element:
        need_text(element, "placeholder", 150, path)
    if "confirm" in element:
        _confirm(object_of(element, "confirm"), f"{path}/confirm")
    _CHECKS[kind](element, path)


def _button(button: JsonObject, path: str) -> None:
    need_text(button, "text", MAX_LABEL, path)
    allow_length(button, "value", MAX_VALUE, path)
    allow_length(button, "url", 3000, path)
    allow_length(button, "accessibility_label", MAX_LABEL, path)
    if button.get("style") not in (None, "primary", "danger"):
        raise refusal("must be primary or danger", f"{path}/style")


def _icon_button(button: JsonObject, path: str) -> None:
    _button(button, path)
    if button.get("icon") != "trash":
        raise refusal("unknown icon", f"{path}/icon")


def _feedback(element: JsonObject, path: str) -> None:
    for name in ("positive_button", "negative_button"):
        button = object_of(element, name)
        need_text(button, "text", MAX_LABEL, f"{path}/{name}")
        need_length(button, "value", MAX_VALUE, f"{path}/{name}")
        allow_length(button, "accessibility_label", MAX_LABEL, f"{path}/{name}")


def _confirm(dialog: JsonObject, path: str) -> None:
    need_text(dialog, "title", 100, path)
    need_text(dialog, "text", 300, path, styled=True)
    need_text(dialog, "confirm", 30, path)
    need_text(dialog, "deny", 30, path)


def _options(element: JsonObject, most: int, path: str, *, styled: bool = False) -> None:
    need_count(element.get("options"), most, f"{path}/options")
    options = objects_of(element, "options")
    for number, option in enumerate(options):
        place = f"{path}/options/{number}"
        need_text(option, "text", MAX_LABEL, place, styled=styled)
        need_length(option, "value", 150, place)
        if "description" in option:
            need_text(option, "description", MAX_LABEL, place, styled=styled)
    chosen = [object_of(element, "initial_option")] if "initial_option" in element else []
    if any(option not in options for option in [*chosen, *objects_of(element, "initial_options")]):
        raise refusal("must be one of the options", f"{path}/initial_option")


def _select(element: JsonObject, path: str) -> None:
    if "option_groups" not in element:
        _options(element, MAX_OPTIONS, path)
        return
    if "options" in element:
        raise refusal("cannot have options and option_groups", path)
    need_count(element["option_groups"], MAX_OPTIONS, f"{path}/option_groups")
    for number, group in enumerate(objects_of(element, "option_groups")):
        need_text(group, "label", MAX_LABEL, f"{path}/option_groups/{number}")
        _options(group, MAX_OPTIONS, f"{path}/option_groups/{number}")


def _boxes(element: JsonObject, path: str) -> None:
    _options(element, MAX_BOXES, path, styled=True)


def _overflow(element: JsonObject, path: str) -> None:
    _options(element, MAX_OVERFLOW, path)


def _text_input(element: JsonObject, path: str) -> None:
    least, most = element.get("min_length", 0), element.get("max_length", MAX_INPUT)
    if not isinstance(least, int) or not isinstance(most, int) or not 0 <= least <= most <= MAX_INPUT or most < 1:
        raise refusal("min_length and max_length do not fit", path)
    allow_length(element, "initial_value", most, path)


def _number_input(element: JsonObject, path: str) -> None:
    if not isinstance(element.get("is_decimal_allowed"), bool):
        raise refusal("missing required field: is_decimal_allowed", path)
    for name in ("min_value", "max_value", "initial_value"):
        value = element.get(name)
        try:
            number = float(value) if isinstance(value, str) else 0.0
        except ValueError:
            raise refusal("must be a number in a string", f"{path}/{name}") from None
        if value is not None and (not isinstance(value, str) or (not element["is_decimal_allowed"] and number % 1)):
            raise refusal("must be a number in a string", f"{path}/{name}")


def _file_input(element: JsonObject, path: str) -> None:
    most = element.get("max_files", 10)
    if not isinstance(most, int) or not 1 <= most <= 10:
        raise refusal("must be 1 to 10", f"{path}/max_files")


def _image(element: JsonObject, path: str) -> None:
    need_length(element, "alt_text", MAX_VALUE, path)
    allow_length(element, "image_url", 3000, path)
    if ("image_url" in element) == ("slack_file" in element):
        raise refusal("needs one of image_url and slack_file", path)


def _anything(element: JsonObject, path: str) -> None:
    """Accept an element whose fields are not looked at."""


_CHECKS: Final[dict[str, Check]] = {
    "button": _button,
    "icon_button": _icon_button,
    "feedback_buttons": _feedback,
    "static_select": _select,
    "multi_static_select": _select,
    "overflow": _overflow,
    "checkboxes": _boxes,
    "radio_buttons": _boxes,
    "plain_text_input": _text_input,
    "number_input": _number_input,
    "file_input": _file_input,
    "image": _image,
    "email_text_input": _anything,
    "url_text_input": _anything,
    "datepicker": _anything,
    "timepicker": _anything,
    "datetimepicker": _anything,
    "users_select": _anything,
    "multi_users_select": _anything,
    "conversations_select": _anything,
    "channels_select": _anything,
    "rich_text_input": _anything,
}
