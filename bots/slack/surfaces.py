"""What the app shows besides its answers: forms, its Home tab, suggested prompts, titles, and lines for one person.

All of it has to come at once or not at all, so nothing is tried again.
"""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from typing import Final, TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from bots.links import Links
from bots.slack.api import TROUBLE, failure
from bots.slack.blocks import content
from bots.slack.pieces import LIMIT
from bots.slack.respond import respond_privately
from bots.text import split
from core.errors import PlatformError
from core.messages import Conversation, JsonObject, Message

log = logging.getLogger("steward.slack")

PATIENCE: Final = 2.0
"""Seconds for opening a form: a trigger is good for three (https://docs.slack.dev/reference/methods/views.open)."""

LAST_WORDS: Final = 1.0
"""Seconds that what was begun has at the end."""

ANNOUNCED: Final = "steward_question"
"""The type of the metadata of what was said through a form."""

T = TypeVar("T")

_MOST_PIECES: Final = 3
_LONGEST_QUESTION: Final = 2000
_LONGEST_TITLE: Final = 200
"""https://docs.slack.dev/reference/methods/agents.sessions.rename"""


class Surfaces:
    """Shows things, with a client that is not patient; what is begun goes on beside the acknowledgement."""

    def __init__(self, client: AsyncWebClient, links: Links) -> None:
        self._client = client
        self._links = links
        self._begun: set[asyncio.Task[object]] = set()

    async def close(self) -> None:
        """End what was begun, after a moment."""
        begun = tuple(self._begun)
        if begun:
            await asyncio.wait(begun, timeout=LAST_WORDS)
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)

    def begin(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        """Do something beside the acknowledgement; it must not raise where nobody awaits it."""
        task = asyncio.get_running_loop().create_task(work)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return task

    async def open(self, trigger: str, view: JsonObject) -> None:
        """Open a form for the person who triggered it.

        Raises:
            PlatformError: it could not be opened.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                await self._client.api_call("views.open", json={"trigger_id": trigger, "view": view})
        except TROUBLE as error:
            raise failure(error, "open the form") from error

    async def publish(self, person: str, view: JsonObject) -> None:
        """Show a Home tab, best effort."""
        await self._call("views.publish", {"user_id": person, "view": view})

    def suggest(self, channel: str, prompts: Sequence[JsonObject], *, thread: str = "") -> None:
        """Suggest what to ask first.

        Args:
            channel: the direct message.
            prompts: with title and message.
            thread: of an app that still has the older assistant view; with a thread the call fails for others.
        """
        if prompts:
            place = {"channel_id": channel, **({"thread_ts": thread} if thread else {})}
            self.begin(self._call("assistant.threads.setSuggestedPrompts", {**place, "prompts": list(prompts)}))

    def entitle(self, channel: str, thread: str, title: str) -> None:
        """Give a thread of the assistant view a title."""
        line = " ".join(title.split())[:_LONGEST_TITLE]
        if line:
            arguments = {"channel_id": channel, "thread_ts": thread, "title": line}
            self.begin(self._call("assistant.threads.setTitle", arguments))

    def whisper(self, place: Conversation, person: str, markdown: str, *, response_url: str = "") -> None:
        """Tell a person something that nobody else sees; the address is for a channel the bot is not in."""
        if markdown.strip():
            self.begin(self._whisper(place, person, markdown, response_url))

    def announce(self, message: Message, markdown: str) -> None:
        """Show everybody what a person said through a form, which Slack itself shows to nobody."""
        short = markdown if len(markdown) <= _LONGEST_QUESTION else f"{markdown[: _LONGEST_QUESTION - 1]}…"
        self.begin(self._announce(message, self._links.inert(short)))

    async def _announce(self, message: Message, markdown: str) -> None:
        place = message.conversation
        said: JsonObject = {
            "channel": place.channel,
            **content(markdown),
            # with metadata of its own it is never taken for an answer that was begun
            "metadata": {"event_type": ANNOUNCED, "event_payload": {"message": message.id}},
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if place.thread:
            said["thread_ts"] = place.thread
        try:
            await self._client.api_call("chat.postMessage", json=said)
        except TROUBLE as error:
            log.info("%s", failure(error, "show a question"))

    async def _call(self, method: str, arguments: Mapping[str, object]) -> None:
        try:
            await self._client.api_call(method, json=dict(arguments))
        except TROUBLE as error:
            log.info("%s", failure(error, f"do {method}"))

    async def _whisper(self, place: Conversation, person: str, markdown: str, response_url: str) -> None:
        for piece in map(self._links.inert, split(self._links.inert(markdown), LIMIT)[:_MOST_PIECES]):
            try:
                await self._post_ephemeral(place, person, piece)
            except TROUBLE as error:
                try:
                    await respond_privately(response_url, piece)
                except (*TROUBLE, PlatformError):
                    log.info("%s", failure(error, "tell somebody something"))
                    return

    async def _post_ephemeral(self, place: Conversation, person: str, piece: str) -> None:
        where = {"channel": place.channel, "user": person}
        thread = {"thread_ts": place.thread} if place.thread else {}
        await self._client.api_call("chat.postEphemeral", json={**where, **thread, **content(piece)})
