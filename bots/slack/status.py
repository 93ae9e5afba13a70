"""The status line under a thread, and its native stop button.

https://docs.slack.dev/reference/methods/assistant.threads.setStatus; the button is there while the agent session is
`processing`: https://docs.slack.dev/ai/agent-sessions.
"""

import asyncio
from typing import Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.api import TROUBLE, code, retry_after
from core.events import Event, Restarted, SkillFinished, SkillStarted, TextDelta

PATIENCE: Final = 2.0
"""Seconds for one change of the status."""

MOST_SILENT: Final = 3
"""Changes in a row that were not answered in time, after which no more are tried."""

THINKING: Final = "is thinking…"

PROCESSING: Final = "processing"

_THERE: Final = frozenset(
    {"channel_not_found", "not_in_channel", "is_archived", "invalid_thread_ts", "thread_not_found", "message_not_found"}
)
"""Refusals that tell of one place only, such as a thread whose root was deleted."""


class Statuses:
    """Sets the status of threads; best effort: a refusal of the method, or lasting silence, switches it off for good.

    Args:
        client: one that does not wait when it is refused with 429.
    """

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._off = False
        self._silent = 0

    async def set(self, channel: str, thread: str, text: str) -> None:
        """Show a status, "" takes it away."""
        if self._off:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self._call(channel, thread, text)
            self._silent = 0
        except TimeoutError:
            self._silent += 1
            self._off = self._silent == MOST_SILENT
        except TROUBLE as error:
            self._off = isinstance(error, SlackApiError) and retry_after(error) is None and code(error) not in _THERE

    async def _call(self, channel: str, thread: str, text: str) -> None:
        await self._client.assistant_threads_setStatus(channel_id=channel, thread_ts=thread, status=text)


class Sessions(Statuses):
    """Sets the status of agent sessions, in which "" means that nothing is done any more."""

    async def _call(self, channel: str, thread: str, text: str) -> None:
        await self._client.agents_sessions_setStatus(channel_id=channel, thread_ts=thread, status=text or "active")


class StatusLine:
    """The status of one thread; it follows what is being done, and nothing waits for it.

    Args:
        thread: None where there is none, and so no status.
    """

    def __init__(self, statuses: Statuses, channel: str, thread: str | None) -> None:
        self._statuses = statuses
        self._channel = channel
        self._thread = thread
        self._wanted = self._set = ""
        self._following: asyncio.Task[None] | None = None

    def show(self, text: str) -> None:
        """Begin to show a status, "" takes it away."""
        self._wanted = text
        if self._thread and (self._following is None or self._following.done()):
            self._following = asyncio.create_task(self._follow(self._thread))

    async def settle(self) -> None:
        """Wait for a change that is under way: if it came after a message, it would stay."""
        self._wanted = self._set
        if self._following is not None:
            await self._following

    def gone(self) -> None:
        """Note that a message took the status away."""
        self._wanted = self._set = ""

    async def close(self) -> None:
        """Take the status away, where no message has done so."""
        self.show("")
        if self._following is not None:
            await self._following

    async def _follow(self, thread: str) -> None:
        while self._wanted != self._set:
            self._set = self._wanted
            await self._statuses.set(self._channel, thread, self._set)


def status(event: Event) -> str:
    """Return what the bot is doing, "" where it is about to answer; Slack puts the bot's name before it."""
    match event:
        case SkillStarted():
            return f"is running {event.call.name.replace('_', ' ')[:40]}…"
        case TextDelta():
            return "is writing…"
        case SkillFinished() | Restarted():
            return THINKING
        case _:
            return ""
