"""How a step of the script goes over the wire: whole, in pieces, cut or never ending."""

import asyncio
from collections.abc import Iterable

from aiohttp import web

from bots.simulator.model import chat, responses
from bots.simulator.model.request import Request
from bots.simulator.model.script import Failed, Raw, Said, Step


class Wire:
    """Sends one answer.

    Args:
        http: the request as it came.
        request: the same, parsed.
        number: counts the requests; ids are made from it.
        closing: set when the server ends: whatever is still being sent stops.
    """

    def __init__(self, http: web.Request, request: Request, number: int, closing: asyncio.Event) -> None:
        self._http = http
        self._request = request
        self._number = number
        self._closing = closing
        self._protocol = chat if request.api == "chat" else responses

    async def send(self, step: Step) -> web.StreamResponse:
        """Send what the step says."""
        if isinstance(step, Raw):
            return await self._whole(step.pieces, status=step.status, content_type=step.content_type, pause=step.pause)
        if isinstance(step, Said):
            return await self._say(step)
        if step.after is None:
            return refusal(step)
        stream = self._protocol.failure(step, self._request, self._number)
        return await self._whole((*stream.head, *stream.tail))

    async def _say(self, said: Said) -> web.StreamResponse:
        if said.end == "never" and not said.text:
            await self._closing.wait()
        if not self._request.streamed:
            return web.json_response(self._protocol.body(said, self._request, self._number))
        stream = self._protocol.stream(said, self._request, self._number)
        if said.end == "marker":
            return await self._whole((*stream.head, *stream.tail), pause=said.pause)
        if said.end == "unmarked":
            return await self._whole(stream.head, pause=said.pause)
        # a cut comes in the middle of an event
        response = await self._begin((*stream.head, stream.tail[0][:20]), pause=said.pause)
        if said.end == "never":
            await self._closing.wait()
        if self._http.transport is not None:
            self._http.transport.close()
        return response

    async def _whole(
        self,
        frames: Iterable[bytes],
        *,
        status: int = 200,
        content_type: str = "text/event-stream",
        pause: float = 0.0,
    ) -> web.StreamResponse:
        response = await self._begin(frames, status=status, content_type=content_type, pause=pause)
        await response.write_eof()
        return response

    async def _begin(
        self,
        frames: Iterable[bytes],
        *,
        status: int = 200,
        content_type: str = "text/event-stream",
        pause: float = 0.0,
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers={"Content-Type": content_type})
        await response.prepare(self._http)
        for frame in frames:
            await response.write(frame)
            if pause and await self._closed_within(pause):
                break
        return response

    async def _closed_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._closing.wait()
        except TimeoutError:
            return False


def refusal(failed: Failed) -> web.Response:
    """Write an error as the real server does."""
    headers = {} if failed.retry_after is None else {"Retry-After": failed.retry_after}
    return web.json_response({"error": chat.error(failed)}, status=failed.status, headers=headers)
