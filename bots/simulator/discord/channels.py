"""The routes of channels and messages.

https://discord.com/developers/docs/resources/message
"""

from pydantic import JsonValue

from bots.simulator.discord import payloads
from bots.simulator.discord.board import Board
from bots.simulator.discord.bodies import MessageBody, read_body
from bots.simulator.discord.errors import ApiError, invalid, not_permitted
from bots.simulator.discord.rest import Call, Route
from bots.simulator.discord.world import DIRECT, Channel, Message, World

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = "/channels/{channel_id}/messages/{message_id}"
TYPING = "/channels/{channel_id}/typing"
MAX_PAGE = 100


class ChannelRoutes:
    """Channels and their messages; `typing` lists the ids of the channels where the bot began to type.

    Args:
        nonces: whether a history repeats the nonces, which is not documented.
    """

    def __init__(self, world: World, board: Board, *, nonces: bool) -> None:
        self._nonces = nonces
        self.typing: list[str] = []
        self._world = world
        self._board = board

    def table(self) -> list[Route]:
        """List the routes."""
        return [
            Route(method="GET", path="/channels/{channel_id}", handler=self._channel),
            Route(method="POST", path=TYPING, handler=self._type),
            Route(method="GET", path=MESSAGES, handler=self._list),
            Route(method="POST", path=MESSAGES, handler=self._create),
            Route(method="GET", path=MESSAGE, handler=self._get),
            Route(method="PATCH", path=MESSAGE, handler=self._edit, per="channel_id"),
            Route(method="DELETE", path=MESSAGE, handler=self._delete),
        ]

    def _place(self, call: Call) -> Channel:
        return self._board.channel(call.parameters["channel_id"])

    def _message(self, call: Call) -> Message:
        return self._board.message(call.parameters["channel_id"], call.parameters["message_id"])

    async def _channel(self, call: Call) -> JsonValue:
        return payloads.channel(self._place(call), self._world)

    async def _type(self, call: Call) -> JsonValue:
        place = self._board.writable(call.parameters["channel_id"])
        self.typing.append(place.id)
        await self._board.typed(place)
        return None

    async def _list(self, call: Call) -> JsonValue:
        """Return messages, the newest first: the last ones, those just before a message, or those just after one.

        Who may not read the history is shown none:
        https://discord.com/developers/docs/resources/message#get-channel-messages
        """
        place = self._place(call)
        limit = int(call.query.get("limit", "50"))
        if not 1 <= limit <= MAX_PAGE:
            raise invalid("limit", "NUMBER_TYPE_MAX", f"int value should be between 1 and {MAX_PAGE}.")
        found = [] if place.unreadable else self._world.history(place)
        if before := call.query.get("before"):
            found = [each for each in found if int(each.id) < int(before)]
        elif after := call.query.get("after"):
            found = [each for each in found if int(each.id) > int(after)][:limit]
        shown = [self._board.show(each) for each in reversed(found[-limit:])]
        return [each if self._nonces else {key: each[key] for key in each if key != "nonce"} for each in shown]

    async def _create(self, call: Call) -> JsonValue:
        place = self._board.writable(call.parameters["channel_id"])
        body = read_body(MessageBody, call.payload)
        return self._board.show(await self._board.create(place, self._world.bot, body, call.uploads))

    async def _get(self, call: Call) -> JsonValue:
        return self._board.show(self._message(call))

    async def _edit(self, call: Call) -> JsonValue:
        message = self._message(call)
        if message.author is not self._world.bot:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        self._board.editable(message)
        return self._board.show(await self._board.edit(message, read_body(MessageBody, call.payload), call.uploads))

    async def _delete(self, call: Call) -> JsonValue:
        message = self._message(call)
        if message.author is not self._world.bot and message.channel.type == DIRECT:
            raise ApiError(403, 50003, "Cannot execute action on a DM channel")
        if message.author is not self._world.bot and not message.channel.moderated:
            raise not_permitted()
        await self._board.delete(message)
        return None
