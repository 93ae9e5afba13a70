"""The application command `/steward`: its definition, and registering it where it changed.

https://discord.com/developers/docs/interactions/application-commands
"""

import logging
from typing import Final

from pydantic import JsonValue

from bots.commands import Subcommand, subcommands
from bots.discord.errors import translated
from bots.discord.events import COMMAND
from bots.discord.rest import Rest
from core.errors import PlatformError
from core.messages import JsonObject

log = logging.getLogger("steward.discord")

_CHAT_INPUT: Final = 1
_SUB_COMMAND, _TEXT, _FILE = 1, 3, 11
_SERVERS, _DIRECT_MESSAGES = 0, 1


def definition() -> JsonObject:
    """Describe `/steward` as Discord registers it; `ask` also takes a file."""
    return {
        "type": _CHAT_INPUT,
        "name": COMMAND,
        "description": "Talk to the assistant this team shares",
        "contexts": [_SERVERS, _DIRECT_MESSAGES],
        "options": [_option(command) for command in subcommands("discord")],
    }


def _option(command: Subcommand) -> JsonObject:
    shown: JsonObject = {"type": _SUB_COMMAND, "name": command.name, "description": command.help}
    words = command.usage.split()[1:]
    if words:
        question: list[JsonValue] = [
            {"type": _TEXT, "name": word.lower(), "description": command.help, "required": True} for word in words
        ]
        file: JsonObject = {"type": _FILE, "name": "file", "description": "A file it is about"}
        shown["options"] = [*question, file]
    return shown


async def register(rest: Rest) -> None:
    """Register `/steward`, unless it is registered like this already; a failure is logged, the bot works without it.

    Discord lets a bot register 200 times a day, so that it is not done at every start.
    """
    wanted = definition()
    try:
        with translated():
            if not await _is_registered(rest, wanted):
                await rest.register([wanted])
                log.info("registered the command /%s", COMMAND)
    except PlatformError as error:
        log.warning("/%s could not be registered: %s", COMMAND, error)


async def _is_registered(rest: Rest, wanted: JsonObject) -> bool:
    try:
        with translated():
            known = await rest.commands()
    except PlatformError as error:
        log.debug("the registered commands could not be read: %s", error)
        return False
    return len(known) == 1 and includes(known[0], wanted)


def includes(known: JsonValue, wanted: JsonValue) -> bool:
    """Tell whether what the server knows is what is wanted; it adds fields of its own, such as ids and defaults."""
    match known, wanted:
        case dict(), dict():
            return all(includes(known.get(key), value) for key, value in wanted.items())
        case list(), list():
            return len(known) == len(wanted) and all(map(includes, known, wanted))
    return known == wanted
