"""Application commands that people use, and the routes that answer them.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from bots.simulator.discord import payloads
from bots.simulator.discord.board import Board
from bots.simulator.discord.bodies import (
    CallbackBody,
    MessageBody,
    Upload,
    check_message,
    check_not_empty,
    read_body,
)
from bots.simulator.discord.errors import (
    ApiError,
    invalid,
    unknown_interaction,
    unknown_message,
    unknown_webhook,
)
from bots.simulator.discord.gateway import Gateway
from bots.simulator.discord.rest import Call, Route
from bots.simulator.discord.world import COMMAND_TYPE, DIRECT, EPHEMERAL, LOADING, Channel, Message, User, World
from core.messages import JsonObject

CALLBACK = "/interactions/{interaction_id}/{token}/callback"
WEBHOOK = "/webhooks/{application_id}/{token}"
ORIGINAL = WEBHOOK + "/messages/@original"
FOLLOW_UP = WEBHOOK + "/messages/{message_id}"

MESSAGE_ANSWER, DEFERRED_ANSWER = 4, 5
TOKEN_SECONDS = 15 * 60


@dataclass(slots=True, kw_only=True)
class Interaction:
    """One use of a command, and what came of it; `response` is the callback's type once there was one."""

    id: str
    token: str
    channel: Channel
    user: User
    created: float
    response: int | None = None
    original: Message | None = None


