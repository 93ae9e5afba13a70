"""Catching up: taking in what was said while there was no session.

Discord replays events to a session that is resumed. To a new one it does not, and what came meanwhile is found in the
channels' histories. Commands cannot be caught up: they fail for the person at once.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import discord
from pydantic import ValidationError

from bots.discord import rooms
from bots.discord.errors import translated
from bots.discord.events import MemberPayload, MessagePayload, first_id_at, is_blanked, read_message
from bots.discord.history import history
from bots.discord.intake import Intake
from bots.discord.rest import Rest
from bots.discord.rooms import Place
from core.config import CatchUpConfig
from core.cursors import Cursors
from core.errors import PlatformError
from core.messages import JsonObject

log = logging.getLogger("steward.discord")

MOST: Final = 10_000
"""Messages of one channel that are looked at."""

UNKNOWN: Final = 200
"""Direct messages and threads put away that are asked for: those that were read last."""

_AT_ONCE: Final = 2
"""Channels read at the same time, so that answers have most of the 50 requests a second."""

_PAUSES: Final = (0.5, 5.0, 25.0)
"""Seconds before a channel that could not be read is tried again."""

_SAVE_SECONDS: Final = 5.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Missed:
    """A message for the bot, as the history shows it."""

    payload: MessagePayload
    place: Place


@dataclass(slots=True, kw_only=True)
class _Session:
    """A session at its beginning.

    Attributes:
        horizon: the first id that is not too old.
        read: the channels whose history was read, or cannot be, with the last id seen.
        too_old: counts the channels where older messages are left out.
        members: what people are in servers, as far as it was asked.
    """

    client: discord.Client
    rest: Rest
    horizon: int
    read: dict[str, int] = field(default_factory=dict)
    too_old: int = 0
    members: dict[tuple[str, str], MemberPayload | None] = field(default_factory=dict)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))


class CatchUp:
    """Reads histories from the cursors on.

    A channel's cursor is held until its history was read and taken in, so that nothing is lost by a crash, or by a
    channel that cannot be read for now.
    """

    def __init__(self, intake: Intake, cursors: Cursors, config: CatchUpConfig) -> None:
        self._intake = intake
        self._cursors = cursors
        self._config = config
        self._held: dict[str, str] = {}
        self._refused: set[str] = set()
        self._running = 0

    async def run(self, client: discord.Client, rest: Rest, servers_known: Callable[[], Awaitable[None]]) -> None:
        """Catch up at the beginning of a session; the cursors are held from the first step on."""
        for channel_id, position in self._cursors.positions.items():
            self._hold(channel_id, position)
        self._running += 1
        try:
            await servers_known()
            if not self._config.hours or not self._held:
                self._begin(rooms.places(client))
            else:
                horizon = first_id_at(time.time() - self._config.hours * 3600)
                await self._catch_up(_Session(client=client, rest=rest, horizon=horizon))
            await self._intake.save_cursors()  # so that a kill soon after the first start is no second first start
        finally:
            self._running -= 1

    async def keep_saving(self) -> None:
        """Save the cursors every few seconds, but not while catching up: some may not be held yet."""
        while True:
            await asyncio.sleep(_SAVE_SECONDS)
            if not self._running:
                await self._intake.save_cursors()

    def _hold(self, channel_id: str, position: str) -> None:
        self._cursors.hold(channel_id, self._held.setdefault(channel_id, position))

    def _release(self, channel_id: str, newest: int) -> None:
        self._cursors.passed(channel_id, self._held.pop(channel_id))
        if newest:
            self._cursors.passed(channel_id, str(newest))

    def _begin(self, places: Iterable[Place]) -> None:
        """Begin to read here, where there was no session before or catching up is switched off."""
        for place in places:
            self._hold(place.channel_id, str(place.newest))
            self._release(place.channel_id, place.newest)
        for channel_id in list(self._held):
            self._release(channel_id, 0)

    async def _catch_up(self, session: _Session) -> None:
        known = {place.channel_id: place for place in rooms.places(session.client)}
        others = sorted(self._held.keys() - known.keys(), key=lambda each: int(self._held[each]))
        unknown = [each for each in others if session.client.get_channel(int(each)) is None][-UNKNOWN:]
        session.read |= dict.fromkeys(set(others) - set(unknown), 0)
        last = max(self._held.values(), key=int)
        for channel_id in known:
            self._hold(channel_id, last)
        reading = [self._missed(session, place) for place in known.values()]
        reading += [self._missed_in_unknown(session, channel_id) for channel_id in unknown]
        missed = [each for found in await asyncio.gather(*reading) for each in found]
        await self._take_in(session, sorted(missed, key=lambda each: int(each.payload.id)))
        for channel_id, newest in session.read.items():
            self._release(channel_id, newest)

    async def _missed_in_unknown(self, session: _Session, channel_id: str) -> Sequence[_Missed]:
        described = await self._tried(session, channel_id, lambda: session.rest.channel(channel_id))
        try:
            return await self._missed(session, rooms.place(session.client, described)) if described else ()
        except ValidationError:
            log.debug("channel %s could not be understood", channel_id, exc_info=True)
            return ()

    async def _missed(self, session: _Session, place: Place) -> Sequence[_Missed]:
        """Return what the bot missed in a channel, oldest first."""
        held = int(self._held[place.channel_id])
        after = max(held, session.horizon)
        session.too_old += held < min(place.newest, session.horizon)
        if place.newest <= after:
            session.read[place.channel_id] = place.newest
            return ()
        return await self._tried(session, place.channel_id, lambda: self._read(session, place, after)) or ()

    async def _read(self, session: _Session, place: Place, after: int) -> Sequence[_Missed]:
        found, seen, newest = [], 0, place.newest
        me = rooms.me(session.client, place.guild_id)
        async with session.slots:
            async for message in history(session.rest, place.channel_id, after=str(after), most=MOST):
                seen, newest = seen + 1, int(str(message["id"]))
                payload = _understood(message, place)
                if payload and (read_message(payload, me, place.room) or is_blanked(payload, me)):
                    found.append(_Missed(payload=payload, place=place))
        if seen == MOST:
            log.warning(
                "channel %s: only the first %d messages that were missed were looked at", place.channel_id, MOST
            )
        session.read[place.channel_id] = newest
        return found

    async def _tried(self, session: _Session, channel_id: str, read: Callable[[], Awaitable[T]]) -> T | None:
        """Read, again after a passing failure; None where that does not help."""
        for pause in (*_PAUSES, None):
            try:
                with translated():
                    return await read()
            except PlatformError as error:
                if error.permanent:
                    self._refuse(session, channel_id, error)
                    return None
                if pause is None:
                    log.warning("channel %s is left for the next session: %s", channel_id, error)
                else:
                    await asyncio.sleep(pause)
        return None

    def _refuse(self, session: _Session, channel_id: str, error: PlatformError) -> None:
        session.read[channel_id] = 0
        if channel_id not in self._refused:
            self._refused.add(channel_id)
            log.warning("what was missed in channel %s cannot be read: %s", channel_id, error)

    async def _take_in(self, session: _Session, missed: Sequence[_Missed]) -> None:
        answered = left = 0
        for each in missed:
            if answered >= self._config.messages:
                left += 1
                continue
            payload = await _with_member(session, each)
            me = rooms.me(session.client, each.place.guild_id)
            answered += await self._intake.message(payload, me, each.place.room, session.rest, late=True)
        if answered:
            log.info("%d messages from before this connection are answered", answered)
        if left:
            log.warning("%d messages are not answered: catch_up.messages is %d", left, self._config.messages)
        if session.too_old:
            log.warning(
                "what was said more than %g hours ago in %d channels is left", self._config.hours, session.too_old
            )


def _understood(message: JsonObject, place: Place) -> MessagePayload | None:
    """Read a message; unlike an event it does not name its server."""
    try:
        return MessagePayload.model_validate(message | {"guild_id": place.guild_id})
    except ValidationError as error:
        log.error(
            "a message in channel %s could not be read: %d fields are wrong", place.channel_id, error.error_count()
        )
        return None


async def _with_member(session: _Session, missed: _Missed) -> MessagePayload:
    """Add what the author is in the server, which an event says and a history does not."""
    payload, guild_id = missed.payload, missed.place.guild_id
    if guild_id is None:
        return payload
    key = (guild_id, payload.author.id)
    if key not in session.members:
        session.members[key] = await _member(session.rest, *key)
    return payload.model_copy(update={"member": session.members[key]})


async def _member(rest: Rest, guild_id: str, user_id: str) -> MemberPayload | None:
    try:
        with translated():
            return MemberPayload.model_validate(await rest.member(guild_id, user_id))
    except (PlatformError, ValidationError) as error:
        log.debug("user %s of server %s could not be looked up: %s", user_id, guild_id, error)
        return None
