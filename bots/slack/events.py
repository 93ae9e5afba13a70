"""From Slack's payloads to messages; pure.

https://docs.slack.dev/reference/events/app_mention, https://docs.slack.dev/reference/events/message and
https://docs.slack.dev/interactivity/implementing-slash-commands
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from bots.slack.attachments import attachments
from bots.slack.fields import part, parts, text
from bots.slack.markup import mentioned, plain
from bots.slack.permalinks import permalink
from core.messages import GUEST, Audience, Conversation, JsonObject, Message, Person

Place: TypeAlias = Literal["public", "private", "direct"]
"""Who reads a channel: the workspace; its members, also where that is not known; one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What a payload does not say.

    Attributes:
        bot: the bot's user id.
        team: the workspace that the bot is in.
        address: of that workspace, such as "https://team.slack.com/"; "" where it is not known.
        people: those that are known, by id.
        place: who reads the channel.
    """

    bot: str
    team: str
    address: str = ""
    people: Mapping[str, Person] = field(default_factory=dict)
    place: Place = "private"

    @property
    def names(self) -> dict[str, str]:
        """The names of the people, by id."""
        return {user: person.name for user, person in self.people.items()}

    def person(self, user: str, called: str = "") -> Person:
        """Return a person as they are known, else by the name that a payload has for them."""
        return self.people.get(user) or unknown(user, called)

    def link(self, channel: str, ts: str = "", *, thread: str = "") -> str:
        """Return the address of a message, or of its channel; see `permalink`."""
        return permalink(self.address, channel, ts, thread=thread)


def unknown(user: str, called: str = "") -> Person:
    """Return a person who could not be looked up: perhaps a guest, so no more is allowed than to one."""
    return Person(id=user, name=called or user, roles=frozenset({GUEST}))


def read_event(payload: JsonObject, lookup: Lookup) -> Message | None:
    """Return what an Events API payload says to the bot, None where it says nothing.

    A mention at a channel's root opens a thread. `app_mention` and `message` of one post have one id, and so has a
    post that is read from the history: it does not say `team_id`, so that is never looked at.
    """
    return read_speech(payload, lookup) if calls(payload, lookup.bot) else None


def read_speech(payload: JsonObject, lookup: Lookup) -> Message | None:
    """Return what a person says, to whomever; None where a payload is anything else."""
    event = _speech(payload, lookup.bot)
    if event is None:
        return None
    team, channel, ts = lookup.team, text(event, "channel"), text(event, "ts")
    user, direct = text(event, "user"), _is_direct(event)
    return Message(
        id=message_id(team, channel, ts),
        conversation=Conversation(
            platform="slack", workspace=team, channel=channel, thread=_thread(event) or (None if direct else ts)
        ),
        audience=audience("direct" if direct else lookup.place, team=team, channel=channel, user=user),
        author=lookup.person(user),
        text=plain(text(event, "text"), bot=lookup.bot, names=lookup.names),
        attachments=attachments(parts(event, "files")),
        sent_at=float(ts),
        origin={"ts": ts},
        link=lookup.link(channel, ts, thread=_thread(event)),
    )


def calls(payload: JsonObject, bot: str) -> bool:
    """Tell whether a person says something to the bot: mentions it, or writes to it directly."""
    event = _speech(payload, bot)
    if event is None:
        return False
    return event.get("type") == "app_mention" or _is_direct(event) or bot in mentioned(text(event, "text"))


def thread_of(payload: JsonObject, lookup: Lookup) -> Conversation | None:
    """Return the thread in which a person says something; None at a channel's root, and for anything else."""
    event = _speech(payload, lookup.bot)
    if event is None or not _thread(event):
        return None
    return Conversation(platform="slack", workspace=lookup.team, channel=text(event, "channel"), thread=_thread(event))


def message_id(team: str, channel: str, ts: str) -> str:
    """Return the id of a message from Slack's own ids."""
    return f"slack/{team}/{channel}/{ts}"


def read_question(payload: JsonObject, question: str, lookup: Lookup) -> Message:
    """Return what a slash command asks; it is said at the channel's root, commands do not work in threads."""
    place, user, now = read_conversation(payload, lookup.team), text(payload, "user_id"), time.time()
    return Message(
        id=f"{place.channel_key}/{text(payload, 'trigger_id') or now}",
        conversation=place,
        audience=audience(lookup.place, team=place.workspace, channel=place.channel, user=user),
        author=lookup.person(user, text(payload, "user_name")),
        text=plain(question, bot=lookup.bot, names=lookup.names),
        sent_at=now,
        origin={"response_url": text(payload, "response_url")},
        link=lookup.link(place.channel),
    )