class InteractionRoutes:
    """Commands in use and their answers.

    Args:
        deadline: seconds in which an interaction has to be answered or deferred.
        file_limit: bytes of the largest file.
    """

    def __init__(self, world: World, gateway: Gateway, board: Board, *, deadline: float, file_limit: int) -> None:
        self.interactions: dict[str, Interaction] = {}
        self._world = world
        self._gateway = gateway
        self._board = board
        self._deadline = deadline
        self._file_limit = file_limit

    def table(self) -> list[Route]:
        """List the routes."""
        return [
            Route(method="POST", path=CALLBACK, handler=self._callback, open=True),
            Route(method="GET", path=ORIGINAL, handler=self._get, open=True),
            Route(method="PATCH", path=ORIGINAL, handler=self._edit, open=True),
            Route(method="DELETE", path=ORIGINAL, handler=self._delete, open=True),
            Route(method="POST", path=WEBHOOK, handler=self._follow_up, open=True),
            Route(method="GET", path=FOLLOW_UP, handler=self._get, open=True),
            Route(method="PATCH", path=FOLLOW_UP, handler=self._edit, open=True),
            Route(method="DELETE", path=FOLLOW_UP, handler=self._delete, open=True),
        ]

    async def use(
        self, channel: Channel, user: User, command: JsonObject, sub: str, options: Mapping[str, str]
    ) -> Interaction:
        """Let somebody use a sub-command of a registered command with text options."""
        interaction = Interaction(
            id=self._world.new_id(),
            token=secrets.token_urlsafe(48),
            channel=channel,
            user=user,
            created=self._world.clock.now(),
        )
        self.interactions[interaction.id] = interaction
        given: list[JsonValue] = [{"name": name, "type": 3, "value": value} for name, value in options.items()]
        data: JsonObject = {
            "id": command["id"],
            "name": command["name"],
            "type": 1,
            "options": [{"name": sub, "type": 1, "options": given}],
        }
        await self._gateway.dispatch("INTERACTION_CREATE", self._payload(interaction, data))
        return interaction

    def _payload(self, of: Interaction, data: JsonObject) -> JsonObject:
        shown: JsonObject = {
            "id": of.id,
            "application_id": self._world.application_id,
            "type": 2,
            "data": data,
            "channel_id": of.channel.id,
            "channel": payloads.channel(of.channel, self._world),
            "token": of.token,
            "version": 1,
            "app_permissions": str((1 << 10) | (1 << 11)),
            "locale": "en-US",
            "entitlements": [],
            "attachment_size_limit": self._file_limit,
        }
        if of.channel.type == DIRECT:
            owners: JsonObject = {"0": "0"}
            return shown | {"user": payloads.user(of.user), "context": 1, "authorizing_integration_owners": owners}
        person = payloads.member(of.user) | {"user": payloads.user(of.user), "permissions": str((1 << 10) | (1 << 11))}
        return shown | {
            "member": person,
            "guild_id": self._world.guild_id,
            "guild": {"id": self._world.guild_id, "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "context": 0,
            "authorizing_integration_owners": {"0": self._world.guild_id},
        }

    async def _callback(self, call: Call) -> JsonValue:
        interaction = self.interactions.get(call.parameters["interaction_id"])
        if interaction is None or interaction.token != call.parameters["token"]:
            raise unknown_interaction()
        if interaction.response is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        if self._world.clock.now() - interaction.created > self._deadline:
            raise unknown_interaction()
        body = read_body(CallbackBody, call.payload)
        message = await self._respond(interaction, body, call.uploads)
        if call.query.get("with_response") not in ("1", "true"):
            return None
        return {
            "interaction": {"id": interaction.id, "type": 2, "response_message_id": message.id},
            "resource": {"type": body.type, "message": self._board.show(message)},
        }

    async def _respond(self, interaction: Interaction, body: CallbackBody, uploads: Sequence[Upload]) -> Message:
        message = self._message(interaction, body.data.flags)
        if body.type == DEFERRED_ANSWER:
            message.flags |= LOADING
            self._world.messages[message.id] = message
        elif body.type == MESSAGE_ANSWER:
            await self._write(message, body.data, uploads)
        else:
            raise invalid("type", "BASE_TYPE_CHOICES", "Value must be one of {4, 5}.")
        interaction.response, interaction.original = body.type, message
        return message

    def _message(self, interaction: Interaction, flags: int | None) -> Message:
        ephemeral = (flags or 0) & EPHEMERAL
        return Message(
            id=self._world.new_id(),
            channel=interaction.channel,
            author=self._world.bot,
            content="",
            created=self._world.clock.now(),
            type=COMMAND_TYPE,
            flags=ephemeral,
            to=interaction.user.id if ephemeral else None,
            interaction=interaction.id,
        )

    async def _write(self, message: Message, body: MessageBody, uploads: Sequence[Upload]) -> Message:
        """Write a message that is prepared, by changing it from "is thinking…"."""
        check_message(body, uploads, file_limit=self._file_limit)
        check_not_empty(body, uploads)
        message.flags |= LOADING
        return await self._board.edit(message, body, uploads)

    def _interaction(self, call: Call) -> Interaction:
        """Find the interaction of a token, which is good for 15 minutes and only once it was answered."""
        token = call.parameters["token"]
        found = next((each for each in self.interactions.values() if each.token == token), None)
        if found is None or found.original is None or call.parameters["application_id"] != self._world.application_id:
            raise unknown_webhook()
        if self._world.clock.now() - found.created > TOKEN_SECONDS:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return found

    def _find(self, call: Call) -> Message:
        interaction = self._interaction(call)
        wanted = call.parameters.get("message_id")
        found = interaction.original if wanted is None else self._world.messages.get(wanted)
        if found is None or found.deleted or found.interaction != interaction.id:
            raise unknown_message()
        return found

    async def _get(self, call: Call) -> JsonValue:
        return self._board.show(self._find(call))

    async def _edit(self, call: Call) -> JsonValue:
        body = read_body(MessageBody, call.payload)
        return self._board.show(await self._board.edit(self._find(call), body, call.uploads))

    async def _delete(self, call: Call) -> JsonValue:
        await self._board.delete(self._find(call))
        return None

    async def _follow_up(self, call: Call) -> JsonValue:
        """Write one more message; the first one takes the place of "is thinking…"."""
        interaction = self._interaction(call)
        body = read_body(MessageBody, call.payload)
        original = interaction.original
        if original is not None and original.loading:
            return self._board.show(await self._write(original, body, call.uploads))
        message = self._message(interaction, body.flags)
        return self._board.show(await self._write(message, body, call.uploads))
