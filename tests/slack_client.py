"""slack-sdk's own clients, connected to a simulated Slack without Steward between them."""

import asyncio
from collections.abc import Awaitable

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bots.simulator.slack import SlackSimulator
from bots.simulator.transcript import Shown
from core.messages import JsonObject


def client(slack: SlackSimulator, token: str | None = None) -> AsyncWebClient:
    """Return a client that tries nothing twice."""
    return AsyncWebClient(token=slack.bot_token if token is None else token, base_url=slack.url, retry_handlers=[])


async def refused(call: Awaitable[object]) -> str:
    """Return the error that answers a call."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


def shown(slack: SlackSimulator, ts: object) -> Shown:
    """Return a message as people see it."""
    found = slack.transcript.find(str(ts))
    assert found is not None
    return found


class App:
    """A socket that keeps what it gets, and acknowledges it with `answer` unless told not to."""

    def __init__(self, slack: SlackSimulator) -> None:
        self.requests: list[SocketModeRequest] = []
        self.silent = 0
        self.answer: JsonObject | None = None
        self.socket = SocketModeClient(
            app_token=slack.app_token, web_client=client(slack), ping_interval=0.1, auto_reconnect_enabled=True
        )
        self.socket.socket_mode_request_listeners.append(self._take)  # type: ignore[arg-type] # any coroutine is called

    async def _take(self, socket: SocketModeClient, request: SocketModeRequest) -> None:
        self.requests.append(request)
        if self.silent:
            self.silent -= 1
            return
        await socket.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload=self.answer))

    async def __aenter__(self) -> "App":
        await self.socket.connect()  # type: ignore[no-untyped-call] # slack-sdk
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()  # type: ignore[no-untyped-call] # slack-sdk
        await asyncio.sleep(0)
