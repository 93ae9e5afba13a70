"""Finding what the bot missed in a channel's history."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import discord
from pydantic import ValidationError

from bots.discord import rooms
from bots.discord.errors import translated
from bots.discord.events import is_blanked, read_message
from bots.discord.history import history
from bots.discord.payloads import MemberPayload, MessagePayload
from bots.discord.rest import Rest
from bots.discord.rooms import Place
from core.errors import PlatformError
from core.messages import JsonObject

log = logging.getLogger("steward.discord")

MOST: Final = 10_000
"""Messages of one channel that are looked at."""

_AT_ONCE: Final = 2
"""Channels read at the same time, so that answers have most of the 50 requests a second."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A message for the bot, as the history shows it."""

    payload: MessagePayload
    place: Place


class Reader:
    """Reads histories, each from a position on.

    Args:
        horizon: the first id that is not too old.
        refused: the channels of which it was said that they cannot be read.

    Attributes:
        read: the channels that are done with, with the id up to which they were read.
        too_old: the channels where older messages are left out.
    """

    def __init__(self, client: discord.Client, rest: Rest, *, horizon: int, refused: set[str]) -> None:
        self.read: dict[str, int] = {}
        self.too_old: set[str] = set()
        self._client = client
        self._rest = rest
        self._horizon = horizon
        self._refused = refused
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._members: dict[tuple[str, str], MemberPayload | None] = {}

    async def unknown(self, channel_id: str, position: str) -> Sequence[Missed]:
        """Return what was missed in a channel that the library does not know; see `missed`."""
        described = await self._tried(channel_id, self._rest.channel(channel_id))
        try:
            return await self.missed(rooms.place(self._client, described), position) if described else ()
        except ValidationError:
            log.debug("channel %s could not be understood", channel_id, exc_info=True)
            return ()

    async def missed(self, place: Place, position: str) -> Sequence[Missed]:
        """Return what was missed in a channel, oldest first; nothing where it cannot be read, for now or at all."""
        after = max(int(position), self._horizon)
        if place.newest <= after:
            if int(position) < place.newest:
                self.too_old.add(place.channel_id)
            self.read[place.channel_id] = place.newest
            return ()
        return await self._tried(place.channel_id, self._read(place, position)) or ()

    async def with_member(self, missed: Missed) -> MessagePayload:
        """Add what the author is in the server, which an event says and a history does not."""
        payload, guild_id = missed.payload, missed.place.guild_id
        if guild_id is None:
            return payload
        key = (guild_id, payload.author.id)
        if key not in self._members:
            self._members[key] = await self._member(*key)
        return payload.model_copy(update={"member": self._members[key]})

    async def _read(self, place: Place, position: str) -> Sequence[Missed]:
        found, seen, newest, after = [], 0, place.newest, max(int(position), self._horizon)
        if int(position) < self._horizon:
            first = await self._rest.messages(place.channel_id, limit=1, after=position)
            if first and int(str(first[0]["id"])) < self._horizon:
                self.too_old.add(place.channel_id)
        me = rooms.me(self._client, place.guild_id)
        async for message in history(self._rest, place.channel_id, after=str(after), most=MOST):
            seen, newest = seen + 1, int(str(message["id"]))
            payload = _understood(message, place)
            if payload and (read_message(payload, me, place.room) or is_blanked(payload, me)):
                found.append(Missed(payload=payload, place=place))
        if seen == MOST:
            log.warning("channel %s: only the first %d messages that were missed were read", place.channel_id, MOST)
        self.read[place.channel_id] = newest
        return found

    async def _tried(self, channel_id: str, reading: Awaitable[T]) -> T | None:
        try:
            async with self._slots:
                with translated():
                    return await reading
        except PlatformError as error:
            if not error.permanent:
                log.info("channel %s cannot be read for now: %s", channel_id, error)
                return None
            if channel_id not in self._refused:
                log.warning("what was missed in channel %s cannot be read: %s", channel_id, error)
        self._refused.add(channel_id)
        self.read[channel_id] = 0
        return None

    async def _member(self, guild_id: str, user_id: str) -> MemberPayload | None:
        try:
            with translated():
                return MemberPayload.model_validate(await self._rest.member(guild_id, user_id))
        except (PlatformError, ValidationError) as error:
            log.debug("user %s of server %s could not be looked up: %s", user_id, guild_id, error)
            return None


def _understood(message: JsonObject, place: Place) -> MessagePayload | None:
    """Read a message; unlike an event it does not name its server."""
    try:
        return MessagePayload.model_validate(message | {"guild_id": place.guild_id})
    except ValidationError as error:
        log.error(
            "a message in channel %s could not be read: %d fields are wrong", place.channel_id, error.error_count()
        )
        return None
