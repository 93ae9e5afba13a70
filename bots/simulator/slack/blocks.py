"""Block Kit: which blocks Slack refuses, each with its place and reason.

Limits: the pages of https://docs.slack.dev/reference/block-kit/blocks. An `action_id` has to be unique within a
block there, and `input` blocks may stand in messages; the simulator wants the first unique within a message and the
second in modals, as nothing of ours needs more. Blocks that it does not know are refused like misspelled ones.
"""

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from bots.simulator.slack.block_kinds import CHECKS, SURFACES, Surface
from bots.simulator.slack.elements import MAX_ID, allow_length, refusal
from bots.simulator.slack.errors import ApiError, explained
from bots.simulator.slack.json_parts import object_of, objects, objects_of, text_of
from core.messages import JsonObject

MAX_BLOCKS: Final[dict[Surface, int]] = {"message": 50, "modal": 100, "home": 100}
MAX_MARKDOWN: Final = 12_000
MAX_TEXT: Final = 12_000
"""Characters of all texts in a message's blocks, as Slack's staff say: https://github.com/slackapi/bolt-js/issues/2509."""


def checked(blocks: JsonValue, surface: Surface = "message") -> list[JsonObject]:
    """Return blocks that are within the limits, with the ids that Slack gives to those that have none.

    Raises:
        ApiError: they are not.
    """
    if not isinstance(blocks, list):
        raise ApiError("invalid_blocks_format")
    most = MAX_BLOCKS[surface]
    if len(blocks) > most:
        raise explained("invalid_blocks", f"no more than {most} items allowed [json-pointer:/blocks]")
    for number, block in enumerate(blocks):
        _check(block, surface, f"/blocks/{number}")
    known = objects(blocks)
    _check_together(known, surface)
    return [_identified(block, number) for number, block in enumerate(known)]


def interactive(blocks: Sequence[JsonObject]) -> list[tuple[JsonObject, JsonObject]]:
    """Return each block and element that a person can use."""
    found = []
    for block in blocks:
        elements = [*objects_of(block, "elements"), object_of(block, "element"), object_of(block, "accessory")]
        found += [(block, element) for element in elements if element.get("action_id")]
    return found


def _check(block: JsonValue, surface: Surface, path: str) -> None:
    if not isinstance(block, dict):
        raise refusal("must be an object", path)
    kind = text_of(block, "type")
    if kind not in CHECKS or surface not in SURFACES.get(kind, ("message", "modal", "home")):
        raise refusal(f"unsupported type: {kind or None}", f"{path}/type")
    allow_length(block, "block_id", MAX_ID, path)
    CHECKS[kind](block, path)


def _check_together(blocks: Sequence[JsonObject], surface: Surface) -> None:
    if surface == "message" and sum(map(_length, blocks)) > MAX_TEXT:
        raise ApiError("msg_blocks_too_long")
    if sum(block["type"] == "table" for block in blocks) > 1:
        raise explained("invalid_attachments", "only_one_table_allowed")
    _check_once("block_id", [str(block["block_id"]) for block in blocks if block.get("block_id")])
    for group in [blocks] if surface == "message" else [[block] for block in blocks]:
        _check_once("action_id", [str(element["action_id"]) for _, element in interactive(group)])


def _length(part: JsonValue) -> int:
    """Return how many characters the texts in a block have."""
    if isinstance(part, list):
        return sum(map(_length, part))
    if not isinstance(part, dict):
        return 0
    return sum(
        len(value) if name == "text" and isinstance(value, str) else _length(value) for name, value in part.items()
    )


def _check_once(name: str, ids: Sequence[str]) -> None:
    twice = [each for each, count in Counter(ids).items() if count > 1]
    if twice:
        raise explained("invalid_blocks", f"`{name}` {twice[0]} already exists [json-pointer:/blocks]")


def _identified(block: JsonObject, number: int) -> JsonObject:
    named: JsonObject = {**block, "block_id": block.get("block_id") or uuid.uuid4().hex[:5]}
    elements = block.get("elements")
    if block["type"] in ("actions", "context_actions") and isinstance(elements, list):
        named["elements"] = [_named(element, f"{number}-{place}") for place, element in enumerate(elements)]
    for name in ("element", "accessory"):
        if isinstance(block.get(name), dict) and object_of(block, name).get("type") != "image":
            named[name] = _named(block[name], f"{number}-{name}")
    return named


def _named(element: JsonValue, place: str) -> JsonValue:
    return {**element, "action_id": element.get("action_id") or place} if isinstance(element, dict) else element
