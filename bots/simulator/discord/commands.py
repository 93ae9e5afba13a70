"""The application's commands: registering them, and people who use them.

https://discord.com/developers/docs/interactions/application-commands
"""

import asyncio
from collections.abc import Mapping

from pydantic import JsonValue

from bots.simulator.discord import payloads
from bots.simulator.discord.board import Board
from bots.simulator.discord.definitions import (
    ATTACHMENT,
    CHAT_INPUT,
    MESSAGE,
    SUB_COMMAND,
    USER,
    check_commands,
    kind_of,
)
from bots.simulator.discord.errors import ApiError
from bots.simulator.discord.interactions import COMMAND, Interaction, Interactions, context
from bots.simulator.discord.rest import Call, Route
from bots.simulator.discord.usage import OptionValue, used
from bots.simulator.discord.world import Channel, Message, User, World
from core.messages import JsonObject

COMMANDS = "/applications/{application_id}/commands"
COMMAND_OF_ID = COMMANDS + "/{command_id}"

MAX_CREATIONS = 200
"""A day: https://discord.com/developers/docs/interactions/application-commands#registering-a-command."""
_DAY = 24 * 3600


class CommandRoutes:
    """The commands; `registrations` counts the requests that changed them."""

    def __init__(self, world: World, board: Board, interactions: Interactions) -> None:
        self.registrations = 0
        self._commands: dict[tuple[int, str], JsonObject] = {}
        self._created: list[float] = []
        self._world = world
        self._board = board
        self._interactions = interactions
        self._changed = asyncio.Condition()

    @property
    def by_name(self) -> Mapping[str, JsonObject]:
        """The commands by name; of several with one name, that for the chat."""
        return {name: self._commands[kind, name] for kind, name in sorted(self._commands, reverse=True)}

    def table(self) -> list[Route]:
        """List the routes."""
        return [
            Route(method="GET", path=COMMANDS, handler=self._list),
            Route(method="PUT", path=COMMANDS, handler=self._overwrite),
            Route(method="POST", path=COMMANDS, handler=self._add),
            Route(method="DELETE", path=COMMAND_OF_ID, handler=self._delete),
        ]

    async def use(
        self, channel: Channel, user: User, name: str, sub: str | None, values: Mapping[str, OptionValue]
    ) -> Interaction:
        """Use a command in the chat, once it is registered.

        Raises:
            ValueError: Discord's client would not have sent this.
        """
        command = await self._offered(channel, CHAT_INPUT, name)
        usage = used(command, sub, values)
        data: JsonObject = {"id": command["id"], "name": name, "type": CHAT_INPUT}
        options: list[JsonValue] = [*usage.options]
        files: JsonObject = {}
        for option, (filename, content) in usage.files.items():
            file = self._board.keep(channel, filename, content)
            options.append({"name": option, "type": ATTACHMENT, "value": file["id"]})
            files[str(file["id"])] = file
        data["options"] = options if sub is None else [{"name": sub, "type": SUB_COMMAND, "options": options}]
        if files:
            data["resolved"] = {"attachments": files}
        return await self._interactions.begin(COMMAND, channel, user, data)

    async def use_on_message(self, message: Message, user: User, name: str) -> Interaction:
        """Use a command of a message's menu, once it is registered; the bot is told all the message says."""
        command = await self._offered(message.channel, MESSAGE, name)
        resolved: JsonObject = {"messages": {message.id: self._board.show_whole(message)}}
        return await self._target(command, message.channel, user, message.id, resolved)

    async def use_on_user(self, channel: Channel, target: User, user: User, name: str) -> Interaction:
        """Use a command of a person's menu, once it is registered."""
        command = await self._offered(channel, USER, name)
        resolved: JsonObject = {"users": {target.id: payloads.user(target)}}
        if channel.guild_id is not None:
            known = payloads.member(target, channel.guild_id, self._world)
            resolved["members"] = {target.id: {key: known[key] for key in known if key not in ("deaf", "mute")}}
        return await self._target(command, channel, user, target.id, resolved)

    async def _target(
        self, command: JsonObject, channel: Channel, user: User, target: str, resolved: JsonObject
    ) -> Interaction:
        data: JsonObject = {key: command[key] for key in ("id", "name", "type")}
        data |= {"target_id": target, "resolved": resolved}
        return await self._interactions.begin(COMMAND, channel, user, data)

    async def _offered(self, channel: Channel, kind: int, name: str, *, timeout: float = 10.0) -> JsonObject:
        """Return a command, now or once it is registered, if it is offered to people in a channel."""
        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(lambda: (kind, name) in self._commands)
        except TimeoutError:
            raise ValueError(f"there is no command {name!r}, only {sorted(self._commands)}") from None
        command = self._commands[kind, name]
        places, installations = command["contexts"], command["integration_types"]
        if isinstance(places, list) and context(channel) not in places:
            raise ValueError(f"{name!r} is not offered in this kind of channel")
        if channel.foreign and isinstance(installations, list) and 1 not in installations:
            raise ValueError(f"{name!r} is not offered where only a person installed the bot")
        return command

    async def _list(self, call: Call) -> JsonValue:
        return list(self._commands.values())

    async def _overwrite(self, call: Call) -> JsonValue:
        return [*await self._register(check_commands(call.payload), replace=True)]

    async def _add(self, call: Call) -> JsonValue:
        known: list[JsonValue] = [command for command in self._commands.values() if not _same(command, call.payload)]
        *_, new = check_commands([*known, call.payload])
        [registered] = await self._register([new], replace=False)
        return registered

    async def _register(self, wanted: list[JsonObject], *, replace: bool) -> list[JsonObject]:
        keys = [(kind_of(command), str(command["name"])) for command in wanted]
        now = self._world.clock.now()
        self._created = [each for each in self._created if each > now - _DAY]
        fresh = [key for key in keys if key not in self._commands]
        if len(self._created) + len(fresh) > MAX_CREATIONS:
            refusal = f"Max number of daily application command creates has been reached ({MAX_CREATIONS})"
            raise ApiError(400, 30034, refusal)
        self._created += [now] * len(fresh)
        registered = {
            key: self._completed(command, self._commands.get(key)) for key, command in zip(keys, wanted, strict=True)
        }
        self._commands = registered if replace else self._commands | registered
        self.registrations += 1
        async with self._changed:
            self._changed.notify_all()
        return [*registered.values()]

    def _completed(self, payload: JsonObject, known: JsonObject | None) -> JsonObject:
        """Add the fields that Discord adds; a command that did not change keeps its version."""
        defaults: JsonObject = {
            "type": CHAT_INPUT,
            "description": "",
            "default_member_permissions": None,
            "nsfw": False,
            "integration_types": [0],
            "contexts": None,
            "dm_permission": True,
            "name_localizations": None,
            "description_localizations": None,
        }
        ids: JsonObject = {"id": self._world.new_id(), "application_id": self._world.application_id}
        completed = defaults | payload | {key: (known or ids)[key] for key in ids}
        if known is not None and completed | {"version": known["version"]} == known:
            return known
        return completed | {"version": self._world.new_id()}

    async def _delete(self, call: Call) -> JsonValue:
        for key, command in self._commands.items():
            if command["id"] == call.parameters["command_id"]:
                del self._commands[key]
                self.registrations += 1
                return None
        raise ApiError(404, 10063, "Unknown application command")


def _same(command: JsonObject, payload: JsonValue) -> bool:
    return isinstance(payload, dict) and (kind_of(command), command["name"]) == (kind_of(payload), payload.get("name"))
