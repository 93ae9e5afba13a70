"""The routes that open threads: https://discord.com/developers/docs/resources/channel#start-thread-from-message."""

from pydantic import JsonValue

from bots.simulator.discord import payloads
from bots.simulator.discord.board import Board
from bots.simulator.discord.bodies import Body, read_body
from bots.simulator.discord.errors import ApiError, invalid, not_permitted, out_of_length
from bots.simulator.discord.gateway import Gateway, Intent
from bots.simulator.discord.rest import Call, Route
from bots.simulator.discord.world import (
    HAS_THREAD,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    TEXT,
    THREAD_CREATED_TYPE,
    THREAD_STARTER_TYPE,
    Channel,
    Message,
    User,
    World,
)

FROM_MESSAGE = "/channels/{channel_id}/messages/{message_id}/threads"
THREADS = "/channels/{channel_id}/threads"
MAX_NAME = 100
_DURATIONS = (60, 1440, 4320, 10080)


class _ThreadBody(Body):
    name: str
    auto_archive_duration: int = 1440
    type: int = PRIVATE_THREAD


class ThreadRoutes:
    """Threads that the bot opens."""

    def __init__(self, world: World, gateway: Gateway, board: Board) -> None:
        self._world = world
        self._gateway = gateway
        self._board = board

    def table(self) -> list[Route]:
        """List the routes."""
        return [
            Route(method="POST", path=FROM_MESSAGE, handler=self._from_message),
            Route(method="POST", path=THREADS, handler=self._open),
        ]

    async def _from_message(self, call: Call) -> JsonValue:
        """Open a thread from a message; it gets the message's id, and begins with a pointer to it."""
        parent, body = self._parent(call), _read(call)
        message = self._board.message(parent.id, call.parameters["message_id"])
        if message.id in self._world.channels:
            raise ApiError(400, 160004, "A thread has already been created for this message")
        if message.type in (THREAD_CREATED_TYPE, THREAD_STARTER_TYPE):
            raise ApiError(400, 50068, "Invalid message type")
        thread = self._world.add_thread(parent, body.name, owner=self._world.bot, id=message.id)
        message.flags |= HAS_THREAD
        note = self._note(thread, THREAD_STARTER_TYPE, message.author)
        note.reply_to, note.reply_in = message.id, parent
        await self._announce(thread)
        await self._board.updated(message)
        return payloads.channel(thread, self._world)

    async def _open(self, call: Call) -> JsonValue:
        """Open a thread that hangs on no message; one that is not private is announced in the channel."""
        parent, body = self._parent(call), _read(call)
        if body.type not in (PUBLIC_THREAD, PRIVATE_THREAD):
            raise invalid("type", "BASE_TYPE_CHOICES", f"Value must be one of {(PUBLIC_THREAD, PRIVATE_THREAD)}.")
        private = body.type == PRIVATE_THREAD
        thread = self._world.add_thread(parent, body.name, private=private, owner=self._world.bot)
        if not private:
            note = self._note(parent, THREAD_CREATED_TYPE, self._world.bot, body.name)
            note.reply_in = thread
        await self._announce(thread)
        return payloads.channel(thread, self._world)

    def _parent(self, call: Call) -> Channel:
        parent = self._board.channel(call.parameters["channel_id"])
        if parent.type != TEXT:
            raise ApiError(400, 50024, "Cannot execute action on this channel type")
        if parent.threadless:
            raise not_permitted()
        return parent

    def _note(self, place: Channel, kind: int, author: User, text: str = "") -> Message:
        """Put a message into a channel that the API returns, and that people see as a line of the client."""
        now = self._world.clock.now()
        note = Message(id=self._world.new_id(), channel=place, author=author, content=text, created=now, type=kind)
        self._world.messages[note.id] = note
        return note

    async def _announce(self, thread: Channel) -> None:
        event = payloads.channel(thread, self._world) | {"newly_created": True}
        await self._gateway.dispatch("THREAD_CREATE", event, Intent.GUILDS)


def _read(call: Call) -> _ThreadBody:
    body = read_body(_ThreadBody, call.payload)
    if not 1 <= len(body.name) <= MAX_NAME:
        raise out_of_length("name", 1, MAX_NAME)
    if body.auto_archive_duration not in _DURATIONS:
        raise invalid("auto_archive_duration", "BASE_TYPE_CHOICES", f"Value must be one of {_DURATIONS}.")
    return body
