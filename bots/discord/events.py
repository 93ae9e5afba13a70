"""From what Discord's gateway sends to a `Message`: pure functions of the documented payloads.

https://discord.com/developers/docs/resources/message#message-object and
https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object
"""

import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue

from core.messages import Attachment, Audience, Conversation, Message, Person

PLATFORM: Final = "discord"
COMMAND: Final = "steward"

_ORDINARY, _REPLY = 0, 19
_APPLICATION_COMMAND = 2
_EPOCH_MS = 1_420_070_400_000
_USER_MENTION = re.compile(r"<@!?(\d+)>")


class Payload(BaseModel):
    """A part of a payload; what is not read here is ignored, and errors do not repeat what was said."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, frozen=True, hide_input_in_errors=True)


class MemberPayload(Payload):
    """What a user is in one server."""

    nick: str | None = None
    roles: tuple[str, ...] = ()


class UserPayload(Payload):
    """A user, with its membership where it is one of a message's mentions."""

    id: str
    username: str = ""
    global_name: str | None = None
    bot: bool = False
    member: MemberPayload | None = None


class FilePayload(Payload):
    """An attachment."""

    url: str
    filename: str = "file"
    content_type: str | None = None
    description: str | None = None


class RepliedPayload(Payload):
    """The message that another one replies to."""

    author: UserPayload


class MessagePayload(Payload):
    """A message as MESSAGE_CREATE shows it."""

    id: str
    channel_id: str
    author: UserPayload
    guild_id: str | None = None
    member: MemberPayload | None = None
    content: str = ""
    timestamp: datetime | None = None
    type: int = _ORDINARY
    webhook_id: str | None = None
    mentions: tuple[UserPayload, ...] = ()
    mention_roles: tuple[str, ...] = ()
    attachments: tuple[FilePayload, ...] = ()
    sticker_items: tuple[JsonValue, ...] = ()
    referenced_message: RepliedPayload | None = None


class OptionPayload(Payload):
    """A sub-command with its options, or one option with its value."""

    name: str
    value: JsonValue = None
    options: tuple["OptionPayload", ...] = ()


class ResolvedPayload(Payload):
    """The objects behind the ids in an interaction's options."""

    attachments: Mapping[str, FilePayload] = {}


class DataPayload(Payload):
    """The command that was used."""

    name: str = ""
    options: tuple[OptionPayload, ...] = ()
    resolved: ResolvedPayload = ResolvedPayload()


class CallerPayload(MemberPayload):
    """The member who used a command in a server."""

    user: UserPayload


class InteractionPayload(Payload):
    """An interaction as INTERACTION_CREATE shows it."""

    id: str
    token: str
    type: int
    application_id: str = ""
    channel_id: str = ""
    guild_id: str | None = None
    member: CallerPayload | None = None
    user: UserPayload | None = None
    data: DataPayload = DataPayload()


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The bot's user, and the roles that mention it in the server at hand: the one that Discord manages for it."""

    id: str
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What is known about a channel; a channel of which nothing is known counts as private.

    Attributes:
        parent: the channel that a thread hangs on.
        public: visible to everybody in the server.
        invited: a private thread, which only those who were added to it see.
    """

    parent: str | None = None
    public: bool = False
    invited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A sub-command that somebody used; the message's text is the question of `ask`, empty for the others."""

    name: str
    message: Message


def read_message(payload: MessagePayload, me: Me, room: Room) -> Message | None:
    """Make a `Message` of a message for the bot; None for any other: chatter, bots, notices, what cannot be read."""
    if not _from_person(payload, me) or not _for_bot(payload, me) or is_blanked(payload, me):
        return None
    author = payload.author
    return Message(
        id=f"{PLATFORM}/{payload.channel_id}/{payload.id}",
        conversation=_conversation(payload.channel_id, payload.guild_id, room),
        audience=_audience(payload.channel_id, payload.guild_id, author.id, room),
        author=_person(author, payload.member),
        text=_text(payload, me),
        attachments=_attachments(payload.attachments),
        sent_at=payload.timestamp.timestamp() if payload.timestamp else _sent_at(payload.id),
        origin={"channel_id": payload.channel_id, "message_id": payload.id},
    )


