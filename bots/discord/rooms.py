"""What the library's cache knows about channels, as the plain values that `bots.discord.events` reads.

The cache may know nothing, as before GUILD_CREATE or of a server that sends little: then a channel counts as private.
"""

import discord

from bots.discord.events import Me, Room


def room(client: discord.Client, channel_id: str) -> Room:
    """Return what is known about a channel or thread."""
    channel = client.get_channel(int(channel_id)) if channel_id.isdecimal() else None
    if isinstance(channel, discord.Thread):
        parent = channel.parent
        public = parent is not None and not channel.is_private() and _is_public(parent)
        return Room(parent=str(channel.parent_id), public=public, invited=channel.is_private())
    return Room(public=isinstance(channel, discord.abc.GuildChannel) and _is_public(channel))


def me(client: discord.Client, guild_id: str | None) -> Me:
    """Return who the bot is in a server, or in direct messages."""
    assert client.user is not None, "events come after the login"
    guild = client.get_guild(int(guild_id)) if guild_id and guild_id.isdecimal() else None
    role = guild.self_role if guild else None
    return Me(id=str(client.user.id), roles=frozenset({str(role.id)} if role else ()))


def _is_public(channel: discord.abc.GuildChannel) -> bool:
    everyone = channel.guild.get_role(channel.guild.id)
    return everyone is not None and channel.permissions_for(everyone).view_channel
