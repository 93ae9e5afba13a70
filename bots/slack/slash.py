"""The slash command: questions, calls of skills, and what needs neither.

https://docs.slack.dev/interactivity/implementing-slash-commands
"""

from dataclasses import replace

from bots.commands import Commands, Typed, parse
from bots.links import Links
from bots.platform import Inbox
from bots.slack.apology import apology
from bots.slack.blocks import content
from bots.slack.directory import Directory
from bots.slack.events import people_of, read_question
from bots.slack.fields import text
from bots.slack.forms import form
from bots.slack.pieces import LIMIT
from bots.slack.surfaces import Surfaces
from core.messages import JsonObject, Message


class Slash:
    """Answers the slash command; what goes wrong is said to its author, as Slack sends a command once only.

    Args:
        links: which links stay live in what is said.
        team: the workspace the bot is in.
    """

    def __init__(
        self, *, inbox: Inbox, commands: Commands, directory: Directory, surfaces: Surfaces, links: Links, team: str
    ) -> None:
        self._inbox = inbox
        self._commands = commands
        self._directory = directory
        self._surfaces = surfaces
        self._links = links
        self._team = team

    async def take(self, payload: JsonObject) -> JsonObject:
        """Deal with a command and return what the acknowledgement says."""
        command, rest = parse(text(payload, "text"))
        try:
            return await self._take("help" if command == "ask" and not rest else command, rest, payload)
        except Exception as error:
            return self._to_author(apology(error, f"the command {command} failed"))

    async def _take(self, command: str, rest: str, payload: JsonObject) -> JsonObject:
        if command == "ask":
            await self._inbox.accept(await self._message(payload, rest))
            return _SHOWN
        if command == "call" and rest:
            return await self._call(rest, payload)
        used = await self._message(payload, "")
        reply = await self._commands.run("skills" if command == "call" else command, used, rest)
        return self._to_author(reply.text)

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

    def _to_author(self, said: str) -> JsonObject:
        markdown = self._links.inert(said)
        return {"response_type": "ephemeral", **content(markdown, blocks=len(markdown) <= LIMIT)}


_SHOWN: JsonObject = {"response_type": "in_channel"}
"""Shows the command to everybody."""
