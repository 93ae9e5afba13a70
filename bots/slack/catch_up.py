"""Catching up: what was said while nobody listened is looked for afterwards, and answered like any other message.

Slack repeats an event for about six minutes and then gives it up. So the cursor of each channel follows what was read,
and after each gap (a start, a socket that was lost or deaf) the channel's history is read from there on, beside what
comes in meanwhile. A message that was accepted before is known by its id, so a look too many changes nothing.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.api import TROUBLE, failure, unsupported
from bots.slack.intake import Intake
from bots.slack.past import Room, rooms, said_since
from core.config import CatchUpConfig
from core.cursors import Cursors
from core.errors import OperatorError, PlatformError, StewardError

log = logging.getLogger("steward.slack")

ATTEMPTS: Final = 5
"""Attempts to look into one channel."""

AGAIN_AFTER: Final = 300.0
"""Seconds after which a channel that could not be looked into is looked into again."""

LONGEST_PAUSE: Final = 120.0
"""Seconds between two attempts at the most, whatever Slack asks for."""


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What became of the messages to the bot that one look found."""

    accepted: int = 0
    old: set[str] = field(default_factory=set)
    over: set[str] = field(default_factory=set)


class CatchUp:
    """Looks back after each gap, and stores how far each channel was read.

    Args:
        config: `hours` 0 switches looking back off.
    """

    def __init__(self, client: AsyncWebClient, cursors: Cursors, config: CatchUpConfig) -> None:
        self._client = client
        self._cursors = cursors
        self._config = config
        self._sound: Mapping[str, str] | None = None
        self._gaps = self._closed = 0
        self._gap = asyncio.Event()
        self._left = False
        self._said: set[str] = set()

    async def load(self) -> None:
        """Read how far each channel was read before the start; again it does nothing.

        Raises:
            OperatorError: the database cannot be read.
        """
        if self._sound is None:
            await self._cursors.load()
            self._sound = dict(self._cursors.positions)

    def missed(self) -> None:
        """Note that messages may have been missed since the last `sound`."""
        if self._config.hours:
            self._gaps += 1
            self._gap.set()

    async def sound(self) -> None:
        """Note that nothing was missed up to now, and store how far each channel was read.

        While a gap is being looked into the stored cursors stay before it, for messages after it have moved them.
        """
        if self._gaps != self._closed:
            return
        self._sound = dict(self._cursors.positions)
        await self._store()

    async def run(self, intake: Intake) -> None:
        """Look into each gap, until cancelled."""
        while True:
            await self._gap.wait()
            self._gap.clear()
            gaps = self._gaps
            try:
                await self._look_back(intake)
            except Exception:
                log.exception("looking back failed")
            self._closed = gaps
            if self._left:
                asyncio.get_running_loop().call_later(AGAIN_AFTER, self.missed)
            await self.sound()  # a first start that ends early has begun to read all the same

    async def _look_back(self, intake: Intake) -> None:
        before, now = self._sound or {}, time.time()
        found = await self._rooms(before)
        if not before:
            for room in found:
                self._cursors.passed(room.channel, f"{now:.6f}")
            await self._store()
            return
        newest, self._left = max(before.values(), key=Decimal), False
        tally = _Tally()
        for room in found:
            start = before.get(room.channel, newest)
            self._cursors.hold(room.channel, start)
            if await self._patiently(room, start, now - self._config.hours * 3600, tally, intake):
                self._cursors.passed(room.channel, start)
            else:
                self._left = True
        self._report(tally)

    async def _store(self) -> None:
        try:
            await self._cursors.flush()
        except OperatorError as error:
            self._say_once(f"How far Slack's channels were read could not be stored: {error}")

    async def _rooms(self, before: Mapping[str, str]) -> list[Room]:
        """Return the channels the bot is in; where they cannot be listed, those that were read before."""
        try:
            return await rooms(self._client)
        except TROUBLE as error:
            self._say_once(f"{failure(error, 'list my channels')} Only those where I was spoken to are looked into.")
            return [Room(channel=channel) for channel in before]

    async def _patiently(self, room: Room, start: str, horizon: float, tally: _Tally, intake: Intake) -> bool:
        """Look into one channel, and again after a pause where Slack asks for one or a fault may pass.

        Returns False where the fault did not pass, so that the channel has to be looked into another time.
        """
        for attempt in range(ATTEMPTS):
            try:
                await self._look_into(room, start, horizon, tally, intake)
                return True
            except TROUBLE as error:
                problem = failure(error, "look for what was said while I was away")
                hopeless = problem.permanent or unsupported(error)
            except StewardError as error:
                problem, hopeless = PlatformError(str(error)), False
            if hopeless:
                self._say_once(f"{problem} What I was told there meanwhile stays unanswered.")
                return True
            if attempt + 1 < ATTEMPTS:
                self._say_once(f"{problem} I look again after a pause.")
                pause = 2.0**attempt if problem.retry_after is None else problem.retry_after
                await asyncio.sleep(min(LONGEST_PAUSE, pause))
            else:
                self._say_once(f"{problem} I look there again in some minutes.")
        return False

    async def _look_into(self, room: Room, start: str, horizon: float, tally: _Tally, intake: Intake) -> None:
        posts = await said_since(self._client, room, start, horizon=horizon)
        for ts, payload in posts:
            called = intake.calls(payload)
            if float(ts) < horizon:
                if called:
                    tally.old.add(f"{room.channel}/{ts}")
            elif tally.accepted >= self._config.messages:
                if called:
                    tally.over.add(f"{room.channel}/{ts}")
            elif await intake.read(payload):
                tally.accepted += 1
        for ts, _ in posts:
            self._cursors.passed(room.channel, ts)

    def _report(self, tally: _Tally) -> None:
        if tally.accepted:
            log.info("%d messages that were written while I was away are answered now", tally.accepted)
        if tally.old:
            log.warning(
                "%d messages stay unanswered: they are older than catch_up.hours, %g",
                len(tally.old),
                self._config.hours,
            )
        if tally.over:
            log.warning(
                "%d messages stay unanswered: they are more than catch_up.messages, %d",
                len(tally.over),
                self._config.messages,
            )

    def _say_once(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            log.warning("%s", sentence)
