"""The routes with which the bot answers interactions.

https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction
"""

from collections.abc import Sequence

from pydantic import JsonValue

from bots.simulator.discord import payloads
from bots.simulator.discord.board import Board
from bots.simulator.discord.bodies import CallbackBody, MessageBody, Upload, read_body
from bots.simulator.discord.errors import (
    ApiError,
    invalid,
    unknown_interaction,
    unknown_message,
    unknown_webhook,
)
from bots.simulator.discord.forms import read_form
from bots.simulator.discord.interactions import (
    COMPONENT,
    SUBMISSION,
    TOKEN_SECONDS,
    Interaction,
    Interactions,
)
from bots.simulator.discord.rest import Call, Route
from bots.simulator.discord.world import (
    COMMAND_TYPE,
    CONTEXT_TYPE,
    EPHEMERAL,
    LOADING,
    REPLY_TYPE,
    Message,
    World,
)
from core.messages import JsonObject

CALLBACK = "/interactions/{interaction_id}/{token}/callback"
WEBHOOK = "/webhooks/{application_id}/{token}"
ORIGINAL = WEBHOOK + "/messages/@original"
FOLLOW_UP = WEBHOOK + "/messages/{message_id}"

MESSAGE_ANSWER, DEFERRED_ANSWER, DEFERRED_UPDATE, UPDATE, FORM = 4, 5, 6, 7, 9
"""https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type"""

MAX_FOLLOW_UPS = 5
"""Of a bot that is not in the server: https://discord.com/developers/docs/change-log#userinstalled-apps-general-availability."""


