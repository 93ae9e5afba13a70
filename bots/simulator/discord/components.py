"""Buttons and menus under a message: their limits, and what people see of them.

https://discord.com/developers/docs/components/reference
"""

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from bots.simulator.discord.errors import ApiError, invalid, out_of_length
from bots.simulator.discord.fields import check_number, check_text, objects
from bots.simulator.transcript import ShownChoice, ShownControl
from core.messages import JsonObject

ROW, BUTTON, STRING_SELECT = 1, 2, 3
SELECTS = (STRING_SELECT, 5, 6, 7, 8)
"""Menus of texts, users, roles, both of these, and channels."""

MAX_ROWS = 5
MAX_BUTTONS = 5
MAX_CHOICES = 25
MAX_KEY = 100
MAX_LABEL = 80
MAX_CHOICE = 100
MAX_PLACEHOLDER = 150
MAX_URL = 512
_LINK = 5


def check_components(rows: Sequence[JsonObject], at: str = "components") -> None:
    """Hold the components of a message against their limits; `at` is where they stand in the request.

    Raises:
        ApiError: 50035 with the place of the first mistake.
    """
    if len(rows) > MAX_ROWS:
        raise invalid(at, "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_ROWS} in length.")
    for number, row in enumerate(rows):
        _check_row(row, f"{at}.{number}")
    keys: set[JsonValue] = set()
    for place, part in _parts(rows, at):
        key = part.get("custom_id")
        if key is not None and key in keys:
            raise invalid(f"{place}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id duplicated")
        keys.add(key)


def find(rows: Sequence[JsonObject], key: str) -> JsonObject | None:
    """Return the button or menu with this custom_id."""
    return next((part for _, part in _parts(rows, "") if part.get("custom_id") == key), None)


def controls(rows: Sequence[JsonObject]) -> list[ShownControl]:
    """Return the buttons and menus as people see them."""
    return [_control(part) for _, part in _parts(rows, "")]


def check_select(part: JsonObject, at: str) -> None:
    """Hold a menu against its limits.

    Raises:
        ApiError: 50035 with the place of the first mistake.
    """
    check_text(part, "custom_id", MAX_KEY, at, needed=True)
    check_text(part, "placeholder", MAX_PLACEHOLDER, at, least=0)
    check_number(part, "min_values", 0, MAX_CHOICES, at)
    check_number(part, "max_values", 1, MAX_CHOICES, at)
    if part.get("type") != STRING_SELECT:
        return
    choices = objects(part.get("options"), f"{at}.options")
    if not 1 <= len(choices) <= MAX_CHOICES:
        raise out_of_length(f"{at}.options", 1, MAX_CHOICES)
    for number, choice in enumerate(choices):
        check_text(choice, "label", MAX_CHOICE, f"{at}.options.{number}", needed=True)
        check_text(choice, "value", MAX_CHOICE, f"{at}.options.{number}", needed=True)
        check_text(choice, "description", MAX_CHOICE, f"{at}.options.{number}", least=0)
    values = [choice.get("value") for choice in choices]
    for number, value in enumerate(values):
        if value in values[:number]:
            raise invalid(
                f"{at}.options.{number}.value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The value is used already"
            )


def _check_row(row: JsonObject, at: str) -> None:
    if row.get("type") != ROW:
        raise invalid(f"{at}.type", "UNION_TYPE_CHOICES", f'Value of field "type" must be one of ({ROW},).')
    parts = objects(row.get("components"), f"{at}.components")
    if not 1 <= len(parts) <= MAX_BUTTONS:
        raise out_of_length(f"{at}.components", 1, MAX_BUTTONS)
    for number, part in enumerate(parts):
        _check_part(part, f"{at}.components.{number}")
    if any(part.get("type") in SELECTS for part in parts) and len(parts) > 1:
        raise invalid(f"{at}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The width of the row was exceeded")


def _check_part(part: JsonObject, at: str) -> None:
    if part.get("type") in SELECTS:
        check_select(part, at)
    elif part.get("type") == BUTTON:
        _check_button(part, at)
    else:
        choices = (BUTTON, *SELECTS)
        raise invalid(f"{at}.type", "UNION_TYPE_CHOICES", f'Value of field "type" must be one of {choices}.')


def _check_button(part: JsonObject, at: str) -> None:
    style = part.get("style")
    if style not in (1, 2, 3, 4, _LINK):
        raise invalid(f"{at}.style", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5, 6}.")
    check_text(part, "label", MAX_LABEL, at, least=0)
    emoji = part.get("emoji")
    if emoji is not None and not (isinstance(emoji, dict) and (emoji.get("name") or emoji.get("id"))):
        raise invalid(f"{at}.emoji", "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")
    if not part.get("label") and emoji is None:
        raise _misshapen(at, "A button must have a label or an emoji")
    if style == _LINK:
        check_text(part, "url", MAX_URL, at, needed=True)
    else:
        check_text(part, "custom_id", MAX_KEY, at, needed=True)
    if ("custom_id" in part) == (style == _LINK) or ("url" in part) != (style == _LINK):
        raise _misshapen(at, "A custom id and url cannot both be specified")


def _misshapen(at: str, message: str) -> ApiError:
    return invalid(at, "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", message)


def _parts(rows: Sequence[JsonObject], at: str) -> Iterator[tuple[str, JsonObject]]:
    for number, row in enumerate(rows):
        for index, part in enumerate(objects(row.get("components", []), at)):
            yield f"{at}.{number}.components.{index}", part


def _control(part: JsonObject) -> ShownControl:
    emoji = part.get("emoji")
    symbol = str(emoji.get("name") or "") if isinstance(emoji, dict) else ""
    label = str(part.get("label") or part.get("placeholder") or "")
    choices = objects(part.get("options") or [], "")
    return ShownControl(
        kind="button" if part.get("type") == BUTTON else "menu",
        key=str(part.get("custom_id") or part.get("url") or ""),
        label=f"{symbol} {label}".strip(),
        choices=tuple(ShownChoice(label=str(each.get("label")), value=str(each.get("value"))) for each in choices),
        enabled=not part.get("disabled"),
    )
