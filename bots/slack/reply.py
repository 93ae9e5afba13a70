"""Answers on their way to Slack."""

import asyncio
import logging
from dataclasses import replace
from typing import Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.links import Links
from bots.slack import adoption, posts
from bots.slack.api import TROUBLE, code, failure, uncertain, unsupported
from bots.slack.blocks import forms
from bots.slack.live import Live
from bots.slack.pieces import written_out
from bots.slack.respond import respond
from bots.slack.status import PROCESSING, THINKING, Sessions, Statuses, StatusLine, status
from bots.slack.streams import Streams
from bots.slack.uploads import upload
from bots.text import REPEATED
from core.errors import PlatformError
from core.events import Event
from core.messages import Turn
from core.outlet import Note, Part, unnoted

log = logging.getLogger("steward.slack")

_NOT_HERE: Final = frozenset({"not_in_channel", "channel_not_found"})
_RESPONSE_URL: Final = "response_url"


class SlackDraft:
    """The answer to one message, in its thread.

    Everything it needs is in the turn, so one that was read from the database is answered like a new one.

    Args:
        links: which links stay live.
        note: stores which messages show progress.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        turn: Turn,
        *,
        statuses: Statuses,
        sessions: Sessions,
        streams: Streams,
        links: Links,
        note: Note = unnoted,
    ) -> None:
        self._client = client
        self._turn = turn
        self._message = turn.message
        self._place = turn.message.conversation
        self._links = links
        self._status_line = StatusLine(statuses, self._place.channel, self._place.thread)
        self._status_line.show(THINKING)
        self._session = StatusLine(sessions, self._place.channel, self._place.thread)
        self._session.show(PROCESSING)
        self._live = Live(client, streams, turn, links=links, note=note, status=self._status_line)
        self._unknown: set[str] = set()
        self._sent: set[str] = set()
        self._written: set[str] = set()
        self._outside = False

    @property
    def silent(self) -> bool:
        """Nothing can be shown in a message before the answer is there; the status line tells what is done."""
        return self._live.off

    async def show(self, event: Event) -> None:
        """Show the text and the skills' progress in a message, else what is being done in the thread's status line."""
        self._live.show(event)
        if self.silent and (text := status(event)):
            self._status_line.show(text)

    async def clear(self) -> None:
        """Remove the messages and files that no part took the place of.

        Raises:
            PlatformError: they are there still.
        """
        await self._live.settle()
        try:
            await self._live.clear()
        except TROUBLE as error:
            raise failure(error, "remove what was shown", spared=True) from error

    async def close(self) -> None:
        """Take the stop button away, and the status; a message in the thread has done so already."""
        await self._live.close()
        await asyncio.gather(self._status_line.close(), self._session.close())

    async def send(self, part: Part) -> str:
        """Let a text take the place of a message of ours, or post the part unless it turns out to be there already.

        One that may be there, where Slack does not let us look, is posted with `REPEATED` above it.

        Returns the message's id; of an upload the file's, as Slack names no message, and "" for a `response_url`.

        Raises:
            PlatformError: it is not there, or that cannot be known now.
        """
        await self._live.settle()
        await self._status_line.settle()
        sent = "" if part.attachments else await self._replace(part)
        if not sent:
            if part.repeated or part.key in self._unknown:
                found = await self._find(part)
                if found:
                    return found
                if found is None:
                    part = replace(part, text=f"{REPEATED}\n\n{part.text}".strip())
            sent = await (self._send_files(part) if part.attachments else self._send(part))
        self._status_line.gone()
        self._sent.add(sent)
        return sent

    async def _replace(self, part: Part) -> str:
        """Let a part take the place of the first of our messages that there still is; return its id, "" without one."""
        try:
            if self._live.unsure:
                await self._live.adopt(await self._unfinished(part))
            while self._live.places:
                metadata = adoption.metadata(self._message, part)
                if sent := await self._live.become(part.text, part.controls, metadata=metadata):
                    return sent
        except TROUBLE as error:
            raise failure(error, "show the answer") from error
        return ""

    async def _unfinished(self, part: Part) -> list[str]:
        """Return the messages that an earlier attempt began to show the answer in, and could not write down."""
        try:
            others = {*self._live.places, *self._live.left, *self._sent, *part.known}
            return await adoption.unfinished(self._client, self._turn, others=others)
        except PlatformError as error:
            problem = error
        except TROUBLE as error:
            problem = failure(error, "see whether there is the beginning of an answer")
            if not problem.permanent and not unsupported(error):
                raise problem from error
        log.warning("turn %d: the beginning of an answer may stay: %s", self._turn.id, problem)
        return []

    async def _send_files(self, part: Part) -> str:
        """Send files; code that Slack refuses for good as a file is written out before that is raised."""
        try:
            return await self._send(part)
        except PlatformError as error:
            if error.permanent:
                await self._write_out(part)
            raise

    async def _write_out(self, part: Part) -> None:
        """Send what is written in files as messages; where one is refused for good, no further one is tried.

        Raises:
            PlatformError: not all of it is there, and may be later.
        """
        for number, text in enumerate(written_out(part.attachments, self._links)):
            piece = Part(key=f"{part.key}.{number}", text=text, repeated=part.repeated, known=part.known)
            if piece.key in self._written:
                continue
            try:
                await self.send(piece)
            except PlatformError as error:
                if not error.permanent:
                    raise
                log.error("turn %d: what %s holds was refused: %s", self._turn.id, piece.key, error)
                return
            self._written.add(piece.key)

    async def _send(self, part: Part) -> str:
        try:
            return await (self._upload(part) if part.attachments else self._post(part))
        except TROUBLE as error:
            if uncertain(error) and not (part.attachments and unsupported(error)):
                self._unknown.add(part.key)
                found = await self._find(part)
                if found:
                    return found
            if part.attachments:
                raise _not_uploaded(error) from error
            raise failure(error, "post the answer") from error

    async def _find(self, part: Part) -> str | None:
        """Return the id of the message that holds a part, "" where there is none, None where nobody can tell.

        Raises:
            PlatformError: that cannot be known now.
        """
        try:
            found = await adoption.find(self._client, self._message, part, others=self._sent | part.known)
        except PlatformError as error:
            problem = error
        except TROUBLE as error:
            problem = failure(error, "see whether the answer is there already")
            if not problem.permanent and not unsupported(error):
                raise problem from error
        else:
            if found:
                log.info("part %s was there already: %s", part.key, found)
            return found or ""
        log.warning("whether part %s was sent cannot be known: %s", part.key, problem)
        return None

    async def _post(self, part: Part) -> str:
        if not self._outside:
            try:
                metadata = adoption.metadata(self._message, part)
                return await posts.post(
                    self._client, self._place, forms(part.text, part.controls, links=self._links), metadata=metadata
                )
            except SlackApiError as error:
                if code(error) not in _NOT_HERE or not self._message.origin.get(_RESPONSE_URL):
                    raise
                self._outside = True
        return await self._respond(part)

    async def _respond(self, part: Part) -> str:
        """Answer a command in a channel the bot is not in, where what was posted cannot be read back."""
        try:
            answer = await respond(
                self._message.origin[_RESPONSE_URL], forms(part.text, part.controls, links=self._links)
            )
        except TROUBLE as error:
            if uncertain(error):
                self._unknown.add(part.key)
            raise failure(error, "answer the command") from error
        if answer.status_code >= 500:
            self._unknown.add(part.key)
        if answer.status_code != 200:
            raise PlatformError(
                "Slack no longer takes my answer to this command; invite me to the channel with /invite.",
                permanent=answer.status_code < 500 and answer.status_code != 429,
            )
        return ""

    async def _upload(self, part: Part) -> str:
        if self._outside:
            raise PlatformError("I can only add files to a channel I am invited to, with /invite.", permanent=True)
        return await upload(self._client, self._place, part, links=self._links)


def _not_uploaded(error: Exception) -> PlatformError:
    """Say why files were not uploaded; for good too where slack-sdk finds no address or no file in an answer."""
    problem = failure(error, "upload the files", spared=True)
    if isinstance(error, TypeError | ValueError):
        return PlatformError(str(problem), permanent=True)
    return problem
