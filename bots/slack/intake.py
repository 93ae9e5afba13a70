"""What comes in: each payload is dealt with before it is acknowledged."""

import asyncio
from weakref import WeakValueDictionary

from bots.platform import Inbox
from bots.slack.changes import Closure, Deletion, Edit, Removal, Stop, read_change
from bots.slack.directory import Directory
from bots.slack.events import (
    Lookup,
    calls,
    channel_of,
    people_of,
    place_of,
    position_of,
    read_event,
    read_speech,
    strand_of,
    thread_of,
)
from bots.slack.fields import text
from bots.slack.interactivity import TYPES, Interactivity
from bots.slack.sight import Sight
from bots.slack.slash import Slash
from bots.slack.threads import Threads
from bots.slack.welcome import Welcome
from core.cursors import Cursors
from core.messages import JsonObject


class Intake:
    """Turns payloads into messages and hands them over.

    Args:
        slash: answers the slash command.
        interactivity: deals with buttons and forms.
        threads: tells what is for the bot in the threads it takes part in.
        welcome: shows the Home tab and suggested prompts.
        directory: knows who reads a channel, and
        sight: what they can see beyond it, until that changes.
        cursors: follow what was read.
        bot: the bot's user id.
        team: the workspace it is in.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        slash: Slash,
        interactivity: Interactivity,
        threads: Threads,
        welcome: Welcome,
        directory: Directory,
        sight: Sight,
        cursors: Cursors,
        bot: str,
        team: str,
    ) -> None:
        self._inbox = inbox
        self._slash = slash
        self._interactivity = interactivity
        self._threads = threads
        self._welcome = welcome
        self._directory = directory
        self._sight = sight
        self._cursors = cursors
        self._bot = bot
        self._team = team
        self._unknown = Lookup(bot=bot, team=team)
        self._strands: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def take(self, payload: JsonObject) -> JsonObject:
        """Deal with a payload and return what the acknowledgement says; {} where it says nothing.

        Whatever the inbox raises for an event comes out, so that nothing is acknowledged that was not taken in.
        """
        if "command" in payload:
            return await self._slash.take(payload)
        if text(payload, "type") in TYPES:
            return await self._interactivity.take(payload)
        self._welcome.take(payload)
        await self.read(payload)
        return {}

    def calls(self, payload: JsonObject) -> bool:
        """Tell whether an event says something to the bot, by a mention or directly."""
        return calls(payload, self._bot)

    async def read(self, payload: JsonObject) -> bool:
        """Read an event; tell whether it brings something to do that was not known before.

        The cursor of its channel moves past it once it is taken in, or is nothing to take in.
        """
        position = position_of(payload)
        if position is None:
            return await self._change(payload)
        with self._cursors.reading(channel_of(payload), position):
            async with self._strand(strand_of(payload)):
                return await self._change(payload) or await self._said(payload)

    def _strand(self, name: str) -> asyncio.Lock:
        """Return the lock with which the events of a thread are read in the order in which they came."""
        return self._strands.setdefault(name, asyncio.Lock())

    async def _said(self, payload: JsonObject) -> bool:
        if calls(payload, self._bot):
            return await self._accept(payload)
        thread = thread_of(payload, self._unknown)
        company = await self._threads.company(thread) if thread else None
        if company is None:
            return False
        message = read_speech(payload, await self._look_up(payload))
        if message is None or not await self._threads.hear(payload, message, company):
            return False
        return await self._inbox.accept(message)

    async def _accept(self, payload: JsonObject) -> bool:
        message = read_event(payload, await self._look_up(payload))
        if message is None:
            return False
        fresh = await self._inbox.accept(message)
        if fresh:
            self._welcome.asked(message)
        return fresh

    async def _change(self, payload: JsonObject) -> bool:
        match read_change(payload, bot=self._bot, team=self._team):
            case Edit() as edit:
                return await self._edited(edit)
            case Deletion() as deletion:
                return await self._inbox.deleted(deletion.id)
            case Removal() as removal:
                return await self._removed(removal)
            case Stop() as stop:
                return await self._inbox.stop(stop.conversation, await self._directory.person(stop.user)) > 0
            case Closure() as closure:
                return await self._closed(closure)
            case _:
                return False

    async def _edited(self, edit: Edit) -> bool:
        unread = read_speech(edit.payload, self._unknown)
        if unread is None:  # such as the bot's own, while it writes
            return False
        message = read_speech(edit.payload, await self._look_up(edit.payload)) or unread
        return await self._inbox.edited(message) or (edit.new and await self._inbox.accept(message))

    async def _removed(self, removal: Removal) -> bool:
        """Have an answer removed, also where the cross stands on its files, which are known by their own ids."""
        place, person = removal.conversation, await self._directory.person(removal.user)
        if await self._inbox.removed(place, removal.answer, person):
            return True
        for file in await self._directory.files_in(place.channel, removal.answer):
            if await self._inbox.removed(place, file, person):
                return True
        return False

    async def _closed(self, closure: Closure) -> bool:
        """Have what was said in a channel be its members' own; there is nothing to answer."""
        channel = closure.conversation.channel
        self._directory.forget_place(channel)
        self._sight.forget_place(channel)
        await self._inbox.closed(closure.conversation, closure.audience)
        return False

    async def _look_up(self, payload: JsonObject) -> Lookup:
        return await self._directory.look_up(channel_of(payload), people_of(payload), known=place_of(payload))