def read_conversation(payload: JsonObject, team: str) -> Conversation:
    """Return where a slash command was used, in the workspace that the bot is in."""
    return Conversation(platform="slack", workspace=team, channel=text(payload, "channel_id"))


def channel_of(payload: JsonObject) -> str:
    """Return the channel of an event or command."""
    event = payload.get("event")
    return text(event, "channel") if isinstance(event, dict) else text(payload, "channel_id")


def strand_of(payload: JsonObject) -> str:
    """Return the thread that an event tells of, or the message that may become one; "" of other events.

    What became of a message belongs to its strand, so that it is not read before the message itself.
    """
    event = part(payload, "event")
    said = part(event, "message") or part(event, "previous_message") or event
    ts = text(said, "thread_ts") or text(event, "deleted_ts") or text(said, "ts")
    return f"{text(event, 'channel')}/{ts}" if ts else ""


def position_of(payload: JsonObject) -> str | None:
    """Return the id of what an event tells of within its channel, which rises with time; None where it has none."""
    event = payload.get("event")
    if not isinstance(event, dict) or event.get("type") not in ("app_mention", "message"):
        return None
    ts = text(event, "ts")
    return ts if text(event, "channel") and _is_number(ts) else None


def people_of(payload: JsonObject) -> list[str]:
    """Return the ids of the author and of the people mentioned."""
    event = payload.get("event")
    if isinstance(event, dict):
        return [text(event, "user"), *mentioned(text(event, "text"))]
    return [text(payload, "user_id"), *mentioned(text(payload, "text"))]


def place_of(payload: JsonObject) -> Place | None:
    """Return who reads the channel of an event, None where the payload does not say it.

    A `message` says "channel" of a channel shared with another workspace too, so that is asked for as well. A command
    says nothing: it may be used in a direct message between two people, which is not the bot's own.
    """
    event = payload.get("event")
    if not isinstance(event, dict):
        return None
    kind = text(event, "channel_type")
    if kind == "im" or (not kind and channel_of(payload).startswith("D")):
        return "direct"
    return "private" if kind not in ("", "channel") else None


def described_place(channel: JsonObject) -> Place:
    """Return who reads a channel as `conversations.info` describes it; one shared with others is its members' own."""
    if channel.get("is_im"):
        return "direct"
    closed = any(channel.get(name) for name in ("is_private", "is_group", "is_mpim"))
    return "public" if channel.get("is_channel") is True and not closed and not is_shared(channel) else "private"


def is_shared(channel: JsonObject) -> bool:
    """Tell whether people of other workspaces read a channel, or are about to."""
    return any(channel.get(name) for name in ("is_ext_shared", "is_org_shared", "is_pending_ext_shared"))


def audience(place: Place, *, team: str, channel: str, user: str) -> Audience:
    """Return who reads a channel as an audience; `user` is the one person of a direct message."""
    if place == "public":
        return Audience(scope="workspace", id=f"slack/{team}")
    if place == "direct":
        return Audience(scope="person", id=f"slack/{user}")
    return Audience(scope="channel", id=f"slack/{channel}")


def _speech(payload: JsonObject, bot: str) -> JsonObject | None:
    """Return the event with which a person says something: edits, echoes and other bots are nothing to answer."""
    event = payload.get("event")
    if not isinstance(event, dict) or event.get("type") not in ("app_mention", "message"):
        return None
    if (
        event.get("subtype") not in (None, "file_share", "thread_broadcast")
        or event.get("bot_id")
        or event.get("hidden")
    ):
        return None
    if text(event, "user") in ("", bot, "USLACKBOT") or not _is_number(text(event, "ts")):
        return None
    return event


def _thread(event: JsonObject) -> str:
    """Return the thread that a message is a reply in; a message that has replies names itself."""
    thread = text(event, "thread_ts")
    return "" if thread == event.get("ts") else thread


def _is_direct(event: JsonObject) -> bool:
    kind = event.get("channel_type")
    return kind == "im" if kind else text(event, "channel").startswith("D")


def _is_number(ts: str) -> bool:
    seconds, _, fraction = ts.partition(".")
    return seconds.isdecimal() and (fraction or "0").isdecimal()
