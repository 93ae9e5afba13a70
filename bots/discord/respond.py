"""Responding to what people use: commands, forms and controls; stored first, acknowledged then, within three seconds.

https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction
"""

import logging
from collections import deque
from dataclasses import replace
from functools import partial
from typing import Final

from bots.commands import Commands
from bots.discord import calls, tree
from bots.discord.calls import Incomplete
from bots.discord.content import set_apart
from bots.discord.deferrals import Deferrals
from bots.discord.errors import translated
from bots.discord.events import Room
from bots.discord.forms import QUESTION, Call, Forms, Question, call_form, question_form
from bots.discord.interactions import Command, Pressed, Quote, Submitted, Use, read_use
from bots.discord.keeping import NotKeptError, keep
from bots.discord.payloads import InteractionPayload
from bots.discord.private import Private, in_time
from bots.discord.rest import DEFERRED, EPHEMERAL, Rest
from bots.links import Links
from bots.platform import Inbox
from core import controls, incident
from core.errors import PlatformError, UserError
from core.messages import Message, Reply

log = logging.getLogger("steward.discord")

_DEFERRED_UPDATE, _MODAL = 6, 9
_REMEMBERED: Final = 1000
"""Presses and commands that are known when they come again."""

_LOST: Final = "Sorry, I could not take this in. Please send it again."
_FAILED: Final = "Sorry, something went wrong here."
_NOT_OURS: Final = "I do not know this control; it may be from an earlier version of me. Please ask me again."
_FORGOTTEN: Final = "I was restarted since this form was opened, and no longer know what it is about. Please try again."


