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
    app: AsyncApp, client: AsyncWebClient, app_token: str, *, ping_interval: float, ready: asyncio.Event
) -> None:
    """Receive over a socket until cancelled; the SDK replaces one that is refreshed or lost.

    Raises:
        PlatformError: the app-level token is refused, or there is no connection and none can be made.
    """
    address = await _address(client, app_token)
    handler = _Handler(app, app_token, client, ping_interval)
    socket = handler.client
    socket.wss_uri = address
    if without_proxy(address):
        socket.proxy = None
    try:
        try:
            async with asyncio.timeout(TIMEOUT):
                await socket.connect()  # type: ignore[no-untyped-call] # slack-sdk
        except TimeoutError:
            raise PlatformError("Slack could not be reached: its socket did not open.") from None
        ready.set()
        await _watch(socket, ping_interval)
    finally:
        await _close(socket, handler.running)


class _Handler(AsyncSocketModeHandler):
    """Knows the tasks in which it deals with envelopes, which the SDK starts and forgets."""

    def __init__(self, app: AsyncApp, app_token: str, web_client: AsyncWebClient, ping_interval: float) -> None:
        super().__init__(app, app_token, logger=log, web_client=web_client, ping_interval=ping_interval)
        self.running: set[asyncio.Task[object]] = set()

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Deal with one envelope and acknowledge it."""
        task = asyncio.current_task()
        assert task is not None
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        await super().handle(client, req)


async def _address(client: AsyncWebClient, app_token: str) -> str:
    try:
        answer = await client.apps_connections_open(app_token=app_token)
    except TROUBLE as error:
        raise refused_token(error, "slack.app_token") or failure(error, "open a socket") from error
    address = answer.get("url")
    if not isinstance(address, str):
        raise PlatformError("Slack gave no address for a socket.")
    return address


async def _watch(socket: SocketModeClient, ping_interval: float) -> None:
    seen = time.monotonic()
    while True:
        await asyncio.sleep(ping_interval)
        if await socket.is_connected():
            seen = time.monotonic()
        elif time.monotonic() - seen > _PATIENCE * ping_interval:
            raise PlatformError("The connection to Slack was lost.")


async def _close(socket: SocketModeClient, running: set[asyncio.Task[object]]) -> None:
    """Close the socket, and wait for the tasks that the SDK only cancels."""
    for task in tuple(running):
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    try:
        async with asyncio.timeout(_LAST_WORDS):
            await socket.close()  # type: ignore[no-untyped-call] # slack-sdk
    except TimeoutError:
        await socket.close()  # type: ignore[no-untyped-call] # now without waiting for the other side
    own = (socket.message_processor, socket.current_session_monitor, socket.message_receiver)
    await asyncio.gather(*(task for task in own if task is not None), return_exceptions=True)
