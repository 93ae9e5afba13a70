"""Showing an answer while it is being made: messages that are edited, at the rate that Discord allows.

What happens between two edits is shown together. Of the limits nothing is known here: the library heeds the headers of
https://discord.com/developers/docs/topics/rate-limits and waits, and the next edit shows what came meanwhile.
"""

import asyncio
import contextlib
import logging
from dataclasses import replace
from typing import Final

from bots.discord.body import nonce
from bots.discord.errors import translated
from bots.discord.live import Live
from bots.discord.place import Place
from bots.discord.progress import Progress
from bots.discord.rest import Rest
from bots.links import Links
from core.controls import while_running
from core.errors import PlatformError
from core.events import Event, Finished, SkillStarted
from core.messages import Turn
from core.outlet import Part

log = logging.getLogger("steward.discord")

_LONGEST_WAIT: Final = 30.0
"""Seconds between two attempts while Discord fails."""

_SECONDS: Final = 20.0
"""For bringing all messages up to date."""

_CLOSING_SECONDS: Final = 2.0

_MORE: Final = "-# …"


class Preview:
    """Follows the events of one answer; nobody waits for it.

    Args:
        every: seconds between two edits, and before a text is shown; a skill is shown at once.

    Attributes:
        doubtful: the key of a part of which nobody knows whether it was posted, "" where there is none.
    """

    def __init__(self, turn: Turn, place: Place, live: Live, links: Links, *, every: float) -> None:
        self.doubtful = ""
        self._turn = turn
        self._place = place
        self._live = live
        self._progress = Progress(links)
        self._every = every
        self._shown: dict[str, Part] = {}
        self._changed, self._calling, self._over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    @property
    def visible(self) -> bool:
        """Whether something is shown."""
        return bool(self._shown)

    def take(self, event: Event) -> None:
        """Show what happened, soon; the reply itself is not shown here."""
        if isinstance(event, Finished):
            self._end()
        if self._over.is_set():
            return
        self._progress.take(event)
        self._changed.set()
        if isinstance(event, SkillStarted):
            self._calling.set()
        if self._following is None:
            self._following = asyncio.create_task(self._follow())

    async def settle(self) -> None:
        """Show nothing more; what is under way comes to its end, or it could overtake what is sent next."""
        self._end()
        if self._following is not None:
            await asyncio.gather(self._following, return_exceptions=True)

    async def close(self) -> None:
        """Stop; a request under way has a moment, as the library holds up its route for long where it is cancelled."""
        self._end()
        if self._following is not None:
            await asyncio.wait([self._following], timeout=_CLOSING_SECONDS)
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    def _end(self) -> None:
        for event in (self._over, self._changed, self._calling):
            event.set()

    async def _follow(self) -> None:
        await _wait(self._calling, self._every)
        while not self._over.is_set():
            self._changed.clear()
            pause = self._every
            try:
                with translated():
                    async with asyncio.timeout(_SECONDS):
                        await self._show()
            except PlatformError as error:
                log.debug("the progress of turn %d is not shown: %s", self._turn.id, error)
                if error.permanent:
                    return
                pause = min(_LONGEST_WAIT, error.retry_after or 2 * pause)
                self._changed.set()
            except Exception:
                log.exception("the progress of turn %d is not shown any more", self._turn.id)
                return
            await _wait(self._over, pause)
            await self._changed.wait()

    async def _show(self) -> None:
        """Bring the messages up to date: a command's one, or as many as the text needs."""
        rest = await self._place.ready()
        await self._live.find(rest)
        if not rest.edits:
            self._over.set()
            return
        pages = self._progress.pages(1 if self._place.by_token else None)
        stale = [number for number, each in enumerate(self._live.ids) if each in self._shown and number >= len(pages)]
        pages += [_MORE] * (max(stale, default=-1) + 1 - len(pages))
        for number, page in enumerate(pages):
            if self._over.is_set():
                return
            controls = while_running(self._turn) if number == len(pages) - 1 else ()
            part = Part(key=page_key(self._turn, number), text=page, controls=controls, opens=number == 0)
            await self._put(rest, number, part)

    async def _put(self, rest: Rest, number: int, page: Part) -> None:
        if number >= len(self._live.ids):
            await self._post(rest, page)
            return
        message_id = self._live.ids[number]
        if self._shown.get(message_id) == page:
            return
        self._shown.pop(message_id, None)
        if not await self._place.edit(rest, message_id, page):
            self._over.set()  # somebody deleted it, and does not want to see it
            return
        self._shown[message_id] = page

    async def _post(self, rest: Rest, page: Part) -> None:
        """Post a page, first with the button by which it is found again if this is ended before it is written down."""
        posted = replace(page, controls=while_running(self._turn))
        self.doubtful = page.key
        message_id = await self._place.answer(rest, posted)
        if message_id is None:
            written = await self._place.post(rest, posted, nonce(self._turn.message, page.key))
            message_id = written.id
            if written.text != page.text:  # it was there, and shows something else
                posted = replace(posted, text=written.text)
        self.doubtful = ""
        if not message_id:  # a server that does not say what it wrote: that cannot be edited
            self._over.set()
            return
        if message_id in self._live.ids:
            return
        self._shown[message_id] = posted
        if posted != page:
            self._changed.set()
        await self._live.add(message_id)


def page_key(turn: Turn, number: int) -> str:
    """Return the key of a message that shows progress, for its nonce."""
    return f"{turn.id}.live.{number}"


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
