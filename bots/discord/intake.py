"""Taking in what people say, change and use: stored first, acknowledged then."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from bots.commands import Commands
from bots.discord.changes import Changes
from bots.discord.deferrals import Deferrals
from bots.discord.errors import translated
from bots.discord.events import (
    Me,
    Room,
    audience,
    branched,
    can_branch,
    conversation,
    is_blanked,
    message_id,
    only_replies,
    read_message,
)
from bots.discord.keeping import NotKeptError, keep
from bots.discord.payloads import DeletedPayload, InteractionPayload, MessagePayload
from bots.discord.respond import Responder
from bots.discord.rest import Rest, sentence
from bots.links import Links
from bots.platform import Inbox
from core import incident
from core.channels import Channels
from core.cursors import Cursors
from core.errors import PlatformError, StewardError
from core.messages import Conversation, Message

log = logging.getLogger("steward.discord")

Recent = Callable[[Conversation, str], Awaitable[int]]
"""Tells how many questions in a row a person asked in a place within the last hour."""

_LONGEST_PAUSE: Final = 60.0
"""Seconds between two later attempts to store a message, at the most."""

_LATE_SECONDS: Final = 600.0
"""Seconds after an edit in which a message that was none for the bot before is answered because of it."""

_LATER: Final = "Sorry, I cannot take this in right now. I keep trying, and answer as soon as I can."
_UNCHANGED: Final = "Sorry, I could not take in what you changed. Please send it as a new message."
_BLANKED: Final = "I can only read a reply that also mentions me. Please send it again with my name in it."


async def nothing_recent(_: Conversation, __: str) -> int:
    """Know of no questions."""
    return 0


class Intake:
    """Hands over messages, their changes, and what people use.

    Args:
        channels: what is set for each channel.
        cursors: are moved past each message that is done with; one that could not be stored holds them.
        first_pause: seconds before a message that could not be stored is tried again; doubled each time.
        thread_after: questions of a person in a row at a channel's root, the last of which opens a thread; 0 for none.
        recent: how many there were before.
        links: which links stay live in what is said to one person.

    Attributes:
        commands: what can be used.
    """

    def __init__(
        self,
        inbox: Inbox,
        commands: Commands,
        deferrals: Deferrals,
        cursors: Cursors,
        channels: Channels,
        *,
        first_pause: float = 5.0,
        thread_after: int = 0,
        recent: Recent = nothing_recent,
        links: Links | None = None,
    ) -> None:
        self.commands = commands
        self._inbox = inbox
        self._responder = Responder(inbox, commands, deferrals, links or Links())
        self._cursors = cursors
        self._channels = channels
        self._first_pause = first_pause
        self._thread_after = thread_after
        self._recent = recent
        self._changes = Changes(inbox)

    async def message(self, payload: MessagePayload, me: Me, room: Room, rest: Rest, *, late: bool = False) -> bool:
        """Take in a message, if it is for the bot; return whether it is one that was not known before.

        One that cannot be stored is tried again for as long as the connection lasts; after that it is found in the
        channel's history. `late` says that it was found there, and is not waited for.
        """
        pause, told = self._first_pause, False
        new: bool | None = None
        while new is None:
            try:
                with self._cursors.reading(payload.channel_id, payload.id):
                    new = await self._message(payload, me, room, rest)
            except NotKeptError as error:
                if late:
                    return False
                if not told:
                    name = incident.incident(log, f"{error}; it is tried again and again", error.__cause__)
                    await _tell(rest, payload, _LATER + incident.sentence(name))
                    told = True
                await asyncio.sleep(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)
        if new and payload.guild_id is None:
            await self.save_cursors()  # Discord never lists direct messages: without a cursor they are not found again
        return new

    async def edit(self, payload: MessagePayload, me: Me, room: Room, rest: Rest) -> None:
        """Take in what a message says now: the question is answered anew, or for the first time now that it is one."""
        message = read_message(payload, me, room)
        if message is None:
            return
        ask = None if _is_late(payload) else partial(self._ask, message, payload, me, room)
        try:
            await self._changes.edit(message, payload.edited_timestamp, ask)
        except NotKeptError as error:
            name = incident.incident(log, str(error), error.__cause__)
            await _tell(rest, payload, _UNCHANGED + incident.sentence(name))

    async def deletion(self, payload: DeletedPayload) -> None:
        """Take in that messages were deleted."""
        await self._changes.delete(
            [message_id(payload.channel_id, each) for each in (payload.id, *payload.ids) if each]
        )

    async def interaction(self, payload: InteractionPayload, room: Room, rest: Rest) -> None:
        """Take up what somebody used."""
        await self._responder.interaction(payload, room, rest)

    async def closed(self, channel_id: str, guild_id: str) -> None:
        """Have what was said in a channel that is not public be its members' own, as far as it is not so already.

        Where that fails it is tried again whenever the channel changes, and with each session.
        """
        room = Room()
        place = conversation(channel_id, guild_id, room)
        closed = partial(self._inbox.closed, place, audience(channel_id, guild_id, "", room))
        try:
            await keep(closed, f"that channel {channel_id} is private")
        except NotKeptError as error:
            incident.incident(log, str(error), error.__cause__)

    async def save_cursors(self) -> None:
        """Save how far channels were read; a failure is logged, and costs no more than reading again."""
        try:
            await self._cursors.flush()
        except StewardError as error:
            log.warning("how far Discord was read could not be saved: %s", error)

    async def _message(self, payload: MessagePayload, me: Me, room: Room, rest: Rest) -> bool:
        message = read_message(payload, me, room)
        if message is not None and not self._changes.is_deleted(message.id):
            new = await self._ask(message, payload, me, room)
            await self._changes.stored(message.id)
            return new
        if message is None and is_blanked(payload, me) and await self._is_wanted(payload, me, room):
            await _tell(rest, payload, _BLANKED)
        return False

    async def _ask(self, message: Message, payload: MessagePayload, me: Me, room: Room) -> bool:
        """Take a message in as a question, where it is one; return whether it was not known before.

        Raises:
            NotKeptError: it could not be stored, or it is not known whether it is one.
        """
        return await self._is_wanted(payload, me, room) and await self._keep(message, room)

    async def _is_wanted(self, payload: MessagePayload, me: Me, room: Room) -> bool:
        """Tell whether a message is for the bot also by what is set for its channel.

        Raises:
            NotKeptError: what is set could not be read.
        """
        if not only_replies(payload, me):
            return True
        place = conversation(payload.channel_id, payload.guild_id, room)
        follows = partial(self._channels.follows, place, usually=True)
        return await keep(follows, message_id(payload.channel_id, payload.id))

    async def _keep(self, message: Message, room: Room) -> bool:
        """Store a message, also against a passing failure; return whether it was not known before.

        Raises:
            NotKeptError: the failure did not pass.
        """
        placed = branched(message) if await self._branches(message, room) else message
        return await keep(partial(self._inbox.accept, placed), message.id)

    async def _branches(self, message: Message, room: Room) -> bool:
        """Tell whether a thread is to be opened from a message."""
        if not self._thread_after or not can_branch(message, room):
            return False
        try:
            before = await self._recent(message.conversation, message.author.id)
        except StewardError as error:
            log.warning("no thread is opened, for it is not known what was asked before: %s", error)
            return False
        return before + 1 >= self._thread_after


def _is_late(payload: MessagePayload) -> bool:
    """Tell whether a message was edited long ago; Discord sends it again when it is pinned."""
    return payload.edited_timestamp is None or payload.edited_timestamp.timestamp() < time.time() - _LATE_SECONDS


async def _tell(rest: Rest, payload: MessagePayload, text: str) -> None:
    """Say something about a message in its channel, once even where the event is repeated."""
    try:
        with translated():
            await rest.send(payload.channel_id, sentence(text, nonce=f"n{payload.id}"[:25]))
    except PlatformError as error:
        log.warning("nothing could be said in channel %s: %s", payload.channel_id, error)
