"""What people may do in a channel: pure functions of the simulated world.

https://discord.com/developers/docs/topics/permissions#permission-overwrites
"""

from collections.abc import Iterable, Mapping

from bots.simulator.discord.world import (
    ADMINISTRATOR,
    CREATE_PRIVATE_THREADS,
    CREATE_PUBLIC_THREADS,
    EVERYTHING,
    MANAGE_MESSAGES,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    VIEW_CHANNEL,
    Channel,
    Overwrite,
    User,
    World,
)


def overwrites(of: Channel, world: World) -> Mapping[str, Overwrite]:
    """Return what differs in a channel from the server, by the role or member for which it does."""
    found: dict[str, Overwrite] = {}
    if of.guild_id is not None:
        found[of.guild_id] = Overwrite(deny=VIEW_CHANNEL * of.private)
    own = world.bot_role_in(of.guild_id or "")
    if own is not None:
        denied = VIEW_CHANNEL * of.hidden | SEND_MESSAGES * of.muted | READ_MESSAGE_HISTORY * of.unreadable
        denied |= (CREATE_PUBLIC_THREADS | CREATE_PRIVATE_THREADS) * of.threadless
        allowed = VIEW_CHANNEL * (of.private and not of.hidden) | MANAGE_MESSAGES * of.moderated
        found[own.id] = Overwrite(allow=allowed, deny=denied)
    return found | of.overwrites


def permissions(user: User, channel: Channel, world: World) -> int:
    """Return what a member of a server may do in one of its channels, as a bit field; a thread is as its channel."""
    place = world.channels[channel.parent_id] if channel.is_thread and channel.parent_id else channel
    server = world.servers[place.guild_id or ""]
    if user is server.owner:
        return EVERYTHING
    mine = [role for role in world.roles_in(server.id) if role.id == server.id or role.id in user.roles]
    base = 0
    for role in mine:
        base |= role.permissions
    if base & ADMINISTRATOR:
        return EVERYTHING
    rules = overwrites(place, world)
    base = _changed(base, [rules[server.id]] if server.id in rules else [])
    base = _changed(base, [rules[role.id] for role in mine if role.id in rules and role.id != server.id])
    return _changed(base, [rules[user.id]] if user.id in rules else [])


def _changed(base: int, rules: Iterable[Overwrite]) -> int:
    """Take away what any of some overwrites denies, then add what any allows."""
    allow = deny = 0
    for rule in rules:
        allow, deny = allow | rule.allow, deny | rule.deny
    return base & ~deny | allow
