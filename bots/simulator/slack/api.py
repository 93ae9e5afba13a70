"""The HTTP side of the Web API: bodies, tokens, faults, uploads and downloads."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import JsonValue

from bots.simulator.slack.call import Call, Handler
from bots.simulator.slack.errors import ApiError
from bots.simulator.slack.faults import Fault, Faults, hang_up
from bots.simulator.slack.methods import METHODS
from bots.simulator.slack.tiers import Tiers
from bots.simulator.slack.world import World

_APP_METHODS = {"apps.connections.open"}
_LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Slack</title></head><body>Sign in to Simulated</body></html>"


@dataclass(slots=True, kw_only=True)
class Tokens:
    """The tokens of the app."""

    bot: str = field(default="xoxb-simulator", repr=False)
    app: str = field(default="xapp-simulator", repr=False)

    def check(self, method: str, token: str) -> None:
        """Refuse a token that is missing, unknown, or not for this method."""
        if not token:
            raise ApiError("not_authed")
        if token not in (self.bot, self.app):
            raise ApiError("invalid_auth")
        if (token == self.app) != (method in _APP_METHODS):
            raise ApiError("not_allowed_token_type")


class WebApi:
    """Answers `/api/METHOD`, takes uploads and serves files.

    Attributes:
        methods: the table of handlers.
        calls: every call that reached a method, in order.
    """

    def __init__(self, world: World, tokens: Tokens, faults: Faults, tiers: Tiers | None) -> None:
        self.methods: dict[str, Handler] = dict(METHODS)
        self.calls: list[Call] = []
        self._world = world
        self._tokens = tokens
        self._faults = faults
        self._tiers = tiers
        self._called = asyncio.Condition()

    async def wait(self, method: str, count: int, timeout: float) -> None:
        """Return once a method was called at least `count` times."""
        async with asyncio.timeout(timeout), self._called:
            await self._called.wait_for(lambda: sum(call.method == method for call in self.calls) >= count)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call of a method."""
        method = request.match_info["method"]
        if self._tiers and (fault := self._tiers.take(method, await _channel(request))) is not None:
            return await fault.strike() or hang_up(request)
        fault = self._faults.take(method) or Fault()
        if not fault.performed and (refusal := await fault.strike()) is not None:
            return refusal
        if fault.drop == "before":
            return hang_up(request)
        try:
            answer: dict[str, JsonValue] = {"ok": True, **await self._perform(method, request)}
        except ApiError as error:
            answer = {"ok": False, "error": error.code, **error.fields}
        if fault.performed and (refusal := await fault.strike()) is not None:
            return refusal
        if fault.drop == "after":
            return hang_up(request)
        return web.json_response(answer, headers={"X-OAuth-Scopes": ",".join(sorted(self._world.scopes))})

    async def upload(self, request: web.Request) -> web.Response:
        """Take the bytes of a file: https://docs.slack.dev/messaging/working-with-files#upload."""
        fault = self._faults.take("upload") or Fault()
        if not fault.performed and (refusal := await fault.strike()) is not None:
            return refusal
        file = self._world.files.get(request.match_info["file"])
        if file is None:
            return web.Response(status=404)
        file.content = await request.read()
        if fault.performed and (refusal := await fault.strike()) is not None:
            return refusal
        if fault.drop:
            return hang_up(request)
        return web.Response(text=f"OK - {len(file.content)}")

    async def download(self, request: web.Request) -> web.Response:
        """Serve a file, or the login page to whoever may not read it, with status 200 as Slack does."""
        fault = self._faults.take("download") or Fault()
        if (refusal := await fault.strike()) is not None:
            return refusal
        file = self._world.files.get(request.match_info["file"])
        if file is None or file.content is None:
            return web.Response(status=404)
        if _bearer(request) != self._tokens.bot or "files:read" not in self._world.scopes:
            return web.Response(text=_LOGIN_PAGE, content_type="text/html")
        return web.Response(body=file.content, content_type=file.media_type)

    async def _perform(self, method: str, request: web.Request) -> Mapping[str, JsonValue]:
        handler = self.methods.get(method)
        if handler is None:
            raise ApiError("unknown_method", req_method=method)
        arguments = await _arguments(request)
        self._tokens.check(method, _bearer(request) or str(arguments.pop("token", "")))
        call = Call(method=method, arguments=arguments, base_url=f"{request.scheme}://{request.host}/")
        async with self._called:
            self.calls.append(call)
            self._called.notify_all()
        return await handler(self._world, call)


async def _arguments(request: web.Request) -> dict[str, JsonValue]:
    arguments: dict[str, JsonValue] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            raise ApiError("invalid_json") from None
        if not isinstance(body, dict):
            raise ApiError("json_not_object")
        return arguments | body
    form = await request.post()
    return arguments | {name: value for name, value in form.items() if isinstance(value, str)}


async def _channel(request: web.Request) -> str:
    try:
        return str((await _arguments(request)).get("channel", ""))
    except ApiError:
        return ""


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
