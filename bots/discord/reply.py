"""The way of an answer into Discord."""

import asyncio
import hashlib
import io
import logging
from collections.abc import Callable, Sequence
from typing import Final

import discord
from discord.http import MultipartParameters, handle_message_parameters
from pydantic import ValidationError

from bots import text
from bots.discord.adopt import adopt
from bots.discord.deferrals import Deferrals
from bots.discord.errors import translated
from bots.discord.rest import Rest
from core.errors import PlatformError
from core.events import Event
from core.messages import Attachment, Message, Reply, Turn
from core.outlet import Part

log = logging.getLogger("steward.discord")

MAX_TEXT: Final = 2000
MAX_FILES: Final = 10
MAX_FILE_BYTES: Final = 24 * 1024 * 1024
"""Bytes of all files in one message: a request may have 25 MiB."""
_MAX_ALT = 1024

_SEND_SECONDS = 120.0
_TYPING_SECONDS = 8.0
"""Discord shows for ten seconds that somebody types."""

# a reply needs the question (10008, 50035 for a deleted one) and the permission to read the history (160002)
_NO_QUESTION = (10008, 50035, 160002)


def split(reply: Reply) -> Sequence[Reply]:
    """Divide a reply into messages: texts of up to 2,000 characters, files with the last of them, ten to a message."""
    texts = text.split(reply.text, MAX_TEXT) or [""]
    first, *more = _batches(reply.attachments)
    pieces = [Reply(text=piece) for piece in texts[:-1]]
    pieces.append(Reply(text=texts[-1], attachments=first))
    return [piece for piece in [*pieces, *(Reply(attachments=batch) for batch in more)] if piece != Reply()]


def _batches(files: Sequence[Attachment]) -> list[tuple[Attachment, ...]]:
    batches: list[tuple[Attachment, ...]] = [()]
    for file in files:
        together = (*batches[-1], file)
        size = sum(len(each.content or b"") for each in together)
        if batches[-1] and (len(together) > MAX_FILES or size > MAX_FILE_BYTES):
            batches.append((file,))
        else:
            batches[-1] = together
    return batches


def nonce(message: Message, part: Part) -> str:
    """Name a part of the answer to a message in at most 25 characters.

    Discord answers a second request with a nonce it knows with the message that it wrote at the first. The question's
    id is part of it because the numbers of turns begin again with a new database.
    """
    return hashlib.blake2b(f"{message.id} {part.key}".encode(), digest_size=12).hexdigest()


class DiscordDraft:
    """One answer; it needs only the question's `origin` and a client that is logged in.

    Args:
        rest: gives the client, or raises `PlatformError` while there is none.
        deferrals: the commands that are not acknowledged yet.
    """

    def __init__(self, turn: Turn, rest: Callable[[], Rest], deferrals: Deferrals) -> None:
        self._message = turn.message
        self._origin = turn.message.origin
        self._rest = rest
        self._deferrals = deferrals
        self._unsure = False
        self._sent: set[str] = set()
        # a deferred interaction says "is thinking…" by itself
        self._typing = None if "interaction_token" in self._origin else asyncio.create_task(self._type())

    async def show(self, event: Event) -> None:
        """Show nothing more: that the bot types, or thinks, is already there."""

    async def send(self, part: Part) -> str:
        """Send one part as a reply to the question, or as an answer to the command.

        Raises:
            PlatformError: with `permanent` where sending again cannot succeed.
        """
        with translated():
            try:
                async with asyncio.timeout(_SEND_SECONDS):
                    message_id = await self._find(part) or await self._send(part)
            except (discord.HTTPException, PlatformError):
                raise
            except BaseException:
                self._unsure = True
                raise
        self._sent.add(message_id)
        return message_id

    async def close(self) -> None:
        """Stop typing."""
        if self._typing is not None:
            self._typing.cancel()
            await asyncio.gather(self._typing, return_exceptions=True)

    async def _send(self, part: Part) -> str:
        token, application_id = self._origin.get("interaction_token"), self._origin.get("application_id", "")
        if token is None:
            return await self._reply(part)
        await self._deferrals.settled(self._origin.get("interaction_id", ""))
        try:
            if _is_first(part):
                return await self._rest().edit_response(application_id, token, self._parameters(part))
            return await self._rest().follow_up(application_id, token, self._parameters(part))
        except discord.HTTPException as error:
            # the token is good for 15 minutes; then it is 401 with 50027, or 404 where it was never deferred
            if error.status not in (401, 404):
                raise
            log.info("the interaction of %s has expired: answering in the channel", self._message.id)
        return await self._post(part)

    async def _reply(self, part: Part) -> str:
        question = self._origin.get("message_id")
        if question is None or not _is_first(part):
            return await self._post(part)
        try:
            return await self._post(part, question)
        except discord.HTTPException as error:
            if error.code not in _NO_QUESTION:
                raise
        return await self._post(part)

    async def _post(self, part: Part, question: str | None = None) -> str:
        parameters = self._parameters(part, question=question, once=True)
        return await self._rest().send(self._origin["channel_id"], parameters)

    def _parameters(self, part: Part, *, question: str | None = None, once: bool = False) -> MultipartParameters:
        reference: discord.types.message.MessageReference = {
            "message_id": question or "",
            "channel_id": self._origin["channel_id"],
            "fail_if_not_exists": False,
        }
        return handle_message_parameters(
            content=part.text or discord.utils.MISSING,
            files=[_file(attachment) for attachment in part.attachments] or discord.utils.MISSING,
            nonce=nonce(self._message, part) if once else None,
            message_reference=reference if question else discord.utils.MISSING,
            allowed_mentions=discord.AllowedMentions.none(),
            flags=discord.MessageFlags(suppress_embeds=True),
        )

    async def _find(self, part: Part) -> str | None:
        """Look for this part among our messages after the question, where it may have been sent without our knowing.

        A nonce is known for some minutes only, and follow-ups to a command have none; editing the deferred answer to
        a command again does no harm.
        """
        question = self._origin.get("message_id")
        after = question or self._origin.get("interaction_id")
        if not (self._unsure or part.repeated) or after is None or (question is None and _is_first(part)):
            return None
        rest = self._rest()
        try:
            found = await rest.messages(self._origin["channel_id"], after=after)
            replied = question if _is_first(part) else None
            return adopt(found, part, bot_id=rest.bot_id, question=replied, known=self._sent)
        except (discord.HTTPException, ValidationError):
            return None  # the history may not be read here; then a nonce is all there is

    async def _type(self) -> None:
        while True:
            try:
                with translated():
                    await self._rest().typing(self._origin["channel_id"])
            except PlatformError as error:
                if error.permanent:
                    return
            await asyncio.sleep(_TYPING_SECONDS)


def _is_first(part: Part) -> bool:
    return part.key.rpartition(".")[2] == "0"


def _file(attachment: Attachment) -> discord.File:
    content = io.BytesIO(attachment.content or b"")
    return discord.File(content, attachment.filename, description=attachment.alt[:_MAX_ALT] or None)
