"""The message in which an answer can be seen while it is being made, and in whose place the answer comes.

It is a stream where there is a thread and Slack lets us begin one, else a message that is edited; a stream that cannot
go on is stopped and edited. All of it is best effort until the answer is there, and nothing waits for it.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.links import Links
from bots.slack import posts
from bots.slack.adoption import live_metadata
from bots.slack.api import TROUBLE, code, failure, retry_after, uncertain, unsupported
from bots.slack.blocks import control_blocks, forms
from bots.slack.follower import Follower
from bots.slack.progress import Progress
from bots.slack.status import StatusLine
from bots.slack.streams import Stream, Streams, stop
from bots.slack.uploads import delete
from core.controls import Control, while_running
from core.events import Event
from core.messages import JsonObject, Turn
from core.outlet import Note

log = logging.getLogger("steward.slack")

PATIENCE: Final = 5.0
"""Seconds for one call that shows progress."""

LONGEST_PAUSE: Final = 30.0
"""Seconds after a failure before progress is shown again."""

_CONFLICT: Final = "streaming_state_conflict"


class Live:
    """What can be seen of one answer while it is being made.

    Attributes:
        places: our messages in whose place parts of the answer come, in order; the first is the one that shows
            progress.
        files: those of an earlier answer that are still shown.
        left: messages that could not be changed, and have to go.
        unsure: there may be a further one that nobody wrote down.
        off: nothing is shown here; the status line may say it.
    """

    def __init__(
        self, client: AsyncWebClient, streams: Streams, turn: Turn, *, links: Links, note: Note, status: StatusLine
    ) -> None:
        self.places = [each for each in turn.shown if not each.startswith("F")]
        self.files = [each for each in turn.shown if each.startswith("F")]
        self.left: list[str] = []
        self.unsure = turn.attempt > 1
        self.off = False
        self._client = client
        self._streams = streams
        self._turn = turn
        self._message = turn.message
        self._channel = turn.message.conversation.channel
        self._note = note
        self._status = status
        self._progress = Progress(links=links)
        self._stream: Stream | None = None
        self._open = set(self.places)
        self._edited = ""
        self._noted = list(turn.shown)
        self._pause = streams.every
        self._follower = Follower(f"showing turn {turn.id}", self._due, self._step)

    def show(self, event: Event) -> None:
        """Begin to show what happened."""
        self._progress.take(event)
        self._follower.wake()

    async def settle(self) -> None:
        """Show nothing more, once a call that is under way has come to its end."""
        await self._follower.end()

    async def become(self, text: str, controls: Sequence[Control], *, metadata: JsonObject) -> str:
        """Make the first of our messages say exactly this and return its id, "" where it has to be said elsewhere.

        However often it is tried, and whatever of it was done without our knowing, the outcome is the same.

        Raises what slack-sdk and aiohttp do.
        """
        ts = self.places[0]
        if await self._finished(text, controls, metadata):
            return self.places.pop(0)
        if ts in self._open:
            await stop(self._client, self._channel, ts)
            self._open.discard(ts)
        try:
            await posts.edit(
                self._client, self._channel, ts, forms(text, controls, links=self._progress.links), metadata=metadata
            )
        except SlackApiError as error:
            if code(error) == _CONFLICT:
                self._open.add(ts)
            self._streams.editable = self._streams.editable and not unsupported(error)
            if code(error) not in posts.GONE | posts.FIXED and not unsupported(error):
                raise
            self.places.remove(ts)
            self.left += [] if code(error) in posts.GONE else [ts]
            return ""
        except TimeoutError:
            if self._streams.edited:
                raise
            self._streams.editable = False  # nothing was ever edited here, so nothing may ever be
            self.places.remove(ts)
            self.left.append(ts)
            return ""
        self._streams.edited = True
        return self.places.pop(0)

    async def adopt(self, ids: Sequence[str]) -> None:
        """Take over messages that an earlier attempt began and nobody wrote down, in their order.

        Where there is a newer one, they go: parts of the answer stand in their order.
        """
        (self.left if self.places else self.places).extend(ids)
        self._open.update(ids)
        await self._write_down()
        self.unsure = False

    async def clear(self) -> None:
        """Remove the messages that no part took the place of, as many as can be.

        Raises what slack-sdk and aiohttp do; where it may succeed later, rather than where it cannot.
        """
        problems: list[Exception] = []
        for ids in (self.left, self.places, self.files):
            for each in list(ids):
                try:
                    await (delete(self._client, each) if ids is self.files else self._delete(each))
                except TROUBLE as error:
                    problems.append(error)
                else:
                    ids.remove(each)
        if problems:
            raise min(problems, key=lambda problem: failure(problem, "remove it", spared=True).permanent)

    async def close(self) -> None:
        """End; a stream that holds no answer yet is stopped, for the next attempt to edit."""
        await self.settle()
        if self._stream is not None:
            with suppress(*TROUBLE):
                async with asyncio.timeout(PATIENCE):
                    await stop(self._streams.client, self._channel, self._stream.ts)

    async def _delete(self, ts: str) -> None:
        if ts in self._open:
            await stop(self._client, self._channel, ts)
        await posts.delete(self._client, self._channel, ts)

    async def _finished(self, text: str, controls: Sequence[Control], metadata: JsonObject) -> bool:
        """Append to the stream what it lacks and stop it; False where it has to be edited instead."""
        stream, self._stream = self._stream, None
        chunks = stream.last(self._progress, text) if stream else None
        if stream is None or chunks is None:
            return False
        try:
            await self._client.chat_stopStream(
                channel=self._channel,
                ts=stream.ts,
                chunks=chunks or None,
                blocks=control_blocks(controls) or None,
                metadata=metadata,
            )
        except TROUBLE as error:
            if _kept_out(error):
                self._stream = stream
                raise
            word = code(error) or type(error).__name__
            log.info("turn %d: the stream is finished by an edit: %s", self._turn.id, word)
            return False
        self._open.discard(stream.ts)
        return True

    def _due(self) -> bool:
        if self.off:
            return False
        if self._stream is not None:
            return not self._stream.fits(self._progress) or self._stream.due(self._progress)
        if not self.places:
            return bool(self._progress.tasks or self._progress.stream())
        return self._progress.markdown() not in ("", self._edited)

    async def _step(self) -> float:
        """Show once what is to be seen now, and return the seconds before that is done again."""
        pace = self._streams.appends if self._stream is not None else self._streams.edits
        await self._follower.rest(pace.reserve())
        if self._follower.ended:
            return 0.0
        try:
            async with asyncio.timeout(PATIENCE):
                await self._show()
        except TROUBLE as error:
            self._fail(error)
        else:
            self._pause = self._streams.every
        await self._write_down()
        return self._pause

    async def _show(self) -> None:
        if self._stream is not None and self._stream.fits(self._progress):
            await self._append(self._stream)
        elif self.places:
            await self._edit(self.places[0])
        else:
            await self._begin()

    async def _append(self, stream: Stream) -> None:
        try:
            await stream.append(self._progress)
        except TROUBLE as error:
            if _kept_out(error):
                raise
            self._stream = None  # it is closed, or nobody knows what is in it

    async def _edit(self, ts: str) -> None:
        self._stream = None
        if ts in self._open:
            await stop(self._streams.client, self._channel, ts)
            self._open.discard(ts)
        markdown = self._progress.markdown()
        if not markdown:
            return
        shown = forms(markdown, while_running(self._turn), links=self._progress.links)
        await posts.edit(self._streams.client, self._channel, ts, shown, metadata=live_metadata(self._turn))
        self._edited = markdown
        self._streams.edited = True

    async def _begin(self) -> None:
        await self._status.settle()
        self.unsure = True
        self._stream = await self._streams.start(self._message, self._progress)
        if self._stream is not None:
            ts = self._stream.ts
            self._open.add(ts)
        elif not self._streams.editable:
            self.off, self.unsure = True, self._turn.attempt > 1
            return
        else:
            markdown = self._progress.markdown()
            shown = forms(markdown, while_running(self._turn), links=self._progress.links)
            ts = await posts.post(
                self._streams.client, self._message.conversation, shown, metadata=live_metadata(self._turn)
            )
            self._edited = markdown
        self._status.gone()
        self.places.append(ts)
        self.unsure = self._turn.attempt > 1

    async def _write_down(self) -> None:
        ids = [*self.left, *self.places, *self.files]
        if ids != self._noted:
            self._noted = ids
            await self._note(ids)

    def _fail(self, error: Exception) -> None:
        """Go on in another way, later, or not at all."""
        if not self.places:
            self.unsure = uncertain(error) or self._turn.attempt > 1
            self.off = not _kept_out(error)
        elif code(error) in posts.GONE:
            self.places.pop(0)
        elif code(error) == _CONFLICT:
            self._open.add(self.places[0])
        else:
            self._streams.editable = self._streams.editable and not unsupported(error)
            self.off = unsupported(error) or not (_kept_out(error) or uncertain(error))
        self._pause = min(LONGEST_PAUSE, max(retry_after(error) or 0.0, 2 * self._pause, 0.1))


def _kept_out(error: Exception) -> bool:
    """Tell whether a call never was carried out, and may be later."""
    return retry_after(error) is not None or isinstance(error, aiohttp.ClientConnectorError)
