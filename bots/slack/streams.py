"""Slack's own streams: a message that grows before the reader's eyes.

https://docs.slack.dev/reference/methods/chat.startStream and its like. What was appended stays: it cannot be taken out
or changed before the stream is stopped. A stream that is closed from the other side, which Slack does after some five
minutes (https://github.com/slackapi/python-slack-sdk/issues/1859), goes on as a message that is edited.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_chat_stream import AsyncChatStream
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack import blocks
from bots.slack.api import code, retry_after, uncertain, unsupported
from bots.slack.progress import Progress, Task
from core.messages import JsonObject, Message

_FOREIGN: Final = frozenset({"user_not_found", "team_not_found"})


class Pace:
    """Spreads the calls of one sort over time, for all answers of a workspace together.

    Args:
        per_minute: https://docs.slack.dev/apis/web-api/rate-limits; 0 for any number.
    """

    def __init__(self, per_minute: float) -> None:
        self._interval = 60.0 / per_minute if per_minute else 0.0
        self._free = 0.0

    def reserve(self) -> float:
        """Take the next call, and return the seconds until it may be made."""
        now = asyncio.get_running_loop().time()
        begin = max(now, self._free)
        self._free = begin + self._interval
        return begin - now


class Streams:
    """What all answers of a workspace share.

    Args:
        client: one that does not wait when it is refused with 429.
        hurry: shows everything at once; for tests.

    Attributes:
        every: seconds between two changes of one message.
        off: there are no streams on this server.
        editable: messages can be edited on this server, as far as is known.
        edited: one was.
    """

    def __init__(self, client: AsyncWebClient, *, hurry: bool = False) -> None:
        self.client = client
        self.every = 0.0 if hurry else 1.0
        self.appends = Pace(0 if hurry else 90)
        self.edits = Pace(0 if hurry else 45)
        self.off = False
        self.editable = True
        self.edited = False

    async def start(self, message: Message, progress: Progress) -> "Stream | None":
        """Begin a stream in a question's thread for the person who asked; None where there can be none.

        A person of another workspace (Slack Connect) may be unknown as a recipient; then it is begun without one.

        Raises what slack-sdk and aiohttp do, where it is not known whether it began.
        """
        place = message.conversation
        if self.off or not place.thread:
            return None
        for user, team in ((message.author.id, place.workspace), (None, None)):
            chat = await self.client.chat_stream(
                channel=place.channel, thread_ts=place.thread, recipient_user_id=user, recipient_team_id=team
            )
            stream = Stream(chat=chat)
            try:
                await stream.append(progress)
            except SlackApiError as error:
                self.off = self.off or unsupported(error)
                if uncertain(error) and not self.off:
                    raise
                if code(error) not in _FOREIGN:
                    return None
            else:
                if not stream.ts:
                    raise ValueError("Slack began a stream and did not say where")
                return stream
        return None


@dataclass(slots=True, kw_only=True)
class Stream:
    """A stream, and what Slack confirmed to be in it."""

    chat: AsyncChatStream
    _text: str = ""
    _drafts: int = 0
    _tasks: dict[str, Task] = field(default_factory=dict)

    @property
    def ts(self) -> str:
        """The message's id."""
        return self.chat.ts or ""

    def fits(self, progress: Progress) -> bool:
        """Tell whether everything in it is still a part of what people are to see."""
        text = progress.stream()
        return self._is_current(progress) and (text.startswith(self._text) or self._text.startswith(text))

    def due(self, progress: Progress) -> bool:
        """Tell whether there is more to show."""
        return bool(self._changed(progress)) or len(progress.stream()) > len(self._text)

    async def append(self, progress: Progress) -> None:
        """Show what is new.

        Raises what slack-sdk and aiohttp do.
        """
        tasks, text, drafts = self._changed(progress), progress.stream()[len(self._text) :], progress.drafts
        await self.chat.append(chunks=self._chunks(tasks, text))
        self._tasks |= {task.id: task for task in tasks}
        self._text += text
        self._drafts = drafts

    def last(self, progress: Progress, text: str) -> list[JsonObject] | None:
        """Return the chunks that make the stream say exactly this text, None where it cannot any more.

        A task that came to no end was broken off.
        """
        whole = blocks.streamable(text)
        if whole is None or not self._is_current(progress) or not whole.startswith(self._text):
            return None
        ended = [
            replace(task, status="error") if task.status == "in_progress" else task for task in progress.tasks.values()
        ]
        return self._chunks([task for task in ended if self._tasks.get(task.id) != task], whole[len(self._text) :])

    def _is_current(self, progress: Progress) -> bool:
        """Tell whether the text in it, if any, belongs to what is written now, with no task in between."""
        return not self._text or progress.drafts == self._drafts

    def _changed(self, progress: Progress) -> list[Task]:
        return [task for task in progress.tasks.values() if self._tasks.get(task.id) != task]

    def _chunks(self, tasks: Sequence[Task], text: str) -> list[JsonObject]:
        said: list[JsonObject] = [{"type": "markdown_text", "text": text}] if text else []
        return [*(task.chunk(self._tasks.get(task.id)) for task in tasks), *said]


async def stop(client: AsyncWebClient, channel: str, ts: str) -> None:
    """End the stream that a message may be; one that is none, or closed, is no failure.

    Raises what slack-sdk and aiohttp do, where that may succeed later.
    """
    try:
        await client.chat_stopStream(channel=channel, ts=ts)
    except SlackApiError as error:
        if retry_after(error) is not None or (uncertain(error) and not unsupported(error)):
            raise
