"""What comes in: each payload is dealt with before it is acknowledged."""

import asyncio
import logging

from bots.commands import Commands, parse
from bots.platform import Inbox
from bots.slack.blocks import content
from bots.slack.directory import Directory
from bots.slack.events import (
    Lookup,
    channel_of,
    people_of,
    place_of,
    position_of,
    read_conversation,
    read_event,
    read_question,
)
from bots.slack.pieces import LIMIT
from core.cursors import Cursors
from core.errors import StewardError
from core.messages import JsonObject, Person

log = logging.getLogger("steward.slack")


class Intake:
    """Turns payloads into messages and hands them to `accept`.

    Args:
        bot: the bot's user id.
        team: the workspace it is in.
        cursors: follow what was read.
    """

    def __init__(
        self, *, inbox: Inbox, commands: Commands, directory: Directory, cursors: Cursors, bot: str, team: str
    ) -> None:
        self._inbox = inbox
        self._commands = commands
        self._directory = directory
        self._cursors = cursors
        self._bot = bot
        self._team = team

    async def take(self, payload: JsonObject) -> JsonObject:
        """Deal with a payload and return what the acknowledgement says; {} where it says nothing.

        Whatever `accept` raises comes out, so that nothing is acknowledged that was not accepted.
        """
        if "command" in payload:
            return await self._command(payload)
        await self.read(payload)
        return {}

    def concerns(self, payload: JsonObject) -> bool:
        """Tell whether an event says something to the bot."""
        return read_event(payload, Lookup(bot=self._bot, team=self._team)) is not None

    async def read(self, payload: JsonObject) -> bool:
        """Read an event; tell whether it says something to the bot that was not accepted before.

        The cursor of its channel moves past it once it is accepted, or is nothing to accept.
        """
        position = position_of(payload)
        if position is None:
            return False
        with self._cursors.reading(channel_of(payload), position):
            if not self.concerns(payload):
                return False
            message = read_event(payload, await self._look_up(payload))
            return message is not None and await self._inbox.accept(message)

    async def _command(self, payload: JsonObject) -> JsonObject:
        command, rest = parse(str(payload.get("text") or ""))
        if command == "ask" and rest:
            await self._inbox.accept(read_question(payload, rest, await self._look_up(payload)))
            return {"response_type": "in_channel"}  # shows the question to everybody
        text = await self._run("help" if command == "ask" else command, payload)
        return {"response_type": "ephemeral", **content(text, blocks=len(text) <= LIMIT)}

    async def _run(self, command: str, payload: JsonObject) -> str:
        try:
            return (
                await self._commands.run(command, read_conversation(payload, self._team), Person(id="", name=""))
            ).text
        except StewardError as error:
            return str(error)
        except Exception:
            log.exception("the command %s failed", command)
            return "Something went wrong inside me. The log has the details."

    async def _look_up(self, payload: JsonObject) -> Lookup:
        place = place_of(payload)
        people = [user for user in people_of(payload) if user != self._bot]
        names, looked_up = await asyncio.gather(
            self._directory.names(people), self._directory.place(channel_of(payload), known=place)
        )
        return Lookup(bot=self._bot, team=self._team, names=names, place=looked_up)
