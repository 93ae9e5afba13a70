"""From Slack's payloads to messages; pure.

https://docs.slack.dev/reference/events/app_mention, https://docs.slack.dev/reference/events/message and
https://docs.slack.dev/interactivity/implementing-slash-commands
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pydantic import JsonValue

from bots.slack.markup import mentioned, plain
from core.messages import Attachment, Audience, Conversation, JsonObject, Message, Person

Place: TypeAlias = Literal["public", "private", "direct"]
"""Who reads a channel: the workspace; its members, also where that is not known; one person."""

FILE_PREFIX = "file:"
"""Begins the source of a file whose address only `files.info` tells (Slack Connect)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What a payload does not say.

    Attributes:
        bot: the bot's user id.
        team: the workspace that the bot is in.
        names: of people, by id.
        place: who reads the channel.
    """

    bot: str
    team: str
    names: Mapping[str, str] = field(default_factory=dict)
    place: Place = "private"


def read_event(payload: JsonObject, lookup: Lookup) -> Message | None:
    """Return what an Events API payload says to the bot, None where it says nothing.

    A mention at a channel's root opens a thread. `app_mention` and `message` of one post have one id, and so has a
    post that is read from the history: it does not say `team_id`, so that is never looked at.
    """
    event = payload.get("event")
    if not isinstance(event, dict) or not _is_speech(event, lookup.bot):
        return None
    team, channel, ts = lookup.team, _text(event, "channel"), _text(event, "ts")
    user, thread = _text(event, "user"), _text(event, "thread_ts")
    direct = _is_direct(event)
    return Message(
        id=f"slack/{team}/{channel}/{ts}",
        conversation=Conversation(
            platform="slack", workspace=team, channel=channel, thread=thread or (None if direct else ts)
        ),
        audience=_audience("direct" if direct else lookup.place, team=team, channel=channel, user=user),
        author=Person(id=user, name=lookup.names.get(user, user)),
        text=plain(_text(event, "text"), bot=lookup.bot, names=lookup.names),
        attachments=_attachments(event.get("files")),
        sent_at=float(ts),
        origin={"ts": ts},
    )


def read_question(payload: JsonObject, question: str, lookup: Lookup) -> Message:
    """Return what a slash command asks; it is said at the channel's root, commands do not work in threads."""
    place, user, now = read_conversation(payload, lookup.team), _text(payload, "user_id"), time.time()
    return Message(
        id=f"{place.channel_key}/{_text(payload, 'trigger_id') or now}",
        conversation=place,
        audience=_audience(lookup.place, team=place.workspace, channel=place.channel, user=user),
        author=Person(id=user, name=lookup.names.get(user) or _text(payload, "user_name") or user),
        text=plain(question, bot=lookup.bot, names=lookup.names),
        sent_at=now,
        origin={"response_url": _text(payload, "response_url")},
    )


def read_conversation(payload: JsonObject, team: str) -> Conversation:
    """Return where a slash command was used, in the workspace that the bot is in."""
    return Conversation(platform="slack", workspace=team, channel=_text(payload, "channel_id"))


def channel_of(payload: JsonObject) -> str:
    """Return the channel of an event or command."""
    event = payload.get("event")
    return _text(event, "channel") if isinstance(event, dict) else _text(payload, "channel_id")


def position_of(payload: JsonObject) -> str | None:
    """Return the id of what an event tells of within its channel, which rises with time; None where it has none."""
    event = payload.get("event")
    if not isinstance(event, dict) or event.get("type") not in ("app_mention", "message"):
        return None
    ts = _text(event, "ts")
    return ts if _text(event, "channel") and _is_number(ts) else None


def people_of(payload: JsonObject) -> list[str]:
    """Return the ids of the author and of the people mentioned."""
    event = payload.get("event")
    if isinstance(event, dict):
        return [_text(event, "user"), *mentioned(_text(event, "text"))]
    return [_text(payload, "user_id"), *mentioned(_text(payload, "text"))]


def place_of(payload: JsonObject) -> Place | None:
    """Return who reads the channel of an event or command, None where the payload does not say it.

    A `message` says "channel" of a channel shared with another workspace too, so that is asked for as well.
    """
    event = payload.get("event")
    kind = _text(event, "channel_type") if isinstance(event, dict) else ""
    if kind == "im" or (not kind and channel_of(payload).startswith("D")):
        return "direct"
    return "private" if kind not in ("", "channel") else None


def described_place(channel: JsonObject) -> Place:
    """Return who reads a channel as `conversations.info` describes it; one shared with others is its members' own."""
    if channel.get("is_im"):
        return "direct"
    closed = ("is_private", "is_group", "is_mpim", "is_ext_shared", "is_org_shared", "is_pending_ext_shared")
    open_to_all = channel.get("is_channel") is True and not any(channel.get(name) for name in closed)
    return "public" if open_to_all else "private"


def _is_speech(event: JsonObject, bot: str) -> bool:
    """Tell whether a person says something to the bot: edits, echoes and other bots are nothing to answer."""
    if (
        event.get("subtype") not in (None, "file_share", "thread_broadcast")
        or event.get("bot_id")
        or event.get("hidden")
    ):
        return False
    if _text(event, "user") in ("", bot, "USLACKBOT") or not _is_number(_text(event, "ts")):
        return False
    if event.get("type") == "app_mention":
        return True
    return event.get("type") == "message" and (_is_direct(event) or bot in mentioned(_text(event, "text")))


def _is_direct(event: JsonObject) -> bool:
    kind = event.get("channel_type")
    return kind == "im" if kind else _text(event, "channel").startswith("D")


def _audience(place: Place, *, team: str, channel: str, user: str) -> Audience:
    if place == "public":
        return Audience(scope="workspace", id=f"slack/{team}")
    if place == "direct":
        return Audience(scope="person", id=f"slack/{user}")
    return Audience(scope="channel", id=f"slack/{channel}")


def _attachments(files: JsonValue) -> tuple[Attachment, ...]:
    if not isinstance(files, list):
        return ()
    known = [
        file for file in files if isinstance(file, dict) and file.get("mode") not in ("tombstone", "hidden_by_limit")
    ]
    return tuple(_attachment(file) for file in known if _source(file))


def _attachment(file: JsonObject) -> Attachment:
    media_type = _text(file, "mimetype") or "application/octet-stream"
    if file.get("subtype") == "slack_audio":  # a voice clip, which may be labelled as video
        media_type = media_type.replace("video/", "audio/", 1)
    return Attachment(
        filename=_text(file, "name") or _text(file, "title") or _text(file, "id"),
        media_type=media_type,
        source=_source(file),
        alt=_text(file, "alt_txt"),
    )


def _source(file: JsonObject) -> str:
    address = _text(file, "url_private") or _text(file, "url_private_download")
    return address or (FILE_PREFIX + _text(file, "id") if file.get("id") else "")


def _text(values: JsonObject, name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _is_number(text: str) -> bool:
    seconds, _, fraction = text.partition(".")
    return seconds.isdecimal() and (fraction or "0").isdecimal()
