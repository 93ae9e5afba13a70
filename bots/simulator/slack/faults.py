"""What goes wrong on demand."""

import asyncio
from dataclasses import dataclass

from aiohttp import web


@dataclass(slots=True, kw_only=True)
class Fault:
    """How the next `times` calls of a method go wrong.

    Attributes:
        error: the error code of an answer `{"ok": false}`.
        status: the HTTP status of an answer without JSON.
        retry_after: answered with status 429 and this header.
        drop: "before" or "after" the method was performed the connection is closed without an answer.
        delay: seconds before the method is performed.
        performed: the method is performed all the same, before the delay and the answer that says otherwise.
    """

    error: str | None = None
    status: int | None = None
    retry_after: float | None = None
    drop: str | None = None
    delay: float = 0.0
    performed: bool = False
    times: int = 1

    async def strike(self) -> web.Response | None:
        """Wait, and return the answer given instead of the method's."""
        await asyncio.sleep(self.delay)
        return self.response()

    def response(self) -> web.Response | None:
        """Return the answer given instead of the method's, None where the method is performed."""
        if self.retry_after is not None:
            return web.json_response(
                {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": f"{self.retry_after:g}"}
            )
        if self.status is not None:
            return web.Response(text="<html>upstream trouble</html>", content_type="text/html", status=self.status)
        if self.error is not None:
            return web.json_response({"ok": False, "error": self.error})
        return None


class Faults:
    """The faults still to come, by method."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Fault]] = {}

    def add(self, method: str, fault: Fault) -> None:
        """Let calls of a method go wrong."""
        self._waiting.setdefault(method, []).append(fault)

    def take(self, method: str) -> Fault | None:
        """Return the fault for this call of a method."""
        waiting = self._waiting.get(method)
        if not waiting:
            return None
        fault = waiting[0]
        fault.times -= 1
        if fault.times <= 0:
            waiting.pop(0)
        return fault


def hang_up(request: web.Request) -> web.Response:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()
