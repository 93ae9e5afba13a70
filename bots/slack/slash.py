"""The slash command: questions, calls of skills, and what needs neither.

https://docs.slack.dev/interactivity/implementing-slash-commands
"""

import asyncio
from dataclasses import replace
from typing import Final

from bots.commands import Commands, Typed, parse
from bots.platform import Inbox
from bots.slack.apology import apology
from bots.slack.cache import Cache
from bots.slack.directory import Directory
from bots.slack.events import people_of, read_question
from bots.slack.fields import text
from bots.slack.forms import form
from bots.slack.private import Private
from bots.slack.surfaces import Surfaces
from core.messages import JsonObject, Message, Reply

SOON: Final = 1.5
"""Seconds that a command may take before it is acknowledged; Slack waits for three, and one may go by before it."""


class Slash:
    """Answers the slash command; what goes wrong is said to its author, as Slack sends a command once only.

    Args:
        surfaces: opens forms, and keeps what goes on beside the acknowledgement.
        private: shows what a command is answered with.
    """

    def __init__(
        self, *, inbox: Inbox, commands: Commands, directory: Directory, surfaces: Surfaces, private: Private
    ) -> None:
        self._inbox = inbox
        self._commands = commands
        self._directory = directory
        self._surfaces = surfaces
        self._private = private
        self._taken: Cache[bool] = Cache(size=1000, seconds=3600.0)

    async def take(self, payload: JsonObject) -> JsonObject:
        """Deal with a command and return what the acknowledgement says."""
        command, rest = parse(text(payload, "text"))
        try:
            return await self._take("help" if command == "ask" and not rest else command, rest, payload)
        except Exception as error:
            return self._show(_failed(command, error), payload)

    async def _take(self, command: str, rest: str, payload: JsonObject) -> JsonObject:
        if command == "ask":
            await self._inbox.accept(await self._message(payload, rest))
            return _SHOWN
        if command == "call" and rest:
            return await self._call(rest, payload)
        used = await self._message(payload, rest)
        named = "skills" if command == "call" else command
        return await self._run(named, replace(used, text=""), used.text, payload)

    async def _run(self, command: str, used: Message, rest: str, payload: JsonObject) -> JsonObject:
        """Answer a command; one that takes longer is acknowledged before, and one that comes again does nothing."""
        if self._taken.get(used.id):
            return {}
        self._taken.put(used.id, True)
        running = self._surfaces.begin(self._reply(command, used, rest))
        await asyncio.wait({running}, timeout=SOON)
        if running.done():
            return self._show(running.result(), payload)
        self._surfaces.begin(self._show_later(running, payload))
        return self._show(_WORKING, payload)

    async def _reply(self, command: str, used: Message, rest: str) -> Reply:
        try:
            return await self._commands.run(command, used, rest)
        except Exception as error:
            return _failed(command, error)

    async def _call(self, rest: str, payload: JsonObject) -> JsonObject:
        message = await self._message(payload, f"call {rest}")
        typed = self._commands.typed(message.text.removeprefix("call"))
        options = self._commands.options[typed.call.skill]
        if typed.missing or (options and not typed.call.arguments):
            return await self._form(typed, payload)
        await self._inbox.accept(replace(message, direct=typed.call))
        return _SHOWN

    async def _form(self, typed: Typed, payload: JsonObject) -> JsonObject:
        tool = next(tool for tool in self._commands.tools if tool.name == typed.call.skill)
        view = form(
            tool,
            self._commands.options[tool.name],
            typed.call.arguments,
            channel=text(payload, "channel_id"),
            response_url=text(payload, "response_url"),
        )
        await self._surfaces.open(text(payload, "trigger_id"), view)
        return {}

    async def _message(self, payload: JsonObject, said: str) -> Message:
        channel = text(payload, "channel_id")
        return read_question(payload, said, await self._directory.look_up(channel, people_of(payload)))

    def _show(self, reply: Reply, payload: JsonObject) -> JsonObject:
        return self._private.acknowledge(reply, text(payload, "user_id"), text(payload, "response_url"))

    async def _show_later(self, running: asyncio.Task[Reply], payload: JsonObject) -> None:
        await self._private.send(await running, text(payload, "user_id"), text(payload, "response_url"))


def _failed(command: str, error: Exception) -> Reply:
    return Reply(text=apology(error, f"the command {command} failed"))


_WORKING: Final = Reply(text="I am at it. You get the answer here, for you alone.")
_SHOWN: JsonObject = {"response_type": "in_channel"}
"""Shows the command to everybody."""
