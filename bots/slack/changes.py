"""What becomes of things that were said: edits, deletions, reactions, the native stop button, who can see them; pure.

https://docs.slack.dev/reference/events/message/message_changed,
https://docs.slack.dev/reference/events/message/message_deleted,
https://docs.slack.dev/reference/events/message/channel_convert_to_private,
https://docs.slack.dev/reference/events/reaction_added and https://docs.slack.dev/reference/events/agent_session_stopped
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from bots.slack.events import audience, calls, message_id
from bots.slack.fields import part, parts, text
from core.messages import Audience, Conversation, JsonObject

REMOVE: Final = "x"
"""The name of the emoji with which an asker removes an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A message says something else now.

    Attributes:
        payload: the event with which it would have come, had it been written as it is now.
        new: it speaks to the bot now and did not before, as far as the payload tells.
    """

    payload: JsonObject
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """A message was deleted; `id` is the one it was accepted under, if it was."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A person wants one of the bot's messages removed; `answer` is Slack's id of it, `user` that of the person."""

    conversation: Conversation
    answer: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A person, of whom the id is known, pressed the native stop button in a conversation."""

    conversation: Conversation
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A public channel was made private; from then on `audience` can see it."""

    conversation: Conversation
    audience: Audience


Change: TypeAlias = Edit | Deletion | Removal | Stop | Closure


def read_change(payload: JsonObject, *, bot: str, team: str) -> Change | None:
    """Return what an event changes; None where it changes nothing, as when a link was given a preview."""
    event = part(payload, "event")
    match event.get("type"), event.get("subtype"):
        case "message", "message_changed":
            return _edit(event, bot, team)
        case "message", "message_deleted":
            return _deletion(event, bot, team)
        case "message", "channel_convert_to_private":
            return _closure(event, team)
        case "reaction_added", _:
            return _removal(event, bot, team)
        case "agent_session_stopped", _:
            return _stop(event, team)
        case _:
            return None


def _edit(event: JsonObject, bot: str, team: str) -> Edit | Deletion | None:
    now, before = part(event, "message"), part(event, "previous_message")
    if now.get("subtype") == "tombstone":  # it was deleted, and stands there because of its replies
        return Deletion(id=message_id(team, text(event, "channel"), text(now, "ts")))
    if before and _said(now) == _said(before):
        return None
    payload = _as_written(event, now)
    called = bool(before) and calls(_as_written(event, before), bot)
    return Edit(payload=payload, new=calls(payload, bot) and not called)


def _as_written(event: JsonObject, message: JsonObject) -> JsonObject:
    place: JsonObject = {name: event[name] for name in ("channel", "channel_type") if name in event}
    return {"event": {**message, **place, "type": "message"}}


def _said(message: JsonObject) -> tuple[str, frozenset[str]]:
    return text(message, "text"), frozenset(text(file, "id") for file in parts(message, "files"))


def _deletion(event: JsonObject, bot: str, team: str) -> Deletion | None:
    before = part(event, "previous_message")
    if before.get("bot_id") or before.get("user") == bot:
        return None
    return Deletion(id=message_id(team, text(event, "channel"), text(event, "deleted_ts")))


def _closure(event: JsonObject, team: str) -> Closure:
    channel = text(event, "channel")
    return Closure(
        conversation=Conversation(platform="slack", workspace=team, channel=channel),
        audience=audience("private", team=team, channel=channel, user=""),
    )


def _removal(event: JsonObject, bot: str, team: str) -> Removal | None:
    item = part(event, "item")
    if event.get("reaction") != REMOVE or item.get("type") != "message" or event.get("item_user") not in (None, bot):
        return None
    return Removal(
        conversation=Conversation(platform="slack", workspace=team, channel=text(item, "channel")),
        answer=text(item, "ts"),
        user=text(event, "user"),
    )


def _stop(event: JsonObject, team: str) -> Stop:
    return Stop(
        conversation=Conversation(
            platform="slack",
            workspace=team,
            channel=text(event, "channel"),
            thread=text(event, "thread_ts") or None,
        ),
        user=text(event, "user"),
    )
