"""The gateway of a simulated Discord: sessions, events, resuming.

https://discord.com/developers/docs/events/gateway
"""

import asyncio
import contextlib
import json
import random
import zlib
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

from aiohttp import WSMsgType, web
from pydantic import BaseModel, ConfigDict, JsonValue

from bots.simulator.discord import payloads
from bots.simulator.discord.world import Channel, Message, Server, World
from core.messages import JsonObject


class Op(IntEnum):
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-opcodes."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    RESUME = 6
    RECONNECT = 7
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Intent(IntFlag):
    """https://discord.com/developers/docs/events/gateway#gateway-intents."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    DIRECT_MESSAGES = 1 << 12
    MESSAGE_CONTENT = 1 << 15


_ENDING = (1000, 1001)
"""Codes with which a client ends its session: https://discord.com/developers/docs/events/gateway#initiating-a-disconnect"""

_ASKING = ("MESSAGE_CREATE", "INTERACTION_CREATE")

PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT


class _Frame(BaseModel):
    op: int
    d: JsonValue = None


class _Identify(BaseModel):
    model_config = ConfigDict(extra="ignore")

    token: str
    intents: int | None = None


class _Resume(BaseModel):
    model_config = ConfigDict(extra="ignore")

    token: str
    session_id: str
    seq: int | None = None


