"""The status line under a thread: https://docs.slack.dev/reference/methods/assistant.threads.setStatus."""

import asyncio
from typing import Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.api import TROUBLE, retry_after
from core.events import Event, Restarted, SkillFinished, SkillStarted, TextDelta

PATIENCE: Final = 2.0
"""Seconds for one change of the status."""


class StatusLine:
    """Sets the status of threads; best effort: the first refusal switches it off for good, quietly.

    Args:
        client: one that does not wait when it is refused with 429.
    """

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._off = False

    async def set(self, channel: str, thread: str, text: str) -> None:
        """Show a status, "" takes it away."""
        if self._off:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self._client.assistant_threads_setStatus(channel_id=channel, thread_ts=thread, status=text)
        except TROUBLE as error:
            self._off = isinstance(error, SlackApiError) and retry_after(error) is None


def status(event: Event) -> str:
    """Return what the bot is doing, "" where it is about to answer; Slack puts the bot's name before it."""
    match event:
        case SkillStarted():
            return f"is running {event.call.name.replace('_', ' ')[:40]}…"
        case TextDelta():
            return "is writing…"
        case SkillFinished() | Restarted():
            return "is thinking…"
        case _:
            return ""
