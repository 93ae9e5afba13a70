"""Answers on their way to Slack.

That a `markdown` block renders Markdown as documented (https://docs.slack.dev/reference/block-kit/blocks/markdown-block)
could not be proven against Slack itself; where a server refuses it, the text is sent without it.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bots.slack.adoption import find, metadata
from bots.slack.api import TIMEOUT, TROUBLE, RateLimitRetry, code, failure, uncertain, unsupported, without_proxy
from bots.slack.markup import escape, inert
from bots.slack.status import THINKING, Statuses, StatusLine, status
from bots.text import REPEATED
from bots.text import split as split_text
from core.errors import PlatformError
from core.events import Event
from core.messages import JsonObject, Reply, Turn
from core.outlet import Part

log = logging.getLogger("steward.slack")

LIMIT: Final = 7_900
"""Characters of one message. Escaping makes at most five of one and a word joiner three of two, so that a message
stays within 40,000 characters of text and 12,000 of the markdown block whatever is in it, with `REPEATED` above it."""

FILES: Final = 10
"""Files of one message."""

_NOT_HERE: Final = frozenset({"not_in_channel", "channel_not_found"})
_BAD_BLOCKS: Final = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})
_RESPONSE_URL: Final = "response_url"


def split(reply: Reply) -> Sequence[Reply]:
    """Divide a reply into messages of text, and files after them."""
    files = reply.attachments
    return [
        *(Reply(text=piece) for piece in split_text(reply.text, LIMIT)),
        *(Reply(attachments=files[start : start + FILES]) for start in range(0, len(files), FILES)),
    ]


def content(markdown: str, *, blocks: bool = True) -> JsonObject:
    """Return the text and blocks of a message; without blocks Slack shows the Markdown's source."""
    plain: JsonObject = {"text": escape(markdown)}
    return {**plain, "blocks": [{"type": "markdown", "text": inert(markdown)}]} if blocks else plain


class SlackDraft:
    """The answer to one message, in its thread.

    Everything it needs is in the turn, so one that was read from the database is answered like a new one.
    """

    def __init__(self, client: AsyncWebClient, turn: Turn, statuses: Statuses) -> None:
        self._client = client
        self._message = turn.message
        self._place = turn.message.conversation
        self._status_line = StatusLine(statuses, self._place.channel, self._place.thread)
        self._status_line.show(THINKING)
        self._unknown: set[str] = set()
        self._sent: set[str] = set()
        self._outside = False

    async def show(self, event: Event) -> None:
        """Show what is being done in the thread's status line."""
        if text := status(event):
            self._status_line.show(text)

    async def clear(self) -> None:
        """Remove what was shown and not replaced."""

    async def close(self) -> None:
        """Take the status away; a message in the thread has done so already."""
        await self._status_line.close()

    async def send(self, part: Part) -> str:
        """Post a part, unless it turns out to be there already.

        One that may be there, where Slack does not let us look, is posted with `REPEATED` above it.

        Returns the message's id; of an upload the file's, as Slack names no message, and "" for a `response_url`.

        Raises:
            PlatformError: it is not there, or that cannot be known now.
        """
        await self._status_line.settle()
        if part.repeated or part.key in self._unknown:
            found = await self._find(part)
            if found:
                return found
            if found is None:
                part = replace(part, text=f"{REPEATED}\n\n{part.text}".strip())
        try:
            sent = await (self._upload(part) if part.attachments else self._post(part))
        except TROUBLE as error:
            if uncertain(error):
                self._unknown.add(part.key)
                found = await self._find(part)
                if found:
                    return found
            raise failure(error, "upload the files" if part.attachments else "post the answer") from error
        self._status_line.gone()
        self._sent.add(sent)
        return sent

    async def _find(self, part: Part) -> str | None:
        """Return the id of the message that holds a part, "" where there is none, None where nobody can tell.

        Raises:
            PlatformError: that cannot be known now.
        """
        try:
            found = await find(self._client, self._message, part, others=self._sent | part.known)
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
                return await self._post_message(part)
            except SlackApiError as error:
                if code(error) not in _NOT_HERE or not self._message.origin.get(_RESPONSE_URL):
                    raise
                self._outside = True
        return await self._respond(part)

    async def _post_message(self, part: Part, *, blocks: bool = True) -> str:
        message: JsonObject = {
            "channel": self._place.channel,
            **content(part.text, blocks=blocks),
            "metadata": metadata(self._message, part),
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if self._place.thread:
            message["thread_ts"] = self._place.thread
        try:
            answer = await self._client.api_call("chat.postMessage", json=message)
        except SlackApiError as error:
            if blocks and code(error) in _BAD_BLOCKS:
                return await self._post_message(part, blocks=False)
            raise
        return str(answer.get("ts") or "")

    async def _respond(self, part: Part, *, blocks: bool = True) -> str:
        """Answer a command in a channel the bot is not in, where what was posted cannot be read back."""
        address = self._message.origin[_RESPONSE_URL]
        webhook = AsyncWebhookClient(
            address,
            timeout=TIMEOUT,
            retry_handlers=[RateLimitRetry()],
            logger=logging.getLogger("steward.slack.api"),
        )
        if without_proxy(address):
            webhook.proxy = None
        try:
            answer = await webhook.send_dict(
                {
                    **content(part.text, blocks=blocks),
                    "response_type": "in_channel",
                    "unfurl_links": False,
                    "unfurl_media": False,
                }
            )
        except TROUBLE as error:
            if uncertain(error):
                self._unknown.add(part.key)
            raise failure(error, "answer the command") from error
        if blocks and answer.status_code == 400:
            return await self._respond(part, blocks=False)
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
        uploads = [
            {
                "content": attachment.content or b"",
                "filename": attachment.filename,
                "title": inert(attachment.filename),
                "alt_txt": inert(attachment.alt) or None,
            }
            for attachment in part.attachments
        ]
        answer = await self._client.files_upload_v2(
            file_uploads=uploads,
            channel=self._place.channel,
            thread_ts=self._place.thread,
            initial_comment=escape(part.text) or None,
        )
        files = answer.get("files") or [{}]
        return str(files[0].get("id") or "")
