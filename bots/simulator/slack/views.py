"""Modals and the tab of the app's home.

https://docs.slack.dev/reference/views/modal-views, https://docs.slack.dev/reference/views/home-tab-views and the
methods `views.open`, `views.push`, `views.update` and `views.publish`.
"""

import uuid
from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import JsonValue

from bots.simulator.slack import reading
from bots.simulator.slack.block_kinds import Surface
from bots.simulator.slack.blocks import checked
from bots.simulator.slack.elements import allow_length, need_text
from bots.simulator.slack.errors import ApiError, explained
from bots.simulator.slack.json_parts import object_of, objects_of, text_of
from bots.simulator.transcript import ShownControl
from core.messages import JsonObject

MAX_BYTES: Final = 250_000
MAX_TITLE: Final = 24
MAX_STACK: Final = 3

_WORDS: Final = ("title", "submit", "close")
_DEFAULTS: Final[JsonObject] = {
    "private_metadata": "",
    "callback_id": "",
    "external_id": "",
    "clear_on_close": False,
    "notify_on_close": False,
    "title": None,
    "submit": None,
    "close": None,
}


@dataclass(slots=True, kw_only=True)
class View:
    """A modal or a home tab as one person sees it.

    Attributes:
        shape: its fields as the app gave them, checked.
        previous: the modal below it.
        root: the modal at the bottom, itself where it is that.
        errors: what stands under its fields, by block.
        warnings: what Slack itself says in it.
        closed: the person does not see it any more.
    """

    id: str
    user: str
    shape: JsonObject
    previous: "View | None" = None
    root: str = ""
    hash: str = field(default_factory=lambda: uuid.uuid4().hex)
    errors: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    closed: bool = False

    @property
    def blocks(self) -> list[JsonObject]:
        """The blocks, with their ids."""
        return objects_of(self.shape, "blocks")

    @property
    def title(self) -> str:
        """What stands above it."""
        return text_of(object_of(self.shape, "title"), "text")

    @property
    def text(self) -> str:
        """The words that people read."""
        return reading.visible("", self.blocks)

    @property
    def controls(self) -> list[ShownControl]:
        """The buttons and menus, but for the fields."""
        return reading.controls([block for block in self.blocks if block["type"] != "input"])

    @property
    def fields(self) -> dict[str, JsonObject]:
        """What can be filled in: the `input` blocks, by block id."""
        return {str(block["block_id"]): block for block in self.blocks if block["type"] == "input"}

    def replace(self, shape: JsonObject) -> None:
        """Show something else in its place."""
        self.shape = shape
        self.hash = uuid.uuid4().hex
        self.errors, self.warnings = {}, []


def shape(value: JsonValue, kind: Literal["modal", "home"]) -> JsonObject:
    """Return the fields of a view that is within the limits.

    Raises:
        ApiError: it is not.
    """
    if not isinstance(value, dict) or value.get("type") != kind:
        raise explained("invalid_arguments", f"must be a view of type {kind} [json-pointer:/view/type]")
    if len(str(value)) > MAX_BYTES:
        raise ApiError("view_too_large")
    try:
        _check_words(value, kind)
        surface: Surface = kind
        blocks: list[JsonValue] = list(checked(value.get("blocks"), surface))
    except ApiError as error:
        raise ApiError("invalid_arguments", **error.fields) from error
    if not blocks:
        raise explained("invalid_arguments", "must be at least one block [json-pointer:/view/blocks]")
    if any(block["type"] == "input" for block in objects_of({"blocks": blocks}, "blocks")) and "submit" not in value:
        raise explained("invalid_arguments", "missing required field: submit [json-pointer:/view]")
    return {**_DEFAULTS, **value, "blocks": blocks}


def _check_words(view: JsonObject, kind: str) -> None:
    for name in _WORDS:
        if (kind == "modal" and name == "title") or view.get(name) is not None:
            need_text(view, name, MAX_TITLE, "/view")
    for name, most in (("callback_id", 255), ("private_metadata", 3000), ("external_id", 255)):
        allow_length(view, name, most, "/view")


def described(view: View, *, team: str, app: str, bot: str, values: JsonObject | None = None) -> JsonObject:
    """Describe a view as Slack does, with what was filled in."""
    return {
        **view.shape,
        "id": view.id,
        "team_id": team,
        "state": {"values": values or {}},
        "hash": view.hash,
        "previous_view_id": view.previous.id if view.previous else None,
        "root_view_id": view.root or view.id,
        "app_id": app,
        "app_installed_team_id": team,
        "bot_id": bot,
    }
