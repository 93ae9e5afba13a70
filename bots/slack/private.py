"""What a command is answered with, for the one person who used it: ephemeral messages, and files sent directly.

The address of a command takes five messages within 30 minutes:
https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from slack_sdk.web.async_client import AsyncWebClient

from bots.links import Links
from bots.slack.api import TROUBLE, failure
from bots.slack.blocks import content
from bots.slack.pieces import inert_split
from bots.slack.respond import respond_privately
from bots.slack.surfaces import Surfaces
from bots.slack.uploads import upload
from core.errors import PlatformError
from core.messages import Attachment, Conversation, JsonObject, Reply
from core.outlet import Part

log = logging.getLogger("steward.slack")

MOST_TEXTS: Final = 4
"""Ephemeral messages of one reply; the address takes one more, for what went wrong."""

Files: TypeAlias = Sequence[tuple[Attachment, ...]]
"""Files, in groups that make one message each."""

_TOO_LONG: Final = "This is too long to be shown here."
_COMING: Final = "Files come to you alone, in our direct messages."


class Private:
    """Answers one person.

    Args:
        client: sends the files.
        surfaces: keeps what goes on beside the acknowledgement.
        links: which links stay live.
        team: the workspace the bot is in.
    """

    def __init__(self, client: AsyncWebClient, surfaces: Surfaces, links: Links, *, team: str) -> None:
        self._client = client
        self._surfaces = surfaces
        self._links = links
        self._team = team

    def acknowledge(self, reply: Reply, person: str, address: str) -> JsonObject:
        """Return the acknowledgement that shows a reply; what has no room in it follows at the command's address."""
        texts, files = laid_out(reply, self._links)
        shown = texts if len(texts) == 1 else []
        if files or not shown:
            self._surfaces.begin(self._send(texts[len(shown) :], files, person, address))
        return {"response_type": "ephemeral", **content(shown[0])} if shown else {}

    async def send(self, reply: Reply, person: str, address: str) -> None:
        """Show a reply after the acknowledgement; never raises."""
        texts, files = laid_out(reply, self._links)
        await self._send(texts, files, person, address)

    async def _send(self, texts: Sequence[str], files: Files, person: str, address: str) -> None:
        for said in texts:
            await self._say(said, address)
        if not files:
            return
        try:
            await self._upload(files, person)
        except (*TROUBLE, PlatformError) as error:
            problem = failure(error, "send you the file")
            log.warning("%s", problem)
            await self._say(str(problem), address)

    async def _say(self, said: str, address: str) -> None:
        try:
            await respond_privately(address, said)
        except (*TROUBLE, PlatformError) as error:
            log.warning("%s", failure(error, "answer a command"))

    async def _upload(self, files: Files, person: str) -> None:
        opened = (await self._client.conversations_open(users=[person])).get("channel")
        channel = opened.get("id") if isinstance(opened, dict) else None
        if not isinstance(channel, str) or not channel:
            raise PlatformError("Slack did not open our direct messages, so that I cannot send you the file.")
        place = Conversation(platform="slack", workspace=self._team, channel=channel)
        for group in files:
            await upload(self._client, place, Part(key="", attachments=group), links=self._links)


def laid_out(reply: Reply, links: Links) -> tuple[list[str], Files]:
    """Return a reply as texts of ephemeral messages and files to send directly, dropping nothing; pure.

    A text that is too long for that becomes a file.
    """
    pieces = inert_split(reply, links)
    texts = [piece.text for piece in pieces if piece.text]
    if len(texts) > MOST_TEXTS:
        whole = Attachment(filename="answer.md", media_type="text/markdown", content=links.inert(reply.text).encode())
        return laid_out(replace(reply, text=_TOO_LONG, attachments=(whole, *reply.attachments)), links)
    files = [piece.attachments for piece in pieces if piece.attachments]
    if files:
        texts[-1] = f"{texts[-1]}\n\n{_COMING}"
    return texts, files
