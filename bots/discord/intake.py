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
from bots.platform import Accept
from core.errors import PlatformError, StewardError
from core.messages import Message

log = logging.getLogger("steward.discord")

_PAUSES: Final = (0.2, 1.0)
"""Seconds before `accept` is tried again; an interaction has to be acknowledged within three."""

_LOST: Final = "Sorry, I could not take this in. Please send it again."
_FAILED: Final = "Sorry, something went wrong here. My log says more."
_BLANKED: Final = "I can only read a reply that also mentions me. Please send it again with my name in it."


class Intake:
    """Hands messages to `accept` and answers the commands that need no model."""

    def __init__(self, accept: Accept, commands: Commands, deferrals: Deferrals) -> None:
        self._accept = accept
        self._commands = commands
        self._deferrals = deferrals

    async def message(self, payload: MessagePayload, me: Me, room: Room, rest: Rest) -> None:
        """Take in a message, if it is for the bot."""
        message = read_message(payload, me, room)
        if message is not None:
            if not await self._keep(message):
                await _tell(rest, payload, _LOST)
        elif is_blanked(payload, me):
            await _tell(rest, payload, _BLANKED)

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
            if await self._keep(command.message):
                await rest.respond(payload.id, payload.token, DEFERRED)
            else:
                await rest.respond(payload.id, payload.token, MESSAGE, {"content": _LOST, "flags": EPHEMERAL})

    async def _answer(self, command: Command, payload: InteractionPayload, rest: Rest) -> None:
        try:
            reply = await self._commands.run(command.name, command.message.conversation)
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
        """Store a message, also against a passing failure: Discord never delivers it again."""
        for pause in (*_PAUSES, None):
            try:
                await self._accept(message)
            except Exception as error:
                log.error("%s was not accepted", message.id, exc_info=error)
                if pause is not None:
                    await asyncio.sleep(pause)
            else:
                return True
        return False


async def _tell(rest: Rest, payload: MessagePayload, text: str) -> None:
    """Say something about a message in its channel, once even where the event is repeated."""
    try:
        with translated():
            await rest.send(payload.channel_id, sentence(text, nonce=f"n{payload.id}"[:25]))
    except PlatformError as error:
        log.warning("nothing could be said in channel %s: %s", payload.channel_id, error)
