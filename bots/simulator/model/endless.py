"""An endless script for benchmarks: each turn is two answers with one tool call, then a text.

What to send is decided by the tool results after the last user message, and encoded once.
"""

import json
from collections.abc import Sequence

from aiohttp import web

from bots.simulator.model import chat, responses
from bots.simulator.model.request import Api, Request
from bots.simulator.model.script import Said
from core.messages import JsonObject

_KEPT: frozenset[str] = frozenset({"model", "stream_options", "include"})


class Endless:
    """Answers every request at once with frames made beforehand.

    Args:
        called: name and arguments (as text) of the tool call of each step before the text.
        pieces: events in which the text comes; a piece is about a token.
    """

    def __init__(self, called: Sequence[tuple[str, str]], *, pieces: int) -> None:
        text = Said(text="word; " * pieces)
        self._steps = [*(Said(calls=(call,)) for call in called), text]
        self._frames: dict[tuple[Api, int], list[bytes]] = {}

    def application(self) -> web.Application:
        """Return the server's routes."""
        application = web.Application(client_max_size=64 * 1024**2)
        application.router.add_post("/v1/chat/completions", self._chat)
        application.router.add_post("/v1/responses", self._responses)
        return application

    async def _chat(self, http: web.Request) -> web.StreamResponse:
        return await self._answer(http, Request(api="chat", body=json.loads(await http.read())))

    async def _responses(self, http: web.Request) -> web.StreamResponse:
        return await self._answer(http, Request(api="responses", body=json.loads(await http.read())))

    async def _answer(self, http: web.Request, request: Request) -> web.StreamResponse:
        step = min(len(request.results), len(self._steps) - 1)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(http)
        for frame in self._encoded(request, step):
            await response.write(frame)
        await response.write_eof()
        return response

    def _encoded(self, request: Request, step: int) -> list[bytes]:
        key = (request.api, step)
        if key not in self._frames:
            plain: JsonObject = {name: value for name, value in request.body.items() if name in _KEPT}
            protocol = chat if request.api == "chat" else responses
            stream = protocol.stream(self._steps[step], Request(api=request.api, body=plain), step + 1)
            self._frames[key] = [*stream.head, *stream.tail]
        return self._frames[key]


def parse_call(text: str) -> tuple[str, str]:
    """Read a tool call written NAME=JSON; without arguments, just NAME."""
    name, _, arguments = text.partition("=")
    return name, arguments or "{}"
