"""The HTTP side of a simulated Discord: a table of routes, tokens, refusals, rate-limit headers and faults."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from aiohttp import BodyPartReader, web
from pydantic import JsonValue

from bots.simulator.discord.bodies import Upload
from bots.simulator.discord.buckets import Allowance, Buckets
from bots.simulator.discord.errors import ApiError, too_large, unauthorized
from bots.simulator.discord.faults import Fault, Faults

_FILE_FIELD = re.compile(r"files\[(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: the parameters of its path, its query, its JSON and its files."""

    method: str
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    payload: JsonValue = None
    uploads: tuple[Upload, ...] = field(default=(), repr=False)


Handler: TypeAlias = Callable[[Call], Awaitable[JsonValue]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One line of the table; `handler` returns the JSON answer, None for "204 No Content".

    Attributes:
        open: needs no bot token, because a token is part of the path.
        per: the parameter of the path for each value of which the calls are counted against the limit on edits.
    """

    method: str
    path: str
    handler: Handler
    open: bool = False
    per: str | None = None


class Rest:
    """Serves a table of routes; `calls` lists what was asked, for tests to look at.

    Args:
        request_limit: bytes of the largest request: https://discord.com/developers/docs/resources/message#create-message.
    """

    def __init__(
        self, routes: Sequence[Route], faults: Faults, buckets: Buckets, *, token: str, request_limit: int
    ) -> None:
        self.calls: list[Call] = []
        self._buckets = buckets
        self._request_limit = request_limit
        self._routes = routes
        self._faults = faults
        self._token = token

    def add_to(self, app: web.Application, prefix: str) -> None:
        """Put the routes under a prefix; anything else there is Discord's 404."""
        for route in self._routes:
            app.router.add_route(route.method, prefix + route.path, self._serve(route))
        app.router.add_route("*", prefix + "/{rest:.*}", self._unknown)

    def _serve(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            if not route.open and request.headers.get("Authorization") != f"Bot {self._token}":
                refusal = unauthorized()
                return _answer(refusal.body, refusal.status, {})
            key = request.match_info[route.per] if route.per else None
            allowance = self._buckets.take(f"{route.method} {key}") if key else Allowance.of_plenty()
            try:
                return await self._perform(route, request, allowance)
            except ApiError as error:
                return _answer(error.body, error.status, _limits(route, allowance))

        return serve

    async def _perform(self, route: Route, request: web.Request, allowance: Allowance) -> web.StreamResponse:
        call = await read_call(request)
        self.calls.append(call)
        if (request.content_length or 0) > self._request_limit:
            raise too_large()
        if allowance.exceeded:
            limited = Fault(status=429, message="You are being rate limited.", retry_after=allowance.reset_after)
            return _fail(limited, request, _limits(route, allowance))
        await self._faults.wait(route.method, route.path)
        fault = self._faults.take(route.method, route.path)
        if fault is not None and not fault.performs:
            return _fail(fault, request)
        try:
            answer = await route.handler(call)
        except ApiError:
            if fault is not None:
                self._faults.keep(route.method, route.path, fault)
            raise
        if fault is not None:
            return _fail(fault, request)
        if answer is None:
            return web.Response(status=204, headers=_limits(route, allowance))
        return _answer(answer, 200, _limits(route, allowance))

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        return _answer({"message": "404: Not Found", "code": 0}, 404, {})


def _answer(body: JsonValue, status: int, headers: Mapping[str, str]) -> web.Response:
    # discord.py reads a body as JSON only when its content type is exactly this, without a charset
    return web.Response(
        body=json.dumps(body).encode(), status=status, headers={**headers, "Content-Type": "application/json"}
    )


def _limits(route: Route, allowance: Allowance) -> dict[str, str]:
    """Show a rate limit: https://discord.com/developers/docs/topics/rate-limits."""
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
        "X-RateLimit-Reset-After": f"{allowance.reset_after:.3f}",
        "X-RateLimit-Bucket": f"{route.method} {route.path}".encode().hex()[-32:],
        "Via": "1.1 google",
    }


def _fail(fault: Fault, request: web.Request, limits: Mapping[str, str] | None = None) -> web.StreamResponse:
    if fault.cut:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    headers = dict(limits or ({} if fault.at_edge else {"Via": "1.1 google"}))
    body: dict[str, JsonValue] = {"message": fault.message, "code": fault.code}
    if fault.retry_after is not None:
        body = {"message": fault.message, "retry_after": fault.retry_after, "global": False}
        headers |= {"Retry-After": f"{fault.retry_after:g}", "X-RateLimit-Scope": "user"}
    return _answer(body, fault.status, headers)


async def read_call(request: web.Request) -> Call:
    """Read a request's JSON, or its multipart form: payload_json and files[n].

    Raises:
        ApiError: the body is not what its content type says.
    """
    payload: JsonValue = None
    uploads: list[Upload] = []
    if request.content_type == "multipart/form-data":
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            found = _FILE_FIELD.fullmatch(part.name or "")
            if part.name == "payload_json":
                payload = _json(await part.read())
            elif found:
                uploads.append(await _upload(found[1], part))
    elif request.can_read_body:
        payload = _json(await request.read())
    return Call(
        method=request.method,
        path=request.path,
        parameters=dict(request.match_info),
        query=dict(request.query),
        payload=payload,
        uploads=tuple(uploads),
    )


async def _upload(number: str, part: BodyPartReader) -> Upload:
    media_type = part.headers.get("Content-Type", "application/octet-stream")
    return Upload(
        number=number, name=part.filename or "unknown", media_type=media_type, content=bytes(await part.read())
    )


def _json(body: bytes | bytearray) -> JsonValue:
    try:
        value: JsonValue = json.loads(bytes(body) or b"null")
    except ValueError as error:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from error
    return value