def is_blanked(payload: MessagePayload, me: Me) -> bool:
    """Tell whether this is for the bot, but with its text withheld by Discord.

    That happens to a reply to the bot whose author switched the mention off, because the bot does without the
    message-content intent: https://discord.com/developers/docs/events/gateway#message-content-intent
    """
    if not _from_person(payload, me) or payload.guild_id is None or _mentioned(payload, me):
        return False
    return _for_bot(payload, me) and not (payload.content or payload.attachments or payload.sticker_items)


def read_command(payload: InteractionPayload, room: Room) -> Command | None:
    """Make a `Command` of the use of a sub-command of `/steward`; None for any other interaction."""
    user = payload.member.user if payload.member else payload.user
    if payload.type != _APPLICATION_COMMAND or payload.data.name != COMMAND or not payload.data.options or not user:
        return None
    sub = payload.data.options[0]
    values = {option.name: option.value for option in sub.options}
    resolved = payload.data.resolved.attachments
    message = Message(
        id=f"{PLATFORM}/{payload.channel_id}/{payload.id}",
        conversation=_conversation(payload.channel_id, payload.guild_id, room),
        audience=_audience(payload.channel_id, payload.guild_id, user.id, room),
        author=_person(user, payload.member),
        text=str(values.get("question") or "").strip(),
        attachments=_attachments([resolved[str(value)] for value in values.values() if str(value) in resolved]),
        sent_at=_sent_at(payload.id),
        origin={
            "channel_id": payload.channel_id,
            "interaction_id": payload.id,
            "application_id": payload.application_id,
            "interaction_token": payload.token,
        },
    )
    return Command(name=sub.name, message=message)


def _from_person(payload: MessagePayload, me: Me) -> bool:
    ordinary = payload.type in (_ORDINARY, _REPLY) and payload.webhook_id is None
    return ordinary and not payload.author.bot and payload.author.id != me.id


def _for_bot(payload: MessagePayload, me: Me) -> bool:
    replied = payload.referenced_message
    return payload.guild_id is None or _mentioned(payload, me) or (replied is not None and replied.author.id == me.id)


def _mentioned(payload: MessagePayload, me: Me) -> bool:
    named = me.id in _USER_MENTION.findall(payload.content) or any(user.id == me.id for user in payload.mentions)
    return named or not me.roles.isdisjoint(payload.mention_roles)


def _conversation(channel_id: str, guild_id: str | None, room: Room) -> Conversation:
    return Conversation(
        platform=PLATFORM,
        workspace=guild_id or "direct",
        channel=room.parent or channel_id,
        thread=channel_id if room.parent else None,
    )


def _audience(channel_id: str, guild_id: str | None, person_id: str, room: Room) -> Audience:
    if guild_id is None:
        return Audience(scope="person", id=f"{PLATFORM}/{person_id}")
    if room.public:
        return Audience(scope="workspace", id=f"{PLATFORM}/{guild_id}")
    seen_in = channel_id if room.invited else room.parent or channel_id
    return Audience(scope="channel", id=f"{PLATFORM}/{seen_in}")


def _name(user: UserPayload, member: MemberPayload | None) -> str:
    return (member and member.nick) or user.global_name or user.username or user.id


def _person(user: UserPayload, member: MemberPayload | None) -> Person:
    return Person(id=user.id, name=_name(user, member), roles=frozenset(member.roles if member else ()))


def _text(payload: MessagePayload, me: Me) -> str:
    """Take out the bot's mention and show the other users' mentions by name."""
    own = "|".join([f"@!?{me.id}", *(f"@&{role}" for role in sorted(me.roles))])
    text = re.sub(rf"[^\S\n]*<(?:{own})>[,:]?[^\S\n]*", " ", payload.content)
    names = {user.id: f"@{_name(user, user.member)}" for user in payload.mentions}
    return _USER_MENTION.sub(lambda found: names.get(found[1], found[0]), text).strip()


def _attachments(files: Sequence[FilePayload]) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(filename=file.filename, media_type=_media_type(file), source=file.url, alt=file.description or "")
        for file in files
    )


def _media_type(file: FilePayload) -> str:
    named = (file.content_type or "").partition(";")[0].strip()
    return named or mimetypes.guess_type(file.filename)[0] or "application/octet-stream"


def first_id_at(seconds: float) -> int:
    """Return the smallest id that something made at a time has, in seconds since 1970."""
    return max(0, int(seconds * 1000) - _EPOCH_MS) << 22


def _sent_at(snowflake: str) -> float:
    """Read the time out of an id: https://discord.com/developers/docs/reference#snowflakes."""
    return ((int(snowflake) >> 22) + _EPOCH_MS) / 1000
