"""What the library's cache knows about channels, as the plain values that `bots.discord.events` reads.

The cache may know nothing, as before GUILD_CREATE or of a server that sends little: then a channel counts as private.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import discord
from pydantic import JsonValue, ValidationError

from bots.discord.events import Me, Room
from bots.discord.payloads import InteractionPayload, Payload

_THREADS: Final = (10, 11, 12)
_PRIVATE_THREAD: Final = 12

_Readable: TypeAlias = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A channel with messages that may have been missed.

    Attributes:
        guild_id: None for a direct message.
        newest: the id of its last message, 0 where there is none.
    """

    channel_id: str
    guild_id: str | None
    room: Room
    newest: int


class _ChannelPayload(Payload):
    id: str
    type: int
    guild_id: str | None = None
    parent_id: str | None = None
    last_message_id: str | None = None


def room(client: discord.Client, channel_id: str) -> Room:
    """Return what is known about a channel or thread."""
    channel = client.get_channel(int(channel_id)) if channel_id.isdecimal() else None
    if isinstance(channel, discord.Thread):
        return _thread(client, str(channel.parent_id), private=channel.is_private())
    return Room(
        public=isinstance(channel, discord.abc.GuildChannel) and _is_public(channel),
        branches=isinstance(channel, discord.TextChannel),
    )


def used_in(client: discord.Client, payload: InteractionPayload) -> Room:
    """Return what is known about where something was used, which may be a place that the bot is no member of."""
    if not payload.channel or (payload.channel_id.isdecimal() and client.get_channel(int(payload.channel_id))):
        return room(client, payload.channel_id)
    try:
        return place(client, payload.channel).room
    except ValidationError:
        return room(client, payload.channel_id)


def me(client: discord.Client, guild_id: str | None) -> Me:
    """Return who the bot is in a server, or in direct messages."""
    assert client.user is not None, "events come after the login"
    guild = client.get_guild(int(guild_id)) if guild_id and guild_id.isdecimal() else None
    role = guild.self_role if guild else None
    return Me(id=str(client.user.id), roles=frozenset({str(role.id)} if role else ()))


def places(client: discord.Client) -> Iterator[Place]:
    """Yield the channels and active threads of all servers whose history the bot may read."""
    for guild in client.guilds:
        for channel in (*guild.channels, *guild.threads):
            if isinstance(channel, _Readable) and _may_read(client, channel):
                channel_id = str(channel.id)
                yield Place(
                    channel_id=channel_id,
                    guild_id=str(guild.id),
                    room=room(client, channel_id),
                    newest=channel.last_message_id or 0,
                )


def place(client: discord.Client, described: JsonValue) -> Place:
    """Make a place of a channel that the cache does not know: a direct message, or a thread that was put away.

    Raises:
        ValidationError: it is not described as a channel is.
    """
    channel = _ChannelPayload.model_validate(described)
    known = room(client, channel.id)
    if channel.type in _THREADS and channel.parent_id:
        known = _thread(client, channel.parent_id, private=channel.type == _PRIVATE_THREAD)
    newest = int(channel.last_message_id or 0)
    return Place(channel_id=channel.id, guild_id=channel.guild_id, room=known, newest=newest)


def _thread(client: discord.Client, parent_id: str, *, private: bool) -> Room:
    parent = client.get_channel(int(parent_id)) if parent_id.isdecimal() else None
    public = isinstance(parent, discord.abc.GuildChannel) and not private and _is_public(parent)
    return Room(parent=parent_id, public=public, invited=private)


def _is_public(channel: discord.abc.GuildChannel) -> bool:
    everyone = channel.guild.get_role(channel.guild.id)
    return everyone is not None and channel.permissions_for(everyone).view_channel


def _may_read(client: discord.Client, channel: _Readable) -> bool:
    """Tell whether the bot may read what was said; where that is not known, Discord is asked."""
    bot = channel.guild.get_member(client.user.id) if client.user else None
    if bot is None:
        return True
    try:
        allowed = channel.permissions_for(bot)
    except discord.ClientException:  # a thread whose channel is not known
        return True
    return allowed.view_channel and allowed.read_message_history
