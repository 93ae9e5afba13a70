"""The way of an answer into Discord."""

import asyncio
import hashlib
import io
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import discord
from discord.http import MultipartParameters, handle_message_parameters

from bots import text
from bots.discord.adopt import Found, Wanted, find
from bots.discord.deferrals import Deferrals
from bots.discord.errors import translated
from bots.discord.rest import Rest
from core.errors import PlatformError
from core.events import Event
from core.messages import Attachment, Message, Reply, Turn
from core.outlet import Part

if TYPE_CHECKING:
    from discord.types.message import MessageReference

log = logging.getLogger("steward.discord")

MAX_TEXT: Final = 2000
MAX_PIECE: Final = 1900
"""Characters of a piece, so that a mark fits above it and the beginning of a note below it."""
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
    """Divide a reply into messages: texts of up to 1,900 characters, files with the last of them, ten to a message."""
    texts = text.split(reply.text, MAX_PIECE) or [""]
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
        self._unsure: set[str] = set()
        self._sent: set[str] = set()
        # a deferred interaction says "is thinking…" by itself
        self._typing = None if "interaction_token" in self._origin else asyncio.create_task(self._type())

    async def show(self, event: Event) -> None:
        """Show nothing more: that the bot types, or thinks, is already there."""

    async def send(self, part: Part) -> str:
        """Send one part as a reply to the question, or as an answer to the command.

        One that may have been sent before is looked for; where that is not possible, it says so itself.

        Raises:
            PlatformError: with `permanent` where sending again cannot succeed.
        """
        rest = self._rest()
        with translated():
            try:
                async with asyncio.timeout(_SEND_SECONDS):
                    message_id = await self._send(rest, part)
            except discord.HTTPException as error:
                if error.status >= 500:
                    self._unsure.add(part.key)
                raise
            except BaseException:
                self._unsure.add(part.key)
                raise
        self._sent.add(message_id)
        return message_id

    async def clear(self) -> None:
        """Remove what was shown and not replaced."""

    async def close(self) -> None:
        """Stop typing."""
        if self._typing is not None:
            self._typing.cancel()
            await asyncio.gather(self._typing, return_exceptions=True)

    async def _send(self, rest: Rest, part: Part) -> str:
        token, application_id = self._origin.get("interaction_token"), self._origin.get("application_id", "")
        if token is not None:
            await self._deferrals.settled(self._origin.get("interaction_id", ""))
        if token is not None and part.opens:  # editing the deferred answer once more does no harm
            edited = await self._before_expiry(rest.edit_response(application_id, token, _parameters(part)))
            if edited is not None:
                return edited
        if part.repeated or part.key in self._unsure:
            found = await self._find(rest, part)
            if found.message_id is not None:
                return found.message_id
            part = part if found.certain else _marked(part)
        if token is not None and not part.opens:
            followed = await self._before_expiry(rest.follow_up(application_id, token, _parameters(part)))
            if followed is not None:
                return followed
        return await self._reply(rest, part)

    async def _before_expiry(self, answering: Awaitable[str]) -> str | None:
        """Answer an interaction; None where its token has expired and the answer has to be an ordinary message."""
        try:
            return await answering
        except discord.HTTPException as error:
            # the token is good for 15 minutes; then it is 401 with 50027, or 404 where it was never deferred
            if error.status not in (401, 404):
                raise
        log.info("the interaction of %s has expired: answering in the channel", self._message.id)
        return None

    async def _reply(self, rest: Rest, part: Part) -> str:
        question = self._origin.get("message_id")
        if question is None or not part.opens:
            return await self._post(rest, part)
        try:
            return await self._post(rest, part, question)
        except discord.HTTPException as error:
            if error.code not in _NO_QUESTION:
                raise
        return await self._post(rest, part)

    async def _post(self, rest: Rest, part: Part, question: str | None = None) -> str:
        reference: MessageReference = {
            "message_id": question or "",
            "channel_id": self._origin["channel_id"],
            "fail_if_not_exists": False,
        }
        once = nonce(self._message, part)
        return await rest.send(self._origin["channel_id"], _parameters(part, reference if question else None, once))

    async def _find(self, rest: Rest, part: Part) -> Found:
        """Look for a part among our messages after the question.

        A nonce is known for some minutes only, and follow-ups to a command have none.
        """
        question = self._origin.get("message_id")
        after = question or self._origin.get("interaction_id")
        if after is None:
            return Found(certain=False)
        wanted = Wanted(
            authors={rest.bot_id, rest.application_id},
            texts={_content(part).strip(), _content(_marked(part)).strip()},
            sizes=tuple(len(attachment.content or b"") for attachment in part.attachments),
            nonce=nonce(self._message, part),
            question=question if part.opens else None,
            by_command=question is None,
            others=self._sent | part.known,
        )
        return await find(rest, self._origin["channel_id"], wanted, after=after)

    async def _type(self) -> None:
        while True:
            try:
                with translated():
                    await self._rest().typing(self._origin["channel_id"])
            except PlatformError as error:
                if error.permanent:
                    return
            await asyncio.sleep(_TYPING_SECONDS)


def _marked(part: Part) -> Part:
    """Let a part say that it may be a repetition."""
    return replace(part, text=f"{text.REPEATED}\n{part.text}".strip())


def _content(part: Part) -> str:
    """Return the text; what is over the limit is the end of a note that was added to a piece."""
    return part.text if len(part.text) <= MAX_TEXT else f"{part.text[: MAX_TEXT - 1]}…"


def _parameters(
    part: Part, reference: "MessageReference | None" = None, once: str | None = None
) -> MultipartParameters:
    return handle_message_parameters(
        content=_content(part) or discord.utils.MISSING,
        files=[_file(attachment) for attachment in part.attachments] or discord.utils.MISSING,
        nonce=once,
        message_reference=reference or discord.utils.MISSING,
        allowed_mentions=discord.AllowedMentions.none(),
        flags=discord.MessageFlags(suppress_embeds=True),
    )


def _file(attachment: Attachment) -> discord.File:
    content = io.BytesIO(attachment.content or b"")
    return discord.File(content, attachment.filename, description=attachment.alt[:_MAX_ALT] or None)