class ResponseRoutes:
    """Answers to interactions."""

    def __init__(self, world: World, board: Board, interactions: Interactions) -> None:
        self._world = world
        self._board = board
        self._interactions = interactions

    def table(self) -> list[Route]:
        """List the routes."""
        return [
            Route(method="POST", path=CALLBACK, handler=self._callback, open=True),
            Route(method="GET", path=ORIGINAL, handler=self._get, open=True),
            Route(method="PATCH", path=ORIGINAL, handler=self._edit, open=True, per="token"),
            Route(method="DELETE", path=ORIGINAL, handler=self._delete, open=True),
            Route(method="POST", path=WEBHOOK, handler=self._follow_up, open=True),
            Route(method="GET", path=FOLLOW_UP, handler=self._get, open=True),
            Route(method="PATCH", path=FOLLOW_UP, handler=self._edit, open=True, per="token"),
            Route(method="DELETE", path=FOLLOW_UP, handler=self._delete, open=True),
        ]

    async def _callback(self, call: Call) -> JsonValue:
        interaction = self._interactions.by_id.get(call.parameters["interaction_id"])
        if interaction is None or interaction.token != call.parameters["token"]:
            raise unknown_interaction()
        if interaction.response is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        if self._interactions.is_late(interaction):
            await self._interactions.fail(interaction)
            raise unknown_interaction()
        body = read_body(CallbackBody, call.payload)
        message = await self._respond(interaction, body, call.uploads)
        interaction.response, interaction.original = body.type, message
        await self._interactions.changed()
        if call.query.get("with_response") not in ("1", "true"):
            return None
        return self._described(interaction, body.type, message)

    def _described(self, interaction: Interaction, kind: int, message: Message | None) -> JsonValue:
        about: dict[str, JsonValue] = {"id": interaction.id, "type": interaction.kind}
        if message is None:
            return {"interaction": about}
        about |= {
            "response_message_id": message.id,
            "response_message_loading": message.loading,
            "response_message_ephemeral": message.to is not None,
        }
        resource: dict[str, JsonValue] = {"type": kind}
        if kind in (MESSAGE_ANSWER, UPDATE):
            resource["message"] = self._board.show_whole(message)
        return {"interaction": about, "resource": resource}

    async def _respond(self, interaction: Interaction, body: CallbackBody, uploads: Sequence[Upload]) -> Message | None:
        """Carry out a callback, and return the message that is the interaction's original from now on."""
        if body.type not in _choices(interaction):
            choices = sorted(_choices(interaction))
            raise invalid("type", "BASE_TYPE_CHOICES", f"Value must be one of {choices}.")
        if body.type == FORM:
            interaction.form = read_form(body.data)
            return None
        data = read_body(MessageBody, body.data or {}, at="data.")
        if body.type == DEFERRED_UPDATE:
            return interaction.message
        if body.type == UPDATE and interaction.message is not None:
            return await self._board.edit(interaction.message, data, uploads, at="data.")
        message = self._message(interaction, data.flags)
        message.flags |= LOADING
        if body.type == DEFERRED_ANSWER:
            self._world.messages[message.id] = message
            return message
        return await self._board.edit(message, data, uploads, at="data.")

    def _message(self, interaction: Interaction, flags: int | None) -> Message:
        ephemeral = (flags or 0) & EPHEMERAL
        message = Message(
            id=self._world.new_id(),
            channel=interaction.channel,
            author=self._world.bot,
            content="",
            created=self._world.clock.now(),
            type=COMMAND_TYPE if interaction.data.get("target_id") is None else CONTEXT_TYPE,
            flags=ephemeral,
            to=interaction.user.id if ephemeral else None,
            interaction=interaction.id,
        )
        target = interaction.data.get("target_id")
        if interaction.message is not None:
            message.type, message.reply_to = REPLY_TYPE, interaction.message.id
        elif target in self._world.messages:
            message.reply_to = str(target)
        message.cause = self._cause(interaction)
        return message

    def _cause(self, of: Interaction) -> JsonObject:
        """Describe an interaction as its answers do.

        https://discord.com/developers/docs/resources/message#message-interaction-metadata-object
        """
        owners = self._interactions.owners(of)
        cause: JsonObject = {"id": of.id, "type": of.kind, "user": payloads.user(of.user)}
        cause["authorizing_integration_owners"] = owners
        if of.original is not None:
            cause["original_response_message_id"] = of.original.id
        if of.kind == COMPONENT and of.message is not None:
            cause["interacted_message_id"] = of.message.id
        if of.data.get("target_id") in self._world.messages:
            cause["target_message_id"] = of.data["target_id"]
        return cause

    def _interaction(self, call: Call) -> Interaction:
        """Find the interaction of a token, which is good for 15 minutes and only once it was answered."""
        token = call.parameters["token"]
        found = next((each for each in self._interactions.by_id.values() if each.token == token), None)
        if found is None or found.response is None or call.parameters["application_id"] != self._world.application_id:
            raise unknown_webhook()
        if self._world.clock.now() - found.created > TOKEN_SECONDS:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return found

    def _find(self, call: Call) -> Message:
        interaction = self._interaction(call)
        wanted = call.parameters.get("message_id")
        found = interaction.original if wanted is None else self._world.messages.get(wanted)
        own = found is not None and (found is interaction.original or found.interaction == interaction.id)
        if found is None or found.deleted or not own:
            raise unknown_message()
        return found

    async def _get(self, call: Call) -> JsonValue:
        return self._board.show_whole(self._find(call))

    async def _edit(self, call: Call) -> JsonValue:
        message = self._board.editable(self._find(call))
        body = read_body(MessageBody, call.payload)
        return self._board.show_whole(await self._board.edit(message, body, call.uploads))

    async def _delete(self, call: Call) -> JsonValue:
        await self._board.delete(self._find(call))
        return None

    async def _follow_up(self, call: Call) -> JsonValue:
        """Write one more message; the first one takes the place of "is thinking…"."""
        interaction = self._interaction(call)
        if interaction.channel.foreign and interaction.follow_ups >= MAX_FOLLOW_UPS:
            raise ApiError(400, 40094, "This interaction has reached the maximum number of follow-up messages")
        body = read_body(MessageBody, call.payload)
        original = interaction.original
        if original is not None and original.loading and not original.deleted:
            message = original
        else:
            message = self._message(interaction, body.flags)
            message.flags |= LOADING
        written = await self._board.edit(message, body, call.uploads)
        interaction.follow_ups += 1
        return self._board.show_whole(written)


def _choices(interaction: Interaction) -> set[int]:
    """Return the types of callbacks that an interaction may be answered with."""
    choices = {MESSAGE_ANSWER, DEFERRED_ANSWER}
    if interaction.message is not None:
        choices |= {DEFERRED_UPDATE, UPDATE}
    if interaction.kind != SUBMISSION:
        choices.add(FORM)
    return choices
