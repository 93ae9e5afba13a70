"""What the library's cache knows about channels, as the plain values that `bots.discord.events` reads.

The cache may know nothing, as before GUILD_CREATE or of a server that sends little: then a channel counts as private.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import discord
from pydantic import JsonValue, ValidationError

from bots.discord.events import RUNS_SERVER, Me, Room
from bots.discord.payloads import InteractionPayload, Payload

_THREADS: Final = (10, 11, 12)
_PRIVATE_THREAD: Final = 12

VOICE: Final = (discord.VoiceChannel, discord.StageChannel)

Channel: TypeAlias = discord.abc.GuildChannel | discord.Thread | discord.abc.PrivateChannel
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


def channel(client: discord.Client, channel_id: str) -> Channel | None:
    """Return a channel or thread that the bot can see."""
    return client.get_channel(int(channel_id)) if channel_id.isdecimal() else None


def room(client: discord.Client, channel_id: str) -> Room:
    """Return what is known about a channel or thread."""
    found = channel(client, channel_id)
    if isinstance(found, discord.Thread):
        return _thread(client, str(found.parent_id), private=found.is_private())
    return Room(
        public=isinstance(found, discord.abc.GuildChannel) and is_public(found),
        branches=isinstance(found, discord.TextChannel),
    )


def used_in(client: discord.Client, payload: InteractionPayload) -> Room:
    """Return what is known about where something was used, which may be a place that the bot is no member of."""
    if not payload.channel or channel(client, payload.channel_id):
        return room(client, payload.channel_id)
    try:
        return place(client, payload.channel).room
    except ValidationError:
        return room(client, payload.channel_id)


def me(client: discord.Client, guild_id: str | None) -> Me:
    """Return who the bot is in a server, or in direct messages."""
    assert client.user is not None, "events come after the login"
    guild = client.get_guild(int(guild_id)) if guild_id and guild_id.isdecimal() else None
    if guild is None:
        return Me(id=str(client.user.id))
    own = guild.self_role
    running = (role.id for role in guild.roles if role.permissions.value & RUNS_SERVER)
    return Me(
        id=str(client.user.id),
        roles=frozenset({str(own.id)} if own else ()),
        admins=frozenset(map(str, filter(None, (guild.owner_id, *running)))),
    )


def places(client: discord.Client) -> Iterator[Place]:
    """Yield the channels and active threads of all servers whose history the bot may read."""
    for guild in client.guilds:
        for each in (*guild.channels, *guild.threads):
            if isinstance(each, _Readable) and _may_read(client, each):
                channel_id = str(each.id)
                yield Place(
                    channel_id=channel_id,
                    guild_id=str(guild.id),
                    room=room(client, channel_id),
                    newest=each.last_message_id or 0,
                )


def place(client: discord.Client, described: JsonValue) -> Place:
    """Make a place of a channel that the cache does not know: a direct message, or a thread that was put away.

    Raises:
        ValidationError: it is not described as a channel is.
    """
    found = _ChannelPayload.model_validate(described)
    known = room(client, found.id)
    if found.type in _THREADS and found.parent_id:
        known = _thread(client, found.parent_id, private=found.type == _PRIVATE_THREAD)
    newest = int(found.last_message_id or 0)
    return Place(channel_id=found.id, guild_id=found.guild_id, room=known, newest=newest)


def _thread(client: discord.Client, parent_id: str, *, private: bool) -> Room:
    parent = channel(client, parent_id)
    public = isinstance(parent, discord.abc.GuildChannel) and not private and is_public(parent)
    return Room(parent=parent_id, public=public, invited=private)


def is_public(channel: discord.abc.GuildChannel) -> bool:
    """Tell whether everybody in the server sees what is said in a channel.

    A role or a member that is denied the channel can be anybody, so one overwrite that does so makes it private.
    """
    everyone = channel.guild.get_role(channel.guild.id)
    if everyone is None or not may_see(channel, channel.permissions_for(everyone)):
        return False
    return not any(_denies(channel, overwrite) for overwrite in channel.overwrites.values())


def may_see(channel: discord.abc.GuildChannel, permissions: discord.Permissions) -> bool:
    """Tell whether permissions in a channel let see what is said there.

    In a voice channel that takes `CONNECT` too: https://discord.com/developers/docs/resources/message#get-channel-messages
    """
    return permissions.view_channel and (permissions.connect or not isinstance(channel, VOICE))


def _denies(channel: discord.abc.GuildChannel, overwrite: discord.PermissionOverwrite) -> bool:
    return overwrite.view_channel is False or (isinstance(channel, VOICE) and overwrite.connect is False)


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
