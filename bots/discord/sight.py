"""What people can see in Discord beyond the channel that they read an answer in.

In a server they are all members of it, and what is public there is everybody's. About somebody who writes a direct
message each server of the bot is asked whether it is a member there, and with which roles; the cache tells what these
can see. No privileged intent is needed: https://discord.com/developers/docs/resources/guild#get-guild-member.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import discord

from bots.discord import rooms
from bots.discord.errors import translated
from bots.discord.events import DIRECT, PLATFORM, audience
from core.errors import PlatformError
from core.messages import Audience, Message

log = logging.getLogger("steward.discord")

MOST_SERVERS: Final = 20
"""Servers that are asked about one person: the oldest of those the bot is in."""

_ASK_SECONDS: Final = 3.0
_REMEMBERED: Final = 1000
"""People of whom it is known what they see."""

_NOTHING: Final[frozenset[Audience]] = frozenset()


@dataclass(slots=True)
class _Known:
    """What one person was found to see, and until when that counts."""

    audiences: frozenset[Audience] = _NOTHING
    until: float = 0.0
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Sight:
    """Tells what the readers of an answer can see.

    Args:
        client: whose cache knows the servers with their roles and channels.
        known_for: seconds for which it is known what a person sees.
    """

    def __init__(self, client: discord.Client, *, known_for: float) -> None:
        self._client = client
        self._known_for = known_for
        self._people: dict[str, _Known] = {}

    async def of(self, message: Message) -> frozenset[Audience]:
        """Return what all readers of an answer to a message can see; what cannot be had is left out."""
        if message.conversation.workspace != DIRECT:
            return self._in_server(message)
        if message.audience.scope == "person":
            return await self._of_person(message.author.id)
        return _NOTHING

    def _in_server(self, message: Message) -> frozenset[Audience]:
        """Return the server, and the channel that a private thread hangs on: only who sees that sees the thread.

        Of a channel that the bot is not in nothing is known. A voice channel may have guests, who see nothing else.
        """
        place = message.conversation
        found = rooms.channel(self._client, place.channel)
        if not isinstance(found, discord.abc.GuildChannel) or isinstance(found, rooms.VOICE) or found.guild.unavailable:
            return _NOTHING
        room = rooms.room(self._client, place.channel)
        return frozenset({place.workspace_audience, audience(place.channel, place.workspace, message.author.id, room)})

    async def _of_person(self, person_id: str) -> frozenset[Audience]:
        known = self._people.setdefault(person_id, _Known())
        for oldest in list(self._people)[:-_REMEMBERED]:
            del self._people[oldest]
        async with known.asking:
            if known.until <= time.monotonic():
                known.audiences = await self._ask(person_id)
                known.until = time.monotonic() + self._known_for
            return known.audiences

    async def _ask(self, person_id: str) -> frozenset[Audience]:
        found = await asyncio.gather(*(_seen_in(server, person_id) for server in _oldest(self._client.guilds)))
        return _NOTHING.union(*found)


def seen_by(member: discord.Member) -> frozenset[Audience]:
    """Return what a member can see of its server: what is public there, and the private channels that it can read.

    Private threads are left out: who is in one is not known. A guest of a voice channel sees that alone.
    """
    if member.flags.guest:
        return _NOTHING
    private = (each for each in member.guild.channels if _reads(member, each) and not rooms.is_public(each))
    return frozenset(
        {
            Audience(scope="workspace", id=f"{PLATFORM}/{member.guild.id}"),
            *(Audience(scope="channel", id=f"{PLATFORM}/{each.id}") for each in private),
        }
    )


def _reads(member: discord.Member, channel: discord.abc.GuildChannel) -> bool:
    """Tell whether a member sees a channel with what was said there before."""
    permissions = channel.permissions_for(member)
    return rooms.may_see(channel, permissions) and permissions.read_message_history


def _oldest(servers: Sequence[discord.Guild]) -> Sequence[discord.Guild]:
    there = (each for each in servers if not each.unavailable)
    return sorted(there, key=lambda each: each.id)[:MOST_SERVERS]


async def _seen_in(server: discord.Guild, person_id: str) -> frozenset[Audience]:
    """Return what a person can see of a server; nothing for one who is no member, or where that cannot be learnt."""
    try:
        with translated():
            async with asyncio.timeout(_ASK_SECONDS):
                return seen_by(await server.fetch_member(int(person_id)))
    except PlatformError as error:
        log.debug("what user %s sees of server %s is not known: %s", person_id, server.id, error)
    except (LookupError, TypeError, ValueError, AttributeError) as error:  # discord.py on an answer that is no member
        log.debug("user %s of server %s could not be read", person_id, server.id, exc_info=error)
    return _NOTHING
