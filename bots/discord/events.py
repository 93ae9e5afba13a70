"""From what Discord's gateway sends to a `Message`: pure functions of the documented payloads.

https://discord.com/developers/docs/resources/message#message-object
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from pydantic import JsonValue

from bots.discord.content import USER_MENTION, attachments, forwarded_files, forwarded_text, name, named, set_apart
from bots.discord.payloads import MemberPayload, MessagePayload, UserPayload
from core.messages import ADMIN, Audience, Conversation, Message, Person

PLATFORM: Final = "discord"
DIRECT: Final = "direct"
"""The workspace of conversations outside of servers."""

PLACES: Final = "https://discord.com/channels"
"""What the address of every channel and message begins with."""

RUNS_SERVER: Final = 1 << 3 | 1 << 5
"""The permissions of who runs a server: Administrator and Manage Server.

https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags
"""

_ORDINARY, _REPLY = 0, 19
_EPOCH_MS = 1_420_070_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The bot's user, and what is known of the server at hand.

    Attributes:
        roles: those that mention the bot: the one that Discord manages for it.
        admins: the people and roles that run the server, by their ids.
    """

    id: str
    roles: frozenset[str] = frozenset()
    admins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What is known about a channel; a channel of which nothing is known counts as private.

    Attributes:
        parent: the channel that a thread hangs on.
        public: visible to everybody in the server.
        invited: a private thread, which only those who were added to it see.
        branches: threads can be opened from its messages.
    """

    parent: str | None = None
    public: bool = False
    invited: bool = False
    branches: bool = False


def read_message(payload: MessagePayload, me: Me, room: Room) -> Message | None:
    """Make a `Message` of a message for the bot; None for any other: chatter, bots, notices, what cannot be read."""
    if not _from_person(payload, me) or not _for_bot(payload, me) or is_blanked(payload, me):
        return None
    author = payload.author
    return Message(
        id=message_id(payload.channel_id, payload.id),
        conversation=conversation(payload.channel_id, payload.guild_id, room),
        audience=audience(payload.channel_id, payload.guild_id, author.id, room),
        author=person(author, payload.member, admin=_is_admin(payload, me)),
        text=_text(payload, me),
        attachments=(*attachments(payload.attachments, flags=payload.flags), *forwarded_files(payload)),
        sent_at=payload.timestamp.timestamp() if payload.timestamp else sent_at(payload.id),
        origin={"channel_id": payload.channel_id, "message_id": payload.id},
        link=link(payload.channel_id, payload.guild_id, payload.id),
    )


def read_edit(described: JsonValue) -> MessagePayload | None:
    """Make a payload of what MESSAGE_UPDATE shows; None where nobody edited the message.

    Discord sends the event too when it adds the preview of a link, and when a message is pinned: then without the time
    of an edit, or, in the past, without the rest of the message. Once a message was edited, such an event repeats that
    time: https://github.com/discord/discord-api-docs/issues/8281.

    Raises:
        ValidationError: the message is not described as one is.
    """
    if not isinstance(described, dict) or not described.get("edited_timestamp"):
        return None
    if "author" not in described or "content" not in described:
        return None
    return MessagePayload.model_validate(described)


def is_blanked(payload: MessagePayload, me: Me) -> bool:
    """Tell whether this is for the bot, but with its text withheld by Discord.

    That happens to a reply to the bot whose author switched the mention off, because the bot does without the
    message-content intent: https://discord.com/developers/docs/events/gateway#message-content-intent
    """
    if not _from_person(payload, me) or payload.guild_id is None or _mentioned(payload, me):
        return False
    return _for_bot(payload, me) and not (payload.content or payload.attachments or payload.sticker_items)


def only_replies(payload: MessagePayload, me: Me) -> bool:
    """Tell whether a message in a server is for the bot only because it replies to it, and does not name it.

    A reply mentions whom it replies to unless its author switches that off, so that this mention says little.
    """
    return payload.guild_id is not None and _for_bot(payload, me) and not _named(payload, me)


def can_branch(message: Message, room: Room) -> bool:
    """Tell whether a message stands at a channel's root, where a thread can be opened from it."""
    return room.branches and message.conversation.thread is None


