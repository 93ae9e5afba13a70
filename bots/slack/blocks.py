"""Messages as Block Kit: text, tables and controls; pure.

That a `markdown` block renders Markdown as documented (https://docs.slack.dev/reference/block-kit/blocks/markdown-block)
could not be proven against Slack itself; where a server refuses it, the text is sent without it.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from bots.links import Links
from bots.slack import tables
from bots.slack.markup import escape, inert
from core.controls import Control
from core.messages import JsonObject

LABEL: Final = 75
"""Characters of a button, of a menu's entry, and of what is read of it to people who do not see it."""

MOST_ELEMENTS: Final = 25
"""In one block of buttons and menus: https://docs.slack.dev/reference/block-kit/blocks/actions-block."""

MOST_CHOICES: Final = 100
"""In one menu: https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#static_select."""


def content(markdown: str) -> JsonObject:
    """Return the text and blocks of a message."""
    return {"text": escape(markdown), "blocks": [_markdown(markdown)]}


def forms(text: str, controls: Sequence[Control] = (), *, links: Links) -> list[JsonObject]:
    """Return the forms a message can have, best first: each for a server that refuses the blocks of those before.

    With a table as a block and controls, without the table, without the controls, without any block. The last says
    `blocks: []`, because an edited message would keep those it has.
    """
    below = control_blocks(controls)
    written: list[list[JsonValue]] = [[_markdown(text), *below]]
    if parted := tables.around_table(text):
        before, table, after = parted
        written.insert(0, [*_stretch(before), tables.block(_inert(table), links), *_stretch(after), *below])
    if below:
        written.append([_markdown(text)])
    return [{"text": escape(text), "blocks": blocks} for blocks in [*written, []]]


def streamable(text: str) -> str | None:
    """Return a message as one stretch of text for a stream, None where it has a table that becomes a block."""
    return None if tables.around_table(text) else inert(text)


def control_blocks(controls: Sequence[Control]) -> list[JsonObject]:
    """Return the blocks with which people use the controls; `action_id` is a control's key.

    Of the pair that says how an answer was found, `value` is the key of the button that was pressed:
    https://docs.slack.dev/reference/block-kit/block-elements/feedback-buttons-element.
    """
    good = next((control for control in controls if control.action == "good"), None)
    bad = next((control for control in controls if control.action == "bad"), None)
    others = [control for control in controls if not (good and bad) or control not in (good, bad)]
    blocks: list[JsonObject] = []
    for start in range(0, len(others), MOST_ELEMENTS):
        elements: list[JsonValue] = [_element(control) for control in others[start : start + MOST_ELEMENTS]]
        blocks.append({"type": "actions", "elements": elements})
    if good and bad:
        feedback: JsonObject = {
            "type": "feedback_buttons",
            "action_id": good.key,
            "positive_button": _option(good),
            "negative_button": _option(bad),
        }
        blocks.append({"type": "context_actions", "elements": [feedback]})
    return blocks


def _markdown(text: str) -> JsonObject:
    return {"type": "markdown", "text": inert(text)}


def _stretch(text: str) -> list[JsonValue]:
    return [_markdown(text)] if text.strip() else []


def _inert(table: tables.Table) -> tables.Table:
    rows = tuple(tuple(map(inert, row)) for row in table.rows)
    return tables.Table(rows=rows, alignments=table.alignments)


def _option(control: Control) -> JsonObject:
    spoken = {"accessibility_label": control.help[:LABEL]} if control.help else {}
    return {"text": _label(control.label), "value": control.key, **spoken}


def _element(control: Control) -> JsonObject:
    if not control.choices:
        return {"type": "button", "action_id": control.key, **_option(control)}
    options: list[JsonValue] = [
        {"text": _label(choice.label), "value": choice.value} for choice in control.choices[:MOST_CHOICES]
    ]
    return {
        "type": "static_select",
        "action_id": control.key,
        "placeholder": _label(control.label),
        "options": options,
    }


def _label(text: str) -> JsonObject:
    return {"type": "plain_text", "text": text[:LABEL], "emoji": True}
