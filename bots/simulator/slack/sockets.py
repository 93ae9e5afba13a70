"""Socket Mode: websockets that carry envelopes to the app and acknowledgements back.

https://docs.slack.dev/apis/events-api/using-socket-mode/
"""

import asyncio
import json
import uuid
from typing import Literal

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import JsonValue

from bots.simulator.slack.call import Call
from bots.simulator.slack.envelope import DeliveryError, Envelope
from bots.simulator.slack.world import World
from core.messages import JsonObject

MAX_SOCKETS = 10


class Sockets:
    """The open sockets of the app; an envelope goes to one of them in turn."""

    def __init__(self) -> None:
        self.open: dict[web.WebSocketResponse, asyncio.Transport] = {}
        self._deaf: set[web.WebSocketResponse] = set()
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[JsonObject]] = {}
        self._turn = 0
        self._changed = asyncio.Condition()

    async def ticket(self, world: World, call: Call) -> JsonObject:
        """Perform `apps.connections.open`: hand out the address of one socket, good for one connection."""
        ticket = uuid.uuid4().hex
        self._tickets.add(ticket)
        address = call.base_url.replace("http://", "ws://", 1)
        return {"url": f"{address}link/?ticket={ticket}&app_id={world.app}"}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket until it closes."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets or len(self.open) >= MAX_SOCKETS:
            return web.Response(status=403)
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(self._hello(request))
        assert request.transport is not None
        await self._change(socket, request.transport)
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._acknowledge(frame.data)
        finally:
            await self._change(socket, None)
        return socket

    async def wait(self, count: int, timeout: float) -> None:
        """Return once at least `count` sockets are open."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: len(self.open) >= count)

    async def send(self, envelope: Envelope) -> JsonObject:
        """Send one envelope and return the payload of its acknowledgement.

        Raises:
            DeliveryError: no socket, or no acknowledgement before the deadline.
        """
        if not self.open:
            raise DeliveryError("no_connection")
        self._turn += 1
        socket = tuple(self.open)[self._turn % len(self.open)]
        acknowledged: asyncio.Future[JsonObject] = asyncio.get_running_loop().create_future()
        self._waiting[envelope.id] = acknowledged
        try:
            async with asyncio.timeout(envelope.deadline):
                if socket not in self._deaf:
                    await socket.send_json(_frame(envelope))
                return await acknowledged
        except (TimeoutError, ConnectionError):
            raise DeliveryError("timeout") from None
        finally:
            del self._waiting[envelope.id]

    async def refresh(self, reason: Literal["warning", "refresh_requested", "link_disabled"]) -> None:
        """Tell every socket that it will be closed, as Slack does every few hours.

        After a warning it is still used for a while, otherwise nothing more is sent on it.
        """
        for socket in tuple(self.open):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "simulator"}})
            if reason != "warning":
                self.open.pop(socket, None)

    async def close(self) -> None:
        """Close every socket as a server that goes away does."""
        for socket in tuple(self.open):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    def deafen(self) -> None:
        """Let nothing more arrive over the sockets that are open, although they stay so and answer pings."""
        self._deaf.update(self.open)

    def freeze(self) -> None:
        """Read nothing more of what the app sends, not even that it closes a socket."""
        for transport in self.open.values():
            transport.pause_reading()

    def cut(self) -> None:
        """Let every connection end without a word, as a lost network does."""
        for transport in tuple(self.open.values()):
            transport.abort()

    def _hello(self, request: web.Request) -> JsonObject:
        return {
            "type": "hello",
            "num_connections": len(self.open) + 1,
            "debug_info": {"host": "simulator", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": request.query.get("app_id", "")},
        }

    def _acknowledge(self, text: str) -> None:
        answer: JsonValue = json.loads(text)
        if not isinstance(answer, dict):
            return
        waiting = self._waiting.get(str(answer.get("envelope_id")))
        if waiting is not None and not waiting.done():
            payload = answer.get("payload")
            waiting.set_result(payload if isinstance(payload, dict) else {})

    async def _change(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        async with self._changed:
            if transport is None:
                self.open.pop(socket, None)
            else:
                self.open[socket] = transport
            self._changed.notify_all()


def _frame(envelope: Envelope) -> JsonObject:
    frame: JsonObject = {
        "envelope_id": envelope.id,
        "type": envelope.kind,
        "payload": envelope.payload,
        "accepts_response_payload": envelope.kind != "events_api",
    }
    if envelope.kind == "events_api":
        frame |= {"retry_attempt": envelope.attempt, "retry_reason": envelope.reason}
    return frame
