"""What people see of a message's blocks: words, tables, tasks and controls, what can be clicked, who is notified."""

from collections.abc import Iterator, Sequence
from typing import Final

from bots.simulator.slack.block_kinds import cell_text
from bots.simulator.slack.blocks import interactive
from bots.simulator.slack.json_parts import object_of, objects, objects_of, text_of
from bots.simulator.slack.markup import (
    addresses,
    markdown_links,
    markdown_pings,
    mrkdwn_links,
    mrkdwn_pings,
    plain,
)
from bots.simulator.transcript import ShownChoice, ShownControl, ShownTask, TaskStatus
from core.messages import JsonObject

_STATUSES: Final[dict[str, TaskStatus]] = {
    "pending": "pending",
    "in_progress": "in_progress",
    "complete": "complete",
    "error": "error",
}
_MENUS: Final = ("static_select", "multi_static_select", "overflow", "radio_buttons", "checkboxes")
_BUTTONS: Final = ("button", "icon_button")


def visible(text: str, blocks: Sequence[JsonObject]) -> str:
    """Return the words that people read: those of the blocks where there are some, else the text.

    Markdown before and after a task reads on.
    """
    if not blocks:
        return plain(text)
    words, tasks = "", False
    for block in blocks:
        if block["type"] in ("task_card", "plan"):
            tasks = True
        elif spoken := "\n".join(_spoken(block)):
            words += f"\n{spoken}" if words and not (tasks and block["type"] == "markdown") else spoken
            tasks = False
    return words


def controls(blocks: Sequence[JsonObject]) -> list[ShownControl]:
    """Return the buttons and menus."""
    return [control for _, element in interactive(blocks) for control in _controls(element)]


def tables(blocks: Sequence[JsonObject]) -> list[list[list[str]]]:
    """Return the cells of each table."""
    return [
        [[cell_text(cell) for cell in objects(row)] for row in rows]
        for block in blocks
        if block["type"] == "table" and isinstance(rows := block.get("rows"), list)
    ]


def tasks(blocks: Sequence[JsonObject]) -> list[ShownTask]:
    """Return the tasks, alone and in plans."""
    return [_task(card) for card in _cards(blocks)]


def plan(blocks: Sequence[JsonObject]) -> str:
    """Return the title above the tasks."""
    return next((text_of(block, "title") for block in blocks if block["type"] == "plan"), "")


def links(text: str, blocks: Sequence[JsonObject]) -> list[str]:
    """Return the addresses in a message that can be clicked or are fetched as pictures, each once."""
    return list(dict.fromkeys([*mrkdwn_links(text), *(link for block in blocks for link in _links(block))]))


def pings(text: str, blocks: Sequence[JsonObject]) -> list[str]:
    """Return who is notified by a message."""
    return [*mrkdwn_pings(text), *(ping for block in blocks for ping in _pings(block))]


def _spoken(block: JsonObject) -> Iterator[str]:
    if block["type"] == "markdown":
        yield text_of(block, "text")
    elif block["type"] == "rich_text":
        yield cell_text(block)
    elif block["type"] == "image":
        yield text_of(object_of(block, "title"), "text")
    else:
        for item in _text_objects(block):
            yield plain(text_of(item, "text")) if item["type"] == "mrkdwn" else text_of(item, "text")


def _text_objects(block: JsonObject) -> list[JsonObject]:
    held = [object_of(block, "text"), *objects_of(block, "fields")]
    held += objects_of(block, "elements") if block["type"] == "context" else []
    held += [object_of(block, "label"), object_of(block, "hint")] if block["type"] == "input" else []
    return [item for item in held if item.get("type") in ("mrkdwn", "plain_text")]


def _controls(element: JsonObject) -> Iterator[ShownControl]:
    kind, key = str(element["type"]), str(element["action_id"])
    if kind in _BUTTONS:
        yield _button(key, element)
    elif kind == "feedback_buttons":
        yield _button(key, object_of(element, "positive_button"))
        yield _button(key, object_of(element, "negative_button"))
    elif kind in _MENUS:
        options = [*objects_of(element, "options")]
        options += [option for group in objects_of(element, "option_groups") for option in objects_of(group, "options")]
        yield ShownControl(
            kind="menu",
            key=key,
            label=text_of(object_of(element, "placeholder"), "text"),
            choices=tuple(
                ShownChoice(label=text_of(object_of(option, "text"), "text"), value=text_of(option, "value"))
                for option in options
            ),
        )


def _button(key: str, button: JsonObject) -> ShownControl:
    return ShownControl(
        kind="button",
        key=key,
        label=text_of(object_of(button, "text"), "text"),
        value=text_of(button, "value"),
        help=text_of(button, "accessibility_label"),
    )


def _cards(blocks: Sequence[JsonObject]) -> list[JsonObject]:
    return [
        card for block in blocks for card in ([block] if block["type"] == "task_card" else objects_of(block, "tasks"))
    ]


def _task(card: JsonObject) -> ShownTask:
    return ShownTask(
        id=text_of(card, "task_id"),
        title=text_of(card, "title"),
        status=_STATUSES[text_of(card, "status") or "pending"],
        details=cell_text(object_of(card, "details")),
        output=cell_text(object_of(card, "output")),
    )


def _links(block: JsonObject) -> list[str]:
    if block["type"] == "markdown":
        return markdown_links(text_of(block, "text"))
    found = [link for item in _text_objects(block) for link in mrkdwn_links(text_of(item, "text"))]
    for card in _cards([block]):
        found += [link for text in _task_texts(card) for link in markdown_links(text)]
        found += [text_of(source, "url") for source in objects_of(card, "sources")]
    found += markdown_links(text_of(block, "title")) if block["type"] == "plan" else []
    found += [link for row in tables([block]) for cells in row for cell in cells for link in addresses(cell)]
    return [*found, *_targets(block)]


def _task_texts(card: JsonObject) -> tuple[str, ...]:
    task = _task(card)
    return task.title, task.details, task.output


def _targets(part: JsonObject) -> Iterator[str]:
    """Yield the addresses in the fields of a block and of what is in it: of buttons, pictures and rich text."""
    yield from (value for name in ("url", "image_url") if (value := text_of(part, name)))
    if text_of(part, "type") == "text":
        yield from addresses(text_of(part, "text"))
    for inner in (*objects_of(part, "elements"), *objects([part.get("accessory")]), *_cells(part)):
        yield from _targets(inner)


def _pings(block: JsonObject) -> list[str]:
    if block["type"] == "markdown":
        return markdown_pings(text_of(block, "text"))
    found = [ping for item in _text_objects(block) for ping in mrkdwn_pings(text_of(item, "text"))]
    found += [ping for card in _cards([block]) for text in _task_texts(card) for ping in markdown_pings(text)]
    found += [ping for row in tables([block]) for cells in row for cell in cells for ping in markdown_pings(cell)]
    return [*found, *_mentions(block)]


def _mentions(part: JsonObject) -> Iterator[str]:
    """Yield whom rich text notifies."""
    yield from (value for name in ("user_id", "usergroup_id", "range") if (value := text_of(part, name)))
    for inner in (*objects_of(part, "elements"), *_cells(part)):
        yield from _mentions(inner)


def _cells(table: JsonObject) -> list[JsonObject]:
    rows = table.get("rows")
    return [cell for row in rows for cell in objects(row)] if isinstance(rows, list) else []
