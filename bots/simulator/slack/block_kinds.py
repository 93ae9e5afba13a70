"""Each kind of block, and which of them Slack refuses: https://docs.slack.dev/reference/block-kit/blocks."""

from typing import Final, Literal, TypeAlias

from bots.simulator.slack.elements import MAX_ID, Check, check_element, need_count, need_length, need_text, refusal
from bots.simulator.slack.json_parts import object_of, objects, objects_of, text_of
from core.messages import JsonObject

Surface: TypeAlias = Literal["message", "modal", "home"]

MAX_SECTION: Final = 3000
MAX_TABLE_TEXT: Final = 10_000
TASK_STATUSES: Final = ("pending", "in_progress", "complete", "error")

_MENUS: Final = ("static_select", "multi_static_select", "users_select", "conversations_select", "channels_select")
_PICKERS: Final = ("datepicker", "timepicker", "datetimepicker", "checkboxes", "radio_buttons")
_INPUTS: Final = (
    *_MENUS,
    *_PICKERS,
    "multi_users_select",
    "plain_text_input",
    "number_input",
    "email_text_input",
    "url_text_input",
    "file_input",
    "rich_text_input",
)
_RICH_PARTS: Final = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")


def _section(block: JsonObject, path: str) -> None:
    if "text" in block or "fields" not in block:
        need_text(block, "text", MAX_SECTION, path, styled=True)
    if "fields" in block:
        need_count(block["fields"], 10, f"{path}/fields")
        for number, item in enumerate(objects_of(block, "fields")):
            need_text({"field": item}, "field", 2000, f"{path}/fields/{number}", styled=True)
    if "accessory" in block:
        allowed = (*_MENUS, *_PICKERS, "multi_users_select", "button", "overflow", "image")
        check_element(object_of(block, "accessory"), allowed, f"{path}/accessory")


def _header(block: JsonObject, path: str) -> None:
    need_text(block, "text", 150, path)


def _divider(block: JsonObject, path: str) -> None:
    """Accept a line."""


def _markdown(block: JsonObject, path: str) -> None:
    if not text_of(block, "text"):
        raise refusal("must be more than 0 characters", f"{path}/text")


def _context(block: JsonObject, path: str) -> None:
    need_count(block.get("elements"), 10, f"{path}/elements")
    for number, element in enumerate(objects_of(block, "elements")):
        place = f"{path}/elements/{number}"
        if element.get("type") == "image":
            check_element(element, ("image",), place)
        else:
            need_text({"element": element}, "element", MAX_SECTION, place, styled=True)


def _elements(most: int, *allowed: str) -> Check:
    def check(block: JsonObject, path: str) -> None:
        need_count(block.get("elements"), most, f"{path}/elements")
        for number, element in enumerate(objects_of(block, "elements")):
            check_element(element, allowed, f"{path}/elements/{number}")

    return check


def _input(block: JsonObject, path: str) -> None:
    need_text(block, "label", 2000, path)
    if "hint" in block:
        need_text(block, "hint", 2000, path)
    check_element(object_of(block, "element"), _INPUTS, f"{path}/element")


def _image(block: JsonObject, path: str) -> None:
    check_element(block, ("image",), path)
    if "title" in block:
        need_text(block, "title", 2000, path)


def _rich_text(block: JsonObject, path: str) -> None:
    elements = block.get("elements")
    if not isinstance(elements, list) or any(text_of(part, "type") not in _RICH_PARTS for part in objects(elements)):
        raise refusal("unsupported rich text", f"{path}/elements")


def _table(block: JsonObject, path: str) -> None:
    rows = block.get("rows")
    if not isinstance(rows, list) or not 1 <= len(rows) <= 100:
        raise refusal("must be 1 to 100 rows", f"{path}/rows")
    for number, row in enumerate(rows):
        need_count(row, 20, f"{path}/rows/{number}")
        for column, cell in enumerate(objects(row)):
            _cell(cell, f"{path}/rows/{number}/{column}")
    if sum(len(cell_text(cell)) for row in rows for cell in objects(row)) > MAX_TABLE_TEXT:
        raise refusal(f"must be at most {MAX_TABLE_TEXT} characters in all cells", f"{path}/rows")
    if len(objects_of(block, "column_settings")) > 20:
        raise refusal("must be at most 20 items", f"{path}/column_settings")


def _cell(cell: JsonObject, path: str) -> None:
    if cell.get("type") == "rich_text":
        _rich_text(cell, path)
    elif cell.get("type") != "raw_text":
        raise refusal("unsupported type of a cell", f"{path}/type")
    if not cell_text(cell):
        raise refusal("must be more than 0 characters", f"{path}/text")


def cell_text(cell: JsonObject) -> str:
    """Return what people read in a cell of a table, or in other rich text."""
    parts = [cell_text(part) for part in objects_of(cell, "elements")]
    return text_of(cell, "text") or "".join(parts) or text_of(cell, "url")


def _task_card(block: JsonObject, path: str) -> None:
    need_length(block, "task_id", MAX_ID, path)
    need_length(block, "title", MAX_SECTION, path)
    if block.get("status", "pending") not in TASK_STATUSES:
        raise refusal("unknown status", f"{path}/status")
    for name in ("details", "output"):
        if name in block:
            _rich_text(object_of(block, name), f"{path}/{name}")


def _plan(block: JsonObject, path: str) -> None:
    need_length(block, "title", MAX_SECTION, path)
    tasks = objects_of(block, "tasks")
    if len(tasks) > 50:
        raise refusal("must be at most 50 items", f"{path}/tasks")
    for number, task in enumerate(tasks):
        _task_card(task, f"{path}/tasks/{number}")


SURFACES: Final[dict[str, tuple[Surface, ...]]] = {
    "markdown": ("message",),
    "table": ("message",),
    "context_actions": ("message",),
    "task_card": ("message",),
    "plan": ("message",),
    "input": ("modal",),
}
CHECKS: Final[dict[str, Check]] = {
    "section": _section,
    "header": _header,
    "divider": _divider,
    "markdown": _markdown,
    "context": _context,
    "actions": _elements(25, "button", "overflow", *_MENUS, *_PICKERS),
    "context_actions": _elements(5, "feedback_buttons", "icon_button"),
    "input": _input,
    "image": _image,
    "rich_text": _rich_text,
    "table": _table,
    "task_card": _task_card,
    "plan": _plan,
}