def branched(message: Message) -> Message:
    """Move a message into the thread that is to be opened from it, which gets the message's id.

    https://discord.com/developers/docs/resources/channel#start-thread-from-message
    """
    return replace(
        message,
        conversation=replace(message.conversation, thread=message.origin["message_id"]),
        origin={**message.origin, "thread": "open"},
    )


def message_id(channel_id: str, snowflake: str) -> str:
    """Return a message's id across everything."""
    return f"{PLATFORM}/{channel_id}/{snowflake}"


def conversation(channel_id: str, guild_id: str | None, room: Room) -> Conversation:
    """Return the conversation of a channel, thread or direct message."""
    return Conversation(
        platform=PLATFORM,
        workspace=guild_id or DIRECT,
        channel=room.parent or channel_id,
        thread=channel_id if room.parent else None,
    )


def audience(
    channel_id: str, guild_id: str | None, person_id: str, room: Room, *, among_people: bool = False
) -> Audience:
    """Return who sees what is said in a channel.

    `among_people` says of one outside of servers that it is not the person's own one with the bot.
    """
    if guild_id is None and not among_people:
        return Audience(scope="person", id=f"{PLATFORM}/{person_id}")
    if guild_id is not None and room.public:
        return Audience(scope="workspace", id=f"{PLATFORM}/{guild_id}")
    seen_in = channel_id if room.invited else room.parent or channel_id
    return Audience(scope="channel", id=f"{PLATFORM}/{seen_in}")


def link(channel_id: str, guild_id: str | None, message_id: str = "") -> str:
    """Return the address at which people find a message, or else its channel.

    https://discordpy.readthedocs.io/en/stable/api.html#discord.Message.jump_url
    """
    return "/".join(filter(None, (f"{PLACES}/{guild_id or '@me'}/{channel_id}", message_id)))


def person(user: UserPayload, member: MemberPayload | None, *, admin: bool = False) -> Person:
    """Return a user, as it is called in the server at hand; `admin` says that it runs that server."""
    roles = frozenset(member.roles if member else ())
    return Person(id=user.id, name=name(user, member), roles=roles | {ADMIN} if admin else roles)


def first_id_at(seconds: float) -> int:
    """Return the smallest id that something made at a time has, in seconds since 1970."""
    return max(0, int(seconds * 1000) - _EPOCH_MS) << 22


def sent_at(snowflake: str) -> float:
    """Read the time out of an id: https://discord.com/developers/docs/reference#snowflakes."""
    return ((int(snowflake) >> 22) + _EPOCH_MS) / 1000


def _from_person(payload: MessagePayload, me: Me) -> bool:
    ordinary = payload.type in (_ORDINARY, _REPLY) and payload.webhook_id is None
    return ordinary and not payload.author.bot and payload.author.id != me.id


def _for_bot(payload: MessagePayload, me: Me) -> bool:
    replied = payload.referenced_message
    return payload.guild_id is None or _mentioned(payload, me) or (replied is not None and replied.author.id == me.id)


def _is_admin(payload: MessagePayload, me: Me) -> bool:
    roles = payload.member.roles if payload.member else ()
    return payload.guild_id is not None and not me.admins.isdisjoint((payload.author.id, payload.guild_id, *roles))


def _mentioned(payload: MessagePayload, me: Me) -> bool:
    return _named(payload, me) or any(user.id == me.id for user in payload.mentions)


def _named(payload: MessagePayload, me: Me) -> bool:
    return me.id in USER_MENTION.findall(payload.content) or not me.roles.isdisjoint(payload.mention_roles)


def _text(payload: MessagePayload, me: Me) -> str:
    """Take out the bot's mention, show the other users' mentions by name, and quote what is forwarded."""
    own = "|".join([f"@!?{me.id}", *(f"@&{role}" for role in sorted(me.roles))])
    text = re.sub(rf"[^\S\n]*<(?:{own})>[,:]?[^\S\n]*", " ", payload.content)
    forwarded = forwarded_text(payload)
    quoted = f"(I forward this message:)\n{set_apart(forwarded)}" if forwarded else ""
    return f"{named(text, payload.mentions).strip()}\n\n{quoted}".strip()
