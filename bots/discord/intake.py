"""Taking in what people say and the commands they use: stored first, acknowledged then."""

import asyncio
import logging
from typing import Final

from bots.commands import Commands
from bots.discord.deferrals import Deferrals
from bots.discord.errors import translated
from bots.discord.events import (
    Command,
    InteractionPayload,
    Me,
    MessagePayload,
    Room,
    is_blanked,
    read_command,
    read_message,
)
from bots.discord.reply import split
from bots.discord.rest import DEFERRED, EPHEMERAL, MESSAGE, Rest, sentence
from bots.platform import Inbox
from core.cursors import Cursors
from core.errors import PlatformError, StewardError
from core.messages import Message

log = logging.getLogger("steward.discord")

_PAUSES: Final = (0.2, 1.0)
"""Seconds before `accept` is tried again; an interaction has to be acknowledged within three."""

_LONGEST_PAUSE: Final = 60.0
"""Seconds between two later attempts to store a message, at the most."""

_LATER: Final = "Sorry, I cannot take this in right now. I keep trying, and answer as soon as I can."
_LOST: Final = "Sorry, I could not take this in. Please send it again."
_FAILED: Final = "Sorry, something went wrong here. My log says more."
_BLANKED: Final = "I can only read a reply that also mentions me. Please send it again with my name in it."


class _NotKeptError(Exception):
    """A message could not be stored."""


class Intake:
    """Hands messages to `accept` and answers the commands that need no model.

    Args:
        cursors: are moved past each message that is done with; one that could not be stored holds them.
        first_pause: seconds before a message that could not be stored is tried again; doubled each time.
    """

    def __init__(
        self,
        inbox: Inbox,
        commands: Commands,
        deferrals: Deferrals,
        cursors: Cursors,
        *,
        first_pause: float = 5.0,
    ) -> None:
        self._inbox = inbox
        self._commands = commands
        self._deferrals = deferrals
        self._cursors = cursors
        self._first_pause = first_pause

    async def message(self, payload: MessagePayload, me: Me, room: Room, rest: Rest, *, late: bool = False) -> bool:
        """Take in a message, if it is for the bot; return whether it is one that was not known before.

        One that cannot be stored is tried again for as long as the connection lasts; after that it is found in the
        channel's history. `late` says that it was found there, and is not waited for.
        """
        pause, told = self._first_pause, False
        while (new := await self._read(payload, me, room, rest)) is None:
            if late:
                return False
            if not told:
                await _tell(rest, payload, _LATER)
                told = True
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)
        if new and payload.guild_id is None:
            await self.save_cursors()  # Discord never lists direct messages: without a cursor they are not found again
        return new

    async def save_cursors(self) -> None:
        """Save how far channels were read; a failure is logged, and costs no more than reading again."""
        try:
            await self._cursors.flush()
        except StewardError as error:
            log.warning("how far Discord was read could not be saved: %s", error)

    async def _read(self, payload: MessagePayload, me: Me, room: Room, rest: Rest) -> bool | None:
        """Take in a message; return whether it was not known before, None where it could not be stored."""
        try:
            with self._cursors.reading(payload.channel_id, payload.id):
                return await self._message(payload, me, room, rest)
        except _NotKeptError:
            return None

    async def _message(self, payload: MessagePayload, me: Me, room: Room, rest: Rest) -> bool:
        message = read_message(payload, me, room)
        if message is not None:
            return await self._keep(message)
        if is_blanked(payload, me):
            await _tell(rest, payload, _BLANKED)
        return False

    async def interaction(self, payload: InteractionPayload, room: Room, rest: Rest) -> None:
        """Take in a question, or answer another command to the one person who used it."""
        command = read_command(payload, room)
        if command is None:
            return
        try:
            with translated():
                if command.name == "ask" and (command.message.text or command.message.attachments):
                    await self._ask(command, payload, rest)
                else:
                    await self._answer(command, payload, rest)
        except PlatformError as error:
            # too late, or answered already: a question that was accepted is then answered in the channel
            log.warning("the command %s was not acknowledged: %s", command.message.id, error)

    async def _ask(self, command: Command, payload: InteractionPayload, rest: Rest) -> None:
        with self._deferrals.pending(payload.id):
            try:
                await self._keep(command.message)
                await rest.respond(payload.id, payload.token, DEFERRED)
            except _NotKeptError:
                await rest.respond(payload.id, payload.token, MESSAGE, {"content": _LOST, "flags": EPHEMERAL})

    async def _answer(self, command: Command, payload: InteractionPayload, rest: Rest) -> None:
        try:
            reply = await self._commands.run(command.name, command.message.conversation, command.message.author)
            pieces = [piece.text for piece in split(reply)]
        except StewardError as error:
            pieces = [str(error)]
        except Exception:
            log.exception("the command %s failed", command.message.id)
            pieces = [_FAILED]
        first, *more = pieces
        await rest.respond(payload.id, payload.token, MESSAGE, {"content": first, "flags": EPHEMERAL})
        for piece in more:
            await rest.follow_up(payload.application_id, payload.token, sentence(piece, ephemeral=True))

    async def _keep(self, message: Message) -> bool:
        """Store a message, also against a passing failure; return whether it was not known before.

        Raises:
            _NotKeptError: the failure did not pass.
        """
        for pause in (*_PAUSES, None):
            try:
                return await self._inbox.accept(message)
            except Exception as error:
                log.error("%s was not accepted", message.id, exc_info=error)
                if pause is not None:
                    await asyncio.sleep(pause)
        raise _NotKeptError


async def _tell(rest: Rest, payload: MessagePayload, text: str) -> None:
    """Say something about a message in its channel, once even where the event is repeated."""
    try:
        with translated():
            await rest.send(payload.channel_id, sentence(text, nonce=f"n{payload.id}"[:25]))
    except PlatformError as error:
        log.warning("nothing could be said in channel %s: %s", payload.channel_id, error)