class _CloseError(Exception):
    """The connection has to be closed with a code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Connection:
    """One WebSocket; everything sent on it goes through one zlib stream where the client asked for that.

    `frozen` lets it stay open while nothing is sent on it any more, not even the answers to heartbeats.
    """

    def __init__(self, socket: web.WebSocketResponse, *, compressed: bool) -> None:
        self.socket = socket
        self.frozen = False
        self._deflate = zlib.compressobj() if compressed else None
        self._sending = asyncio.Lock()

    async def send(self, op: Op, data: JsonValue = None, *, event: str | None = None, seq: int | None = None) -> None:
        if self.frozen:
            return
        text = json.dumps({"op": op, "d": data, "s": seq, "t": event})
        async with self._sending:
            with contextlib.suppress(ConnectionError):  # the client is going away; it resumes, or it does not
                if self._deflate is None:
                    await self.socket.send_str(text)
                else:
                    packed = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(packed)


@dataclass(slots=True)
class Session:
    """What a client gets to see; it outlives connections, so that events can be replayed.

    `deaf` lets it get no event any more, while its heartbeats are still answered.
    """

    id: str
    intents: Intent
    connection: _Connection | None
    events: list[tuple[str, JsonValue]] = field(default_factory=list)
    deaf: bool = False

    async def dispatch(self, event: str, data: JsonValue) -> None:
        """Send an event, or keep it for a resume."""
        if self.deaf:
            return
        self.events.append((event, data))
        if self.connection is not None:
            await self.connection.send(Op.DISPATCH, data, event=event, seq=len(self.events))

    async def replay(self, after: int) -> None:
        """Send again what came after a sequence number, and say that this was all."""
        if self.connection is None:
            return
        for seq, (event, data) in list(enumerate(self.events, start=1))[after:]:
            await self.connection.send(Op.DISPATCH, data, event=event, seq=seq)
        await self.dispatch("RESUMED", {"_trace": []})


def visible(payload: JsonObject, of: Message, bot_id: str) -> JsonObject:
    """Blank what a bot without the message-content intent does not get to read.

    Its own messages, direct messages and messages that mention it are the exceptions:
    https://discord.com/developers/docs/events/gateway#message-content-intent
    """
    mentioned = any(user.id == bot_id for user in of.mentions)
    if of.channel.guild_id is None or of.author.id == bot_id or mentioned:
        return payload
    return payload | {"content": "", "embeds": [], "attachments": [], "components": []}


def intent_of(channel: Channel) -> Intent:
    """Return the intent that the messages of a channel need."""
    return Intent.DIRECT_MESSAGES if channel.guild_id is None else Intent.GUILD_MESSAGES


class Gateway:
    """Accepts connections and hands out events.

    Args:
        token: the bot's token; any other is closed with 4004.
        message_content: whether the operator switched the privileged message-content intent on.
        heartbeat: seconds between heartbeats.
    """

    def __init__(self, world: World, *, token: str, message_content: bool, heartbeat: float) -> None:
        self.url = ""
        self.sessions: dict[str, Session] = {}
        self._ended: list[Session] = []
        self.identified = 0
        self.resumed = 0
        self._world = world
        self._token = token
        self._granted = Intent.MESSAGE_CONTENT if message_content else Intent(0)
        self._heartbeat = heartbeat
        self._refusals = 0
        self._changed = asyncio.Condition()

    async def connected(self, *, timeout: float = 10.0) -> None:
        """Wait until a client receives events."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: any(each.connection for each in self.sessions.values()))

    def refuse(self, times: int = 1) -> None:
        """Answer the next connections with 503 before they are made."""
        self._refusals += times

    async def drop(self) -> None:
        """Cut every connection without a word; clients may resume."""
        for session in self.sessions.values():
            if session.connection is not None:
                connection, session.connection = session.connection, None
                await connection.socket.close(code=1001)

    async def repeat(self) -> None:
        """Send every event of every session but the first again, as a resume from an old number does."""
        for session in self.sessions.values():
            await session.replay(1)

    async def storm(self, times: int, order: random.Random) -> None:
        """Send every session all messages and interactions that any was told of so many times more, in any order."""
        told = [*self._ended, *self.sessions.values()]
        unique = {json.dumps(data): (event, data) for each in told for event, data in each.events if event in _ASKING}
        again = [*unique.values()] * times
        for session in list(self.sessions.values()):
            for event, data in order.sample(again, len(again)):
                await session.dispatch(event, data)

    def deafen(self) -> None:
        """Let the sessions that there are get no event any more, while their connections seem to be well."""
        for session in self.sessions.values():
            session.deaf = True

    def freeze(self) -> None:
        """Let the connections that there are stay open, with nothing sent on them any more."""
        for session in self.sessions.values():
            if session.connection is not None:
                session.connection.frozen = True

    async def reconnect(self) -> None:
        """Ask every client to connect anew and to resume."""
        for session in self.sessions.values():
            if session.connection is not None:
                await session.connection.send(Op.RECONNECT)

    async def invalidate(self, *, resumable: bool = False) -> None:
        """Tell every client that its session is not valid; unless it is resumable, it is forgotten."""
        for session in list(self.sessions.values()):
            if session.connection is not None:
                await session.connection.send(Op.INVALID_SESSION, resumable)
            if not resumable:
                del self.sessions[session.id]

    async def message(self, event: str, payload: JsonObject, of: Message) -> None:
        """Hand out MESSAGE_CREATE or MESSAGE_UPDATE to whoever may see it."""
        needed = intent_of(of.channel)
        if of.channel.hidden or of.channel.foreign or of.to is not None:
            return
        for session in self.sessions.values():
            if needed in session.intents:
                full = Intent.MESSAGE_CONTENT in session.intents
                await session.dispatch(event, payload if full else visible(payload, of, self._world.bot.id))

    async def dispatch(self, event: str, payload: JsonObject, needed: Intent | None = None) -> None:
        """Hand out any other event; interactions need no intent."""
        for session in self.sessions.values():
            if needed is None or needed in session.intents:
                await session.dispatch(event, payload)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection."""
        if self._refusals:
            self._refusals -= 1
            return web.Response(status=503)  # a cut connection would be tried again by aiohttp, unnoticed
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = _Connection(socket, compressed=request.query.get("compress") == "zlib-stream")
        try:
            await connection.send(Op.HELLO, {"heartbeat_interval": int(self._heartbeat * 1000)})
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    await self._receive(connection, frame.data)
        except _CloseError as closed:
            await socket.close(code=closed.code)
        finally:
            for session in [each for each in self.sessions.values() if each.connection is connection]:
                session.connection = None
                if socket.close_code in _ENDING:
                    self._ended.append(self.sessions.pop(session.id))
        return socket

    async def _receive(self, connection: _Connection, text: str) -> None:
        try:
            frame = _Frame.model_validate_json(text)
            match frame.op:
                case Op.HEARTBEAT:
                    await connection.send(Op.HEARTBEAT_ACK)
                case Op.IDENTIFY:
                    await self._identify(connection, _Identify.model_validate(frame.d))
                case Op.RESUME:
                    await self._resume(connection, _Resume.model_validate(frame.d))
        except ValueError as error:
            raise _CloseError(4002) from error

    async def _identify(self, connection: _Connection, wish: _Identify) -> None:
        if wish.token != self._token:
            raise _CloseError(4004)
        if wish.intents is None:
            raise _CloseError(4013)
        if Intent(wish.intents) & PRIVILEGED & ~self._granted:
            raise _CloseError(4014)
        session = Session(self._world.new_id(), Intent(wish.intents), connection)
        self.sessions[session.id] = session
        self.identified += 1
        await session.dispatch("READY", self._ready(session))
        if Intent.GUILDS in session.intents:
            for server in self._servers():
                await session.dispatch("GUILD_CREATE", payloads.guild(server, self._world))
        await self._notify()

    async def _resume(self, connection: _Connection, wish: _Resume) -> None:
        if wish.token != self._token:
            raise _CloseError(4004)
        session = self.sessions.get(wish.session_id)
        if session is None or (wish.seq or 0) > len(session.events):
            await connection.send(Op.INVALID_SESSION, False)
            return
        session.connection = connection
        self.resumed += 1
        await session.replay(wish.seq or 0)
        await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _servers(self) -> list[Server]:
        """Return the servers that the bot is in."""
        return [server for server in self._world.servers.values() if server.bot]

    def _ready(self, session: Session) -> JsonObject:
        return {
            "v": 10,
            "user": payloads.user(self._world.bot) | {"mfa_enabled": True, "verified": True, "email": None},
            "guilds": [{"id": server.id, "unavailable": True} for server in self._servers()],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.url,
            "shard": [0, 1],
            "application": {"id": self._world.application_id, "flags": 0},
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "user_settings": {},
            "_trace": [],
        }