class Responder:
    """Takes up interactions and answers those that need no turn.

    Args:
        links: which links stay live in what is said.
    """

    def __init__(self, inbox: Inbox, commands: Commands, deferrals: Deferrals, links: Links) -> None:
        self._inbox = inbox
        self._commands = commands
        self._deferrals = deferrals
        self._links = links
        self._forms = Forms()
        self._carried_out: deque[str] = deque(maxlen=_REMEMBERED)

    async def interaction(self, payload: InteractionPayload, room: Room, rest: Rest) -> None:
        """Take up what somebody used; what cannot be done is said to this one person."""
        use = read_use(payload, room)
        if use is None:
            return
        try:
            with translated():
                await self._respond(use, rest)
        except PlatformError as error:
            # too late, or answered already: a question that was accepted is then answered in the channel
            log.warning("%s was not acknowledged: %s", use.message.id, error)

    async def _respond(self, use: Use, rest: Rest) -> None:
        try:
            with translated():
                await self._take_up(use, rest)
        except UserError as error:
            await self._say(use, rest, str(error))
        except NotKeptError as error:
            await self._say(use, rest, _LOST + incident.sentence(incident.incident(log, str(error), error.__cause__)))
        except PlatformError:
            raise
        except Exception as error:
            await self._say(use, rest, _failed(f"{use.message.id} could not be taken up", error))

    async def _take_up(self, use: Use, rest: Rest) -> None:
        match use.what:
            case Command(name=tree.STEWARD, sub="ask") as command:
                await self._ask(use, command, rest)
            case Command(name=tree.STEWARD, sub="call") as command:
                await self._call(use, calls.by_line(use, command, self._commands), rest)
            case Command(name=tree.STEWARD) as command:
                await self._answer(use, command, rest)
            case Command() as command:
                await self._call(use, calls.by_command(use, command, self._commands), rest)
            case Quote() as quote:
                form_id = self._forms.remember(use.id, Question(quote=quote, link=use.message.link))
                await rest.respond(use.id, use.token, _MODAL, question_form(form_id, quote))
            case Submitted() as sent:
                await self._sent(use, sent, rest)
            case Pressed() as pressed:
                await self._press(use, pressed, rest)

    async def _ask(self, use: Use, command: Command, rest: Rest) -> None:
        question, files = command.texts.get("question", ""), tuple(command.files.values())
        if question or files:
            await self._accept(use, use.said(question, files), rest)
        else:
            await self._answer(use, replace(command, sub="help"), rest)

    async def _call(self, use: Use, call: Message | Incomplete, rest: Rest) -> None:
        if isinstance(call, Message):
            await self._accept(use, call, rest)
            return
        form_id = self._forms.remember(use.id, call.call)
        await rest.respond(use.id, use.token, _MODAL, call_form(form_id, call.call.skill, call.missing))

    async def _sent(self, use: Use, sent: Submitted, rest: Rest) -> None:
        match self._forms.find(sent.form):
            case Question(quote=quote, link=link):
                asked = use.said(quoted(sent.texts.get(QUESTION, ""), quote), quote.attachments)
                await self._accept(use, replace(asked, link=link), rest)
            case Call() as call:
                texts = call.filled_in(sent.texts)
                message = calls.called(use, call.skill, texts, call.files, self._commands)
                if isinstance(message, Incomplete):
                    raise UserError(f"{call.skill} also needs {message.missing[0].name}.")
                await self._accept(use, message, rest)
            case None:
                raise UserError(_FORGOTTEN)

    async def _accept(self, use: Use, message: Message, rest: Rest) -> None:
        """Have a message answered: it is stored, then Discord is told that an answer is to come."""
        with self._deferrals.pending(use.id):
            await keep(partial(self._inbox.accept, message), message.id)
            await rest.respond(use.id, use.token, DEFERRED)

    async def _answer(self, use: Use, command: Command, rest: Rest) -> None:
        """Answer a sub-command that needs no turn, once also where a resumed connection repeats it."""
        if not self._is_first(use):
            return
        defer = partial(rest.respond, use.id, use.token, DEFERRED, {"flags": EPHEMERAL})
        reply, deferred = await in_time(self._run(use, command), defer)
        private = Private(use, rest, self._links)
        await (private.fill(reply) if deferred else private.say(reply))

    async def _run(self, use: Use, command: Command) -> Reply:
        """Carry out a sub-command; a failure is said in a sentence."""
        try:
            return await self._commands.run(command.sub, use.message, calls.line(command))
        except UserError as error:
            return Reply(text=str(error))
        except Exception as error:
            return Reply(text=_failed(f"/{tree.STEWARD} {command.sub} ({use.message.id}) failed", error))

    async def _press(self, use: Use, pressed: Pressed, rest: Rest) -> None:
        known = controls.read(pressed.key)
        if known is None:
            raise UserError(_NOT_OURS)
        # what a press asks for is a message of its own; where the bot is no member, only the interaction brings it
        opens = use.installed_by_person and known.action == "file"
        defer = partial(rest.respond, use.id, use.token, DEFERRED if opens else _DEFERRED_UPDATE)
        with self._deferrals.pending(use.id):
            text, deferred = await in_time(self._pressed(use, pressed), defer)
            if text and not deferred:
                await self._say(use, rest, text)
                return
            if not deferred:
                await defer()
        await Private(use, rest, self._links).add(Reply(text=text))

    async def _pressed(self, use: Use, pressed: Pressed) -> str:
        """Carry out a press, once also where a resumed connection repeats it; a failure is said in a sentence."""
        if not self._is_first(use):
            return ""
        here = {"channel_id": use.message.origin["channel_id"], "message_id": pressed.message_id}
        message = use.message if use.installed_by_person else replace(use.message, origin=here)
        try:
            return await keep(partial(self._inbox.press, pressed.key, message, pressed.choice), message.id)
        except NotKeptError as error:
            return _failed(str(error), error.__cause__)

    def _is_first(self, use: Use) -> bool:
        """Tell whether a use was not carried out yet, and take note of it."""
        if use.id in self._carried_out:
            return False
        self._carried_out.append(use.id)
        return True

    async def _say(self, use: Use, rest: Rest, text: str) -> None:
        await Private(use, rest, self._links).say(Reply(text=text))


def quoted(question: str, quote: Quote) -> str:
    """Write a question about a message, with what that says set apart as what somebody else wrote."""
    if not quote.text:
        holds = "of which only the files are here" if quote.attachments else "which has no text"
        return f"{question}\n\n(The question is about a message of {quote.author}, {holds}.)"
    return f"{question}\n\n(The question is about this message, which {quote.author} wrote:)\n{set_apart(quote.text)}"


def _failed(happened: str, error: BaseException | None) -> str:
    return _FAILED + incident.sentence(incident.incident(log, happened, error))
