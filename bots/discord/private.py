"""What is said to the one person who used something, and nobody else sees.

https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from bots.discord import body
from bots.discord.events import PLACES
from bots.discord.interactions import Use
from bots.discord.reply import split
from bots.discord.rest import Rest
from bots.links import Links
from core.messages import Reply
from core.outlet import Part

_WAIT_SECONDS: Final = 2.0
"""Seconds that an answer is waited for before Discord, which wants one within three, is told that it is to come."""

_PERMALINK: Final = re.compile(rf"{re.escape(PLACES)}/(?:@me|[0-9]+)/[0-9]+(?:/[0-9]+)?")
"""The address of a message or channel, which shows nothing to those who may not see it."""

T = TypeVar("T")


class Private:
    """Answers one use; a file that is too large is named in the text instead.

    Args:
        links: which links stay live; those to messages and channels do in any case.
    """

    def __init__(self, use: Use, rest: Rest, links: Links) -> None:
        self._use = use
        self._rest = rest
        self._links = links.also(_PERMALINK)

    async def say(self, reply: Reply) -> None:
        """Answer what was not acknowledged yet."""
        first, *more = self._parts(reply)
        await self._rest.answer(self._use.id, self._use.token, body.response(first))
        await self._follow_up(more)

    async def fill(self, reply: Reply) -> None:
        """Put a reply in the place of "is thinking…"."""
        first, *more = self._parts(reply)
        await self._rest.edit_response(self._use.application_id, self._use.token, body.edited(first))
        await self._follow_up(more)

    async def add(self, reply: Reply) -> None:
        """Say something more; nothing where the reply is empty."""
        await self._follow_up(self._parts(reply))

    async def _follow_up(self, parts: Sequence[Part]) -> None:
        for part in parts:
            await self._rest.follow_up(self._use.application_id, self._use.token, body.private(part))

    def _parts(self, reply: Reply) -> Sequence[Part]:
        limit = body.file_limit(self._use.message) or body.FILE_LIMIT
        return [
            body.within(Part(key=f"{self._use.id}.{number}", text=piece.text, attachments=piece.attachments), limit)
            for number, piece in enumerate(split(replace(reply, text=self._links.inert(reply.text))))
        ]


async def in_time(work: Coroutine[object, object, T], defer: Callable[[], Awaitable[None]]) -> tuple[T, bool]:
    """Return what `work` returns, and whether it took so long that its answer was deferred meanwhile."""
    working = asyncio.create_task(work)
    done, _ = await asyncio.wait({working}, timeout=_WAIT_SECONDS)
    if done:
        return working.result(), False
    try:
        await defer()
    finally:
        result = await working
    return result, True
