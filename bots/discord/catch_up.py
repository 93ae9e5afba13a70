"""Catching up: taking in what was said while there was no session.

Discord replays events to a session that is resumed. To a new one it does not, and what came meanwhile is found in the
channels' histories. Commands cannot be caught up: they fail for the person at once.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import discord

from bots.discord import rooms
from bots.discord.events import first_id_at
from bots.discord.intake import Intake
from bots.discord.missed import Missed, Reader
from bots.discord.rest import Rest
from bots.discord.rooms import Place
from core.config import CatchUpConfig
from core.cursors import Cursors

log = logging.getLogger("steward.discord")

UNKNOWN: Final = 200
"""Channels unknown to the library, as direct messages and threads put away are, that are read: the last used ones."""

_PAUSES: Final = (0.5, 5.0, 30.0)
"""Seconds before channels that could not be read are tried again."""

_SAVE_SECONDS: Final = 5.0


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
                await self._catch_up(client, rest)
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

    async def _catch_up(self, client: discord.Client, rest: Rest) -> None:
        horizon = first_id_at(time.time() - self._config.hours * 3600)
        reader = Reader(client, rest, horizon=horizon, refused=self._refused)
        places = {place.channel_id: place for place in rooms.places(client)}
        last = max(self._held.values(), key=int)
        for channel_id in places:
            self._hold(channel_id, last)
        todo = self._worth_reading(client, places)
        left = self._config.messages
        for pause in (*_PAUSES, None):
            reading = [reader.missed(places[each], self._held[each]) for each in todo if each in places]
            reading += [reader.unknown(each, self._held[each]) for each in todo if each not in places]
            missed = [each for found in await asyncio.gather(*reading) for each in found]
            left -= await self._take_in(missed, left, client, rest, reader)
            todo = [each for each in todo if each not in reader.read]
            for channel_id, newest in reader.read.items():
                if channel_id in self._held:
                    self._release(channel_id, newest)
            if not todo or pause is None:
                break
            await asyncio.sleep(pause)
        self._report(reader, todo)

    def _worth_reading(self, client: discord.Client, known: Iterable[str]) -> Sequence[str]:
        """Choose the channels to be read; the others are let go."""
        others = sorted(self._held.keys() - set(known), key=lambda each: int(self._held[each]))
        unknown = [each for each in others if client.get_channel(int(each)) is None][-UNKNOWN:]
        for channel_id in set(others) - set(unknown):
            self._release(channel_id, 0)
        return [*known, *unknown]

    async def _take_in(
        self, missed: Iterable[Missed], most: int, client: discord.Client, rest: Rest, reader: Reader
    ) -> int:
        """Take in messages, oldest first; return how many of them were new."""
        answered = dropped = 0
        for each in sorted(missed, key=lambda each: int(each.payload.id)):
            if answered >= most:
                dropped += 1
                continue
            payload, me = await reader.with_member(each), rooms.me(client, each.place.guild_id)
            answered += await self._intake.message(payload, me, each.place.room, rest, late=True)
        if answered:
            log.info("%d messages from before this connection are answered", answered)
        if dropped:
            log.warning("%d messages are not answered: catch_up.messages is %d", dropped, self._config.messages)
        return answered

    def _report(self, reader: Reader, failed: Sequence[str]) -> None:
        if failed:
            log.warning("%d channels could not be read; they are left for the next connection", len(failed))
        if reader.too_old:
            hours, count = self._config.hours, len(reader.too_old)
            log.warning("what was said more than %g hours ago in %d channels is left", hours, count)
