"""The chunks that a message is streamed in: https://docs.slack.dev/reference/methods/chat.appendStream.

Markdown goes on where the last ended, tasks are changed by their id.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from bots.simulator.slack.block_kinds import TASK_STATUSES
from bots.simulator.slack.blocks import MAX_BLOCKS, MAX_MARKDOWN, checked
from bots.simulator.slack.call import Call
from bots.simulator.slack.errors import ApiError, explained
from bots.simulator.slack.json_parts import object_of, objects, text_of
from core.messages import JsonObject

MAX_TASK_TEXT: Final = 256
"""Characters of a task's title, details or output in one chunk."""


def chunks_of(call: Call) -> list[JsonObject]:
    """Return what is to be added, all of it checked."""
    markdown, listed = call.text("markdown_text"), call.structure("chunks")
    if markdown and listed:
        raise ApiError("cannot_provide_both_markdown_text_and_chunks")
    if not listed:
        listed = [{"type": "markdown_text", "text": markdown}] if markdown else []
    if not isinstance(listed, list) or len(objects(listed)) < len(listed):
        raise explained("invalid_chunks", "must be a list of objects")
    return [_checked(chunk) for chunk in objects(listed)]


def _checked(chunk: JsonObject) -> JsonObject:
    kind = text_of(chunk, "type")
    if kind == "markdown_text":
        if not text_of(chunk, "text"):
            raise explained("invalid_chunks", "text must be more than 0 characters")
        if len(text_of(chunk, "text")) > MAX_MARKDOWN:
            raise ApiError("msg_too_long")
        return chunk
    if kind == "blocks":
        return {"type": "blocks", "blocks": list(checked(chunk.get("blocks")))}
    if kind == "plan_update":
        _need(0 < len(text_of(chunk, "title")) <= MAX_TASK_TEXT, "title")
        return chunk
    if kind != "task_update":
        raise explained("invalid_chunks", f"unsupported type: {kind or None}")
    _need(0 < len(text_of(chunk, "id")) <= 255, "id")
    _need(0 < len(text_of(chunk, "title")) <= MAX_TASK_TEXT, "title")
    _need(chunk.get("status") in TASK_STATUSES, "status")
    for name in ("details", "output"):
        value = chunk.get(name)
        _need(value is None or (isinstance(value, str) and len(value) <= MAX_TASK_TEXT), name)
    sources = chunk.get("sources") or []
    _need(isinstance(sources, list) and all(text_of(each, "url") for each in objects(sources)), "sources")
    return chunk


def _need(fine: bool, name: str) -> None:
    if not fine:
        raise explained("invalid_chunks", f"{name} is missing, unknown or too long")


def added(blocks: Sequence[JsonObject], chunks: Sequence[JsonObject], *, planned: bool) -> list[JsonObject]:
    """Return the blocks of a message with chunks added to them; tasks stand in a plan where they are `planned`.

    Raises:
        ApiError: that is more than a message holds.
    """
    grown = list(blocks)
    for chunk in chunks:
        kind = text_of(chunk, "type")
        if kind == "markdown_text":
            _write(grown, text_of(chunk, "text"))
        elif kind == "blocks":
            grown += objects(chunk["blocks"])
        elif kind == "plan_update":
            _title(grown, text_of(chunk, "title"))
        else:
            _card(grown, chunk, planned=planned)
    if sum(len(text_of(block, "text")) for block in grown if block["type"] == "markdown") > MAX_MARKDOWN:
        raise ApiError("msg_too_long")
    if len(grown) > MAX_BLOCKS["message"]:
        raise ApiError("invalid_blocks")
    return grown


def _write(blocks: list[JsonObject], text: str) -> None:
    """Go on with the Markdown at the end, or begin some below what stands there."""
    if blocks and blocks[-1]["type"] == "markdown":
        blocks[-1] = {**blocks[-1], "text": text_of(blocks[-1], "text") + text}
    else:
        blocks.append({"type": "markdown", "block_id": f"text{len(blocks)}", "text": text})


def _title(blocks: list[JsonObject], title: str) -> None:
    place = _plan(blocks)
    blocks[place] = {**blocks[place], "title": title}


def _plan(blocks: list[JsonObject]) -> int:
    """Return the place of the plan, which stands where its first task or title appeared."""
    for place, block in enumerate(blocks):
        if block["type"] == "plan":
            return place
    blocks.append({"type": "plan", "block_id": "plan", "title": "", "tasks": []})
    return len(blocks) - 1


def _card(blocks: list[JsonObject], chunk: JsonObject, *, planned: bool) -> None:
    """Add a task, or change the one with its id."""
    if planned:
        place = _plan(blocks)
        tasks = objects(blocks[place]["tasks"])
        _place(tasks, chunk)
        listed: list[JsonValue] = list(tasks)
        blocks[place] = {**blocks[place], "tasks": listed}
    else:
        _place(blocks, chunk)


def _place(cards: list[JsonObject], chunk: JsonObject) -> None:
    for place, card in enumerate(cards):
        if card.get("task_id") == chunk["id"]:
            cards[place] = _updated(card, chunk)
            return
    cards.append(_updated({"type": "task_card", "task_id": chunk["id"], "block_id": f"task{chunk['id']}"}, chunk))


def _updated(card: JsonObject, chunk: JsonObject) -> JsonObject:
    changed: JsonObject = {**card, "title": chunk["title"], "status": chunk["status"]}
    for name in ("details", "output"):
        if text := text_of(chunk, name):
            parts = objects(object_of(card, name).get("elements"))
            section: JsonObject = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
            changed[name] = {"type": "rich_text", "elements": [*parts, section]}
    if chunk.get("sources"):
        changed["sources"] = chunk["sources"]
    return changed
