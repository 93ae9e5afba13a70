"""Buttons, menus, the message shortcut and forms: each is dealt with before it is acknowledged.

https://docs.slack.dev/interactivity/handling-user-interaction
"""

from typing import Final

from bots.commands import Commands
from bots.platform import Inbox
from bots.slack.about import QUESTION, SHORTCUT, asked_in, channel_asked_in, question_form, read_asked
from bots.slack.apology import apology
from bots.slack.directory import Directory
from bots.slack.fields import part, parts, text
from bots.slack.filled import problems, read_call, read_form
from bots.slack.forms import FORM
from bots.slack.manifest import COMMAND
from bots.slack.markup import mentioned
from bots.slack.presses import Used, pressed_in, read_press
from bots.slack.surfaces import Surfaces
from core.messages import Conversation, JsonObject

TYPES: Final = frozenset({"block_actions", "message_action", "view_submission", "view_closed", "shortcut"})
"""The types of interactive payloads."""


class Interactivity:
    """Deals with interactive payloads; what goes wrong is said to the person, as Slack sends them once only.

    Args:
        team: the workspace the bot is in.
    """

    def __init__(
        self, *, inbox: Inbox, commands: Commands, directory: Directory, surfaces: Surfaces, team: str
    ) -> None:
        self._inbox = inbox
        self._commands = commands
        self._directory = directory
        self._surfaces = surfaces
        self._team = team

    async def take(self, payload: JsonObject) -> JsonObject:
        """Deal with a payload and return what the acknowledgement says; {} where it says nothing."""
        view = part(payload, "view")
        match payload.get("type"), payload.get("callback_id") or view.get("callback_id"):
            case "block_actions", _:
                await self._press(payload)
            case "message_action", callback if callback == SHORTCUT:
                await self._open_question(payload)
            case "view_submission", callback if callback == QUESTION:
                return await self._asked(payload)
            case "view_submission", callback if callback == FORM:
                return await self._filled(payload)
        return {}

    async def _press(self, payload: JsonObject) -> None:
        channel, person = pressed_in(payload), text(part(payload, "user"), "id")
        used = read_press(payload, await self._directory.look_up(channel, [person])) if channel else None
        if used is not None:
            press = used.message
            self._surfaces.whisper(
                press.conversation,
                press.author.id,
                await self._pressed(used),
                response_url=press.origin.get("response_url", ""),
            )

    async def _pressed(self, used: Used) -> str:
        try:
            return await self._inbox.press(used.key, used.message, used.choice)
        except Exception as error:
            return apology(error, f"the press of {used.key} failed")

    async def _open_question(self, payload: JsonObject) -> None:
        message, channel = part(payload, "message"), text(part(payload, "channel"), "id")
        people = [text(message, "user"), *mentioned(text(message, "text"))]
        try:
            view = question_form(payload, self._commands.name, await self._directory.look_up(channel, people))
            await self._surfaces.open(text(payload, "trigger_id"), view)
        except Exception as error:
            self._surfaces.whisper(
                Conversation(platform="slack", workspace=self._team, channel=channel),
                text(part(payload, "user"), "id"),
                apology(error, "a message could not be quoted"),
                response_url=text(payload, "response_url"),
            )

    async def _asked(self, payload: JsonObject) -> JsonObject:
        people = [text(part(payload, "user"), "id")]
        channel = channel_asked_in(part(payload, "view"))
        try:
            message = read_asked(payload, await self._directory.look_up(channel, people))
            if await self._inbox.accept(message):
                self._surfaces.announce(message, f"{message.author.name} asks: {asked_in(part(payload, 'view'))}")
        except Exception as error:
            return _refused({_first_input(payload): apology(error, "a form could not be taken in")})
        return {}

    async def _filled(self, payload: JsonObject) -> JsonObject:
        filled = read_form(part(payload, "view"))
        options = self._commands.options.get(filled.skill)
        if options is None:
            return _refused({_first_input(payload): "This skill is gone."})
        if wrong := problems(options, filled):
            return _refused(wrong)
        try:
            person = text(part(payload, "user"), "id")
            message = read_call(payload, filled, options, await self._directory.look_up(filled.channel, [person]))
            if await self._inbox.accept(message):
                self._surfaces.announce(message, f"{message.author.name} used `{COMMAND} {message.text}`")
        except Exception as error:
            return _refused({_first_input(payload): apology(error, "a form could not be taken in")})
        return {}


def _refused(wrong: dict[str, str]) -> JsonObject:
    """Keep a form open and show what is wrong, under the inputs."""
    return {"response_action": "errors", "errors": dict(wrong)}


def _first_input(payload: JsonObject) -> str:
    blocks = parts(part(payload, "view"), "blocks")
    return next((text(block, "block_id") for block in blocks if block.get("type") == "input"), "")
