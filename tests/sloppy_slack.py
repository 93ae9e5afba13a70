"""A Slack as others write one for their tests: it knows little, and says less than the documentation does."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from typing import Literal, TypeAlias

from aiohttp import WSMsgType, web

from core.messages import JsonObject
from tests.waiting import until

Unknown: TypeAlias = Literal["unknown_method", "404", "html", "ok", "500"]
"""How it answers a method it does not know; "ok" with nothing but that."""

BOT = "UBOT"


class SloppySlack:
    """Serves a few methods and one socket, and keeps what was posted.

    Args:
        unknown: the answer to every other method.
        lacking: methods it does not know either, of those it usually does.
        silent: methods it never answers.

    Attributes:
        said: what was posted, as it reads now, by its id.
        called: the methods that were called, in order.
        acknowledged: the ids of the envelopes that were.
    """

    def __init__(
        self, *, unknown: Unknown = "unknown_method", lacking: frozenset[str] = frozenset(), silent: str = ""
    ) -> None:
        self.said: dict[str, JsonObject] = {}
        self.called: list[str] = []
        self.acknowledged: list[str] = []
        self.url = ""
        self._unknown = unknown
        self._lacking = lacking
        self._silent = silent
        self._clock = count(1)
        self._sockets: list[web.WebSocketResponse] = []
        self._runner: web.AppRunner | None = None
        self._methods: Mapping[str, Callable[[JsonObject], JsonObject]] = {
            "auth.test": lambda _: {"ok": True, "user_id": BOT, "team_id": "T1", "bot_id": "BBOT", "user": "steward"},
            "apps.connections.open": lambda _: {"ok": True, "url": f"{self.url.replace('http', 'ws', 1)}socket"},
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "users.info": lambda asked: {"ok": True, "user": {"id": asked.get("user"), "name": "ada"}},
            "conversations.info": lambda asked: {"ok": True, "channel": {"id": asked.get("channel")}},
            "conversations.replies": lambda _: {"ok": True, "messages": []},
            "conversations.history": lambda _: {"ok": True, "messages": []},
            "users.conversations": lambda _: {"ok": True, "channels": []},
        }

    async def __aenter__(self) -> "SloppySlack":
        app = web.Application()
        app.router.add_get("/socket", self._socket)
        app.router.add_route("*", "/{method}", self._call)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def connected(self) -> None:
        """Wait for a socket."""
        await until(lambda: self._sockets)

    async def event(self, event: JsonObject) -> str:
        """Send an event with nothing around it that can be left out, and return the id of its envelope."""
        return await self.envelope("events_api", {"type": "event_callback", "event": event})

    async def envelope(self, kind: str, payload: JsonObject) -> str:
        """Send an envelope over the newest socket and return its id."""
        envelope = f"E{next(self._clock)}"
        await self._sockets[-1].send_str(json.dumps({"envelope_id": envelope, "type": kind, "payload": payload}))
        return envelope

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.append(socket)
        await socket.send_str('{"type": "hello"}')
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                with suppress(ValueError, KeyError):
                    self.acknowledged.append(json.loads(message.data)["envelope_id"])
        return socket

    async def _call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self.called.append(method)
        if method == self._silent:
            await asyncio.sleep(3600)
        known = self._methods.get(method)
        if known is None or method in self._lacking:
            return self._no_method()
        return web.json_response(known(await _arguments(request)))

    def _no_method(self) -> web.Response:
        match self._unknown:
            case "404":
                return web.Response(status=404, text="404: Not Found")
            case "500":
                return web.Response(status=500, text="Internal Server Error")
            case "html":
                return web.Response(text="<html><body>Sign in</body></html>", content_type="text/html")
            case "ok":
                return web.json_response({"ok": True})
            case "unknown_method":
                return web.json_response({"ok": False, "error": "unknown_method"})

    def _post(self, asked: JsonObject) -> JsonObject:
        ts = f"{1_800_000_000 + next(self._clock)}.000100"
        self.said[ts] = asked
        return {"ok": True, "ts": ts, "channel": asked.get("channel")}

    def _update(self, asked: JsonObject) -> JsonObject:
        ts = str(asked.get("ts"))
        if ts not in self.said:
            return {"ok": False, "error": "message_not_found"}
        self.said[ts] |= asked
        return {"ok": True, "ts": ts}


async def _arguments(request: web.Request) -> JsonObject:
    if request.content_type == "application/json":
        asked: JsonObject = await request.json()
        return asked
    return {**request.query, **{name: str(value) for name, value in (await request.post()).items()}}
