"""Socket Mode: https://docs.slack.dev/apis/events-api/using-socket-mode/."""

import asyncio
import logging
import time
from typing import Final

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.api import TIMEOUT, TROUBLE, failure, refused_token, without_proxy
from bots.slack.catch_up import CatchUp
from core.errors import PlatformError

log = logging.getLogger("steward.slack.socket")

_PATIENCE: Final = 6
"""Ping intervals without a connection after which connecting begins anew.

slack-sdk 3.47 keeps trying the one address it got (`SocketModeClient.connect`), which is good for one connection
within a short time: after a longer outage it would never come back.
"""

_LAST_WORDS: Final = 2.0
"""Seconds for closing a socket in due form."""


async def serve_socket(
    app: AsyncApp,
    client: AsyncWebClient,
    app_token: str,
    *,
    ping_interval: float,
    quiet_after: float,
    ready: asyncio.Event,
    catch_up: CatchUp,
) -> None:
    """Receive over a socket until cancelled; the SDK replaces one that is refreshed or lost.

    One over which nothing came for a while may be deaf although it is open and answers pings. It is replaced too, once
    its successor is open: Slack allows ten.

    Raises:
        PlatformError: the app-level token is refused, or there is no connection and none can be made.
    """
    handlers = [await _open(app, client, app_token, ping_interval)]
    try:
        ready.set()
        while True:
            await _watch(handlers[0], ping_interval, quiet_after, catch_up)
            log.info("nothing came from Slack for %g s; opening a new socket", quiet_after)
            handlers.append(await _open(app, client, app_token, ping_interval))
            await _close(handlers[0])
            del handlers[0]
    finally:
        for handler in handlers:
            await _close(handler)


class _Handler(AsyncSocketModeHandler):
    """Knows the tasks in which it deals with envelopes, which the SDK starts and forgets, and when the last came."""

    def __init__(self, app: AsyncApp, app_token: str, web_client: AsyncWebClient, ping_interval: float) -> None:
        super().__init__(app, app_token, logger=log, web_client=web_client, ping_interval=ping_interval)
        self.running: set[asyncio.Task[object]] = set()
        self.heard = time.monotonic()

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Deal with one envelope and acknowledge it."""
        self.heard = time.monotonic()
        task = asyncio.current_task()
        assert task is not None
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        await super().handle(client, req)


async def _open(app: AsyncApp, client: AsyncWebClient, app_token: str, ping_interval: float) -> _Handler:
    address = await _address(client, app_token)
    handler = _Handler(app, app_token, client, ping_interval)
    socket = handler.client
    socket.wss_uri = address
    if without_proxy(address):
        socket.proxy = None
    try:
        async with asyncio.timeout(TIMEOUT):
            await socket.connect()  # type: ignore[no-untyped-call] # slack-sdk
    except TimeoutError:
        await _close(handler)
        raise PlatformError("Slack could not be reached: its socket did not open.") from None
    except BaseException:
        await _close(handler)
        raise
    return handler


async def _address(client: AsyncWebClient, app_token: str) -> str:
    try:
        answer = await client.apps_connections_open(app_token=app_token)
    except TROUBLE as error:
        raise refused_token(error, "slack.app_token") or failure(error, "open a socket") from error
    address = answer.get("url")
    if not isinstance(address, str):
        raise PlatformError("Slack gave no address for a socket.")
    return address


async def _watch(handler: _Handler, ping_interval: float, quiet_after: float, catch_up: CatchUp) -> None:
    """Return once nothing came for too long; tell of each new session that something may have been missed before it.

    Raises:
        PlatformError: there was no connection for too long.
    """
    socket = handler.client
    session, connected = socket.current_session, time.monotonic()
    catch_up.missed()
    while True:
        await asyncio.sleep(ping_interval)
        now = time.monotonic()
        if not await socket.is_connected():
            if now - connected > _PATIENCE * ping_interval:
                raise PlatformError("The connection to Slack was lost.")
            continue
        connected = now
        if socket.current_session is not session:
            session, handler.heard = socket.current_session, now
            catch_up.missed()
        elif now - handler.heard > quiet_after:
            return
        else:
            await catch_up.sound()


async def _close(handler: _Handler) -> None:
    """Close a socket, and wait for the tasks that the SDK only cancels."""
    socket = handler.client
    for task in tuple(handler.running):
        task.cancel()
    await asyncio.gather(*handler.running, return_exceptions=True)
    try:
        async with asyncio.timeout(_LAST_WORDS):
            await socket.close()  # type: ignore[no-untyped-call] # slack-sdk
    except TimeoutError:
        await socket.close()  # type: ignore[no-untyped-call] # now without waiting for the other side
    own = (socket.message_processor, socket.current_session_monitor, socket.message_receiver)
    await asyncio.gather(*(task for task in own if task is not None), return_exceptions=True)
