"""Buttons and menus as Discord's message components: pure.

https://discord.com/developers/docs/components/reference: a message has up to five action rows, each of them with up to
five buttons or one menu; a menu has up to 25 options with different values.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from core.controls import Choice, Control
from core.messages import JsonObject

MAX_ROWS: Final = 5
_ROW, _BUTTON, _MENU = 1, 2, 3
_SECONDARY, _DANGER = 2, 4
_BUTTONS_IN_A_ROW = 5
_MAX_LABEL = 80
_MAX_PLACEHOLDER = 150
_MAX_OPTION = 100
_MAX_OPTIONS = 25

_LEAST: Final = frozenset({"good", "bad"})
"""What is left out first where there is too much; the rest follows from the end."""


def rows(controls: Sequence[Control]) -> list[JsonValue]:
    """Return controls as action rows: menus first, each in a row of its own, then the buttons.

    Where there are more than five rows, menus and then feedback are left out, never all of the buttons.
    """
    menus = [control for control in controls if control.choices]
    buttons = [control for control in controls if not control.choices]
    room = (MAX_ROWS - bool(menus)) * _BUTTONS_IN_A_ROW
    if len(buttons) > room:
        buttons = sorted(buttons, key=lambda control: control.action in _LEAST)[:room]
    starts = range(0, len(buttons), _BUTTONS_IN_A_ROW)
    together = [_row([*map(_button, buttons[start : start + _BUTTONS_IN_A_ROW])]) for start in starts]
    return [*(_row([_menu(control)]) for control in menus[: MAX_ROWS - len(together)]), *together]


def _row(components: list[JsonValue]) -> JsonObject:
    return {"type": _ROW, "components": components}


def _button(control: Control) -> JsonObject:
    style = _DANGER if control.action == "stop" else _SECONDARY
    return {"type": _BUTTON, "style": style, "label": control.label[:_MAX_LABEL], "custom_id": control.key}


def _menu(control: Control) -> JsonObject:
    options = {choice.value: _option(choice) for choice in control.choices if 0 < len(choice.value) <= _MAX_OPTION}
    return {
        "type": _MENU,
        "custom_id": control.key,
        "placeholder": control.label[:_MAX_PLACEHOLDER],
        "options": list(options.values())[:_MAX_OPTIONS],
    }


def _option(choice: Choice) -> JsonValue:
    return {"label": choice.label[:_MAX_OPTION] or choice.value, "value": choice.value}
