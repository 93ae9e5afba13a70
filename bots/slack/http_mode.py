"""HTTP mode: https://docs.slack.dev/apis/events-api/using-http-request-urls/.

Slack only calls HTTPS, so a reverse proxy stands before this server. It may be on another machine or in another
container, which is why all interfaces are listened on; one path is served, and only to requests that Slack signed.
Where the proxy is on the same machine, a firewall may close the port to everybody else.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Final

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from bots.slack.catch_up import CatchUp
from bots.slack.manifest import PATH
from core.errors import PlatformError

log = logging.getLogger("steward.slack")

_LAST_REQUESTS: Final = 3.0
"""Seconds that requests under way have when the server stops."""


async def serve_http(
    app: AsyncApp,
    signing_secret: str,
    port: int,
    *,
    ready: Callable[[int], None],
    catch_up: CatchUp,
    interval: float,
) -> None:
    """Receive on a port, on all interfaces, until cancelled.

    Whether something was missed while this server listens cannot be seen, so only the time before counts.

    Args:
        app: deals with the requests.
        signing_secret: of the Slack app.
        port: 0 for any free one.
        ready: is told the port.
        catch_up: is told that messages came in, each `interval` seconds.
        interval: as above.

    Raises:
        PlatformError: the port cannot be had.
    """
    verifier = SignatureVerifier(signing_secret)

    async def receive(request: web.Request) -> web.Response:
        if not await is_genuine(request, verifier):
            log.warning("refused a request to %s that Slack did not sign; see slack.signing_secret", PATH)
            return web.Response(status=401)
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    server = web.Application()
    server.router.add_post(PATH, receive)
    listener = _listen(port)
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=_LAST_REQUESTS)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        bound: int = listener.getsockname()[1]
        ready(bound)
        log.info("listening for Slack on port %d", bound)
        catch_up.missed()
        while True:
            await asyncio.sleep(interval)
            await catch_up.sound()
    finally:
        # A connection that was just taken needs a step of the loop more: where the server closes before, asyncio drops
        # it without closing it (`Server._attach`).
        asyncio.get_running_loop().remove_reader(listener)
        await asyncio.sleep(0)
        await runner.cleanup()


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("0.0.0.0", port))  # noqa: S104 - Slack comes from outside; requests are signed
    except OSError as error:
        raise PlatformError(
            f"Port {port} cannot be listened on ({error.strerror}); change slack.port.", permanent=True
        ) from error


async def is_genuine(request: web.Request, verifier: SignatureVerifier) -> bool:
    """Tell whether Slack signed a request, within the last five minutes."""
    try:
        return verifier.is_valid(
            await request.read(),
            request.headers.get("X-Slack-Request-Timestamp"),
            request.headers.get("X-Slack-Signature"),
        )
    except ValueError:  # a timestamp that is no number, a body that is no text
        return False
