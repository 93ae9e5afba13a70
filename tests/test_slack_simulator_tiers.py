"""The rate limits of the simulated Slack, through slack-sdk itself."""

import asyncio

import pytest
from slack_sdk.errors import SlackApiError

from bots.simulator.slack import SlackSimulator
from tests.slack_client import client


async def limited(slack: SlackSimulator, method: str, times: int, **arguments: object) -> float | None:
    """Call a method so often; return the seconds that the first refusal asks to wait."""
    for _ in range(times):
        try:
            await client(slack).api_call(method, json=arguments)
        except SlackApiError as error:
            if error.response.status_code == 429:
                return float(error.response.headers["Retry-After"])
    return None


@pytest.mark.parametrize(
    ("method", "allowed"),
    [("chat.update", 50), ("chat.startStream", 20), ("chat.appendStream", 100), ("users.list", 20)],
)
async def test_a_method_has_its_calls_a_minute(method: str, allowed: int) -> None:
    async with SlackSimulator(tiers=True) as slack:
        assert await limited(slack, method, allowed, channel="C1") is None
        wait = await limited(slack, method, 1, channel="C1")
        assert wait is not None
        assert wait == int(wait) >= 1


async def test_a_channel_takes_one_message_a_second_after_a_burst() -> None:
    async with SlackSimulator(tiers=True) as slack:
        assert await limited(slack, "chat.postMessage", 4, channel="C1", text="x") is None
        assert await limited(slack, "chat.postMessage", 1, channel="C1", text="x") == 1
        assert await limited(slack, "chat.postMessage", 1, channel="G1", text="x") is None
        assert len(slack.transcript.messages) == 5


async def test_whoever_waits_as_asked_goes_on_and_a_minute_can_be_short() -> None:
    async with SlackSimulator(tiers=True, minute=3.0) as slack:
        wait = await limited(slack, "chat.postMessage", 30, channel="C1", text="x")
        assert wait is not None
        assert wait < 0.1
        await asyncio.sleep(wait + 0.01)
        assert await limited(slack, "chat.postMessage", 1, channel="C1", text="x") is None


async def test_nothing_is_limited_unless_it_is_wished() -> None:
    async with SlackSimulator() as slack:
        assert await limited(slack, "chat.postMessage", 10, channel="C1", text="x") is None
