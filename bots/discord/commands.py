"""Registering the application commands where they have changed.

https://discord.com/developers/docs/interactions/application-commands#bulk-overwrite-global-application-commands
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

import discord
from pydantic import JsonValue

from bots.commands import Commands
from bots.discord.errors import translated
from bots.discord.rest import Rest
from bots.discord.tree import MOST_COMMANDS, skill_commands, tree
from core.errors import PlatformError
from core.messages import JsonObject

log = logging.getLogger("steward.discord")

_PAUSES: Final = (5.0, 60.0, 600.0)
"""Seconds before it is tried again to register the commands."""

_TOO_MANY_TODAY: Final = 30034
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json"""

_COMPARED: Final = (
    "type",
    "name",
    "description",
    "options",
    "required",
    "choices",
    "value",
    "min_value",
    "max_value",
    "min_length",
    "max_length",
    "integration_types",
    "contexts",
)
"""The fields that we set; the server adds others, and leaves out those that are as usual."""


async def register(rest: Rest, commands: Commands, *, for_people: bool = True) -> None:
    """Register all commands at once, unless they are registered like this already.

    A failure is logged, the bot works without them. Discord lets a bot register 200 new commands a day, so that it is
    not done at every start.
    """
    wanted = tree(commands, for_people=for_people)
    left = len(skill_commands(commands)) - (MOST_COMMANDS - 1)
    if left > 0:
        log.warning("Discord has room for %d commands: the last %d skills need /steward call", MOST_COMMANDS, left)
    for pause in (*_PAUSES, None):
        try:
            with translated():
                await _register(rest, wanted)
            return
        except PlatformError as error:
            log.warning("%s", _failure(error))
            if error.permanent or pause is None:
                return
        await asyncio.sleep(pause)


async def _register(rest: Rest, wanted: Sequence[JsonObject]) -> None:
    if not is_registered(await rest.commands(), wanted):
        await rest.register(wanted)
        log.info("registered %d commands", len(wanted))


def _failure(error: PlatformError) -> str:
    refused = error.__cause__
    if isinstance(refused, discord.HTTPException) and refused.code == _TOO_MANY_TODAY:
        return "Discord takes 200 new commands a day, and had these today: the others are registered at a later start."
    return f"The commands could not be registered: {error}"


def is_registered(known: Sequence[JsonValue], wanted: Sequence[JsonObject]) -> bool:
    """Tell whether the commands that the server knows are those that are wanted, in whatever order."""
    found = {(each.get("type", 1), each.get("name")): each for each in known if isinstance(each, dict)}
    return len(known) == len(wanted) and all(_same(found.get((each["type"], each["name"])), each) for each in wanted)


def _same(known: JsonValue, wanted: JsonValue) -> bool:
    match known, wanted:
        case dict(), dict():
            return all(_same(_stated(known.get(key)), _stated(wanted.get(key))) for key in _COMPARED)
        case list(), list():
            pairs = zip(_sorted(known), _sorted(wanted), strict=True) if len(known) == len(wanted) else None
            return pairs is not None and all(_same(one, other) for one, other in pairs)
    return known == wanted


def _stated(value: JsonValue) -> JsonValue:
    """Return a value; None where it says as much as if it were left out."""
    return None if value is False or value == "" or value == [] else value


def _sorted(values: list[JsonValue]) -> list[JsonValue]:
    """Put numbers in order, which are where and for whom a command is; of options and choices the order counts."""
    numbers: list[JsonValue] = [*sorted(each for each in values if isinstance(each, int))]
    return numbers if len(numbers) == len(values) else values
