"""Where the messages of one answer stand: behind a command, in a thread opened for it, or in the question's channel."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

import discord
from discord.http import MultipartParameters

from bots.discord.body import created, edited
from bots.discord.deferrals import Deferrals
from bots.discord.overflow import attach
from bots.discord.rest import Rest, Written
from core.errors import PlatformError
from core.messages import Message
from core.outlet import Part

log = logging.getLogger("steward.discord")

EXPIRED: Final = "This took longer than the 15 minutes in which Discord takes my answer here. Please ask once more."

# a reply needs the question (10008, 50035 for a deleted one) and the permission to read the history (160002)
_NO_QUESTION = (10008, 50035, 160002)
_NO_MESSAGE = 10008
_NO_MORE_ANSWERS = 40094
# the token is good for 15 minutes; then it is 401 with 50027, or 404 where it was never deferred
_EXPIRED = (401, 404)
# gone; another's; in a thread that is archived; edited too often an hour after it was written
_NOT_EDITABLE = (10008, 50005, 50083, 30046)
# whatever the code: the server does not know what is asked of it; Discord itself gives its reason a code
_UNKNOWN = (404, 405, 501)
_REFUSED = (403, *_UNKNOWN)
_GONE = (10003, 10008)
_THREAD_IS_THERE = 160004
_LONGEST_TITLE = 80
_LINK = re.compile(r"https?://\S+")
_MARKUP = re.compile(r"[`*_~|>#\[\]()\\]+")

_T = TypeVar("_T")


class Place:
    """Writes, changes and deletes messages there.

    A command is answered with its token for 15 minutes, then with ordinary messages in its channel; where only the
    person who used it installed the bot, the token is the only way, and good for five answers after the first:
    https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages

    Every method but `ready` raises what the library raises, and `PlatformError` where there is no way.

    Args:
        message: the question.
        rest: gives the client, or raises `PlatformError` while there is none.
        deferrals: the commands that are not acknowledged yet.

    Attributes:
        channel_id: of the channel or thread.
        question: the id of the message to reply to; None where there is none, or not in this channel.
    """

    def __init__(self, message: Message, rest: Callable[[], Rest], deferrals: Deferrals) -> None:
        origin = message.origin
        self.channel_id = origin["channel_id"]
        self.question = origin.get("message_id")
        self._message = message
        self._rest = rest
        self._deferrals = deferrals
        self._token = origin.get("interaction_token")
        self._application_id = origin.get("application_id", "")
        self._first: str | None = None
        self._token_only = origin.get("installed") == "user"
        self._to_open = origin.get("thread") == "open" and self.question is not None
        self._opening = asyncio.Lock()
        self._refers = True

    @property
    def by_token(self) -> bool:
        """Whether a command is answered, with its token."""
        return self._token is not None

    async def ready(self) -> Rest:
        """Return the API once the command is acknowledged, or the thread is open.

        Raises:
            PlatformError: there is no connection.
            HTTPException: the thread could not be opened now.
        """
        rest = self._rest()
        await self._deferrals.settled(self._message.origin.get("interaction_id", ""))
        async with self._opening:
            if self._to_open:
                await self._open(rest)
                self._to_open = False
        return rest

    async def answer(self, rest: Rest, part: Part) -> str | None:
        """Write a part as the command's answer; None where it has to be an ordinary message.

        The first part takes the place of "is thinking…", and doing that once more does no harm.
        """
        if self._token is None:
            return None
        try:
            if part.opens:
                self._first = await self._by_token(rest.edit_response(self._application_id, self._token, edited(part)))
                return self._first
        except discord.HTTPException as error:
            if error.code != _NO_MESSAGE:
                raise
        try:
            return await self._by_token(rest.follow_up(self._application_id, self._token, created(part)))
        except discord.HTTPException as error:
            if error.code != _NO_MORE_ANSWERS:
                raise
        return await self._by_token(attach(rest, self._application_id, self._token, part))

    async def post(self, rest: Rest, part: Part, nonce: str) -> Written:
        """Write a part as a new message of the channel, the first one as a reply to the question."""
        question = self.question if part.opens and self._refers else None
        try:
            return await rest.post(self.channel_id, created(part, question=question, nonce=nonce))
        except discord.HTTPException as error:
            if question is None or error.code not in _NO_QUESTION:
                raise
        self._refers = False
        return await rest.post(self.channel_id, created(part, nonce=nonce))

    async def edit(self, rest: Rest, message_id: str, part: Part) -> bool:
        """Write a part over one of our messages; False where that cannot be done any more.

        The answer to a command can be changed in its channel too, after its token has expired:
        https://github.com/discord/discord-api-docs/issues/3090
        """
        body = partial(edited, part)
        try:
            written = await self._either(
                lambda token: self._edit_answer(rest, token, message_id, body()),
                lambda: rest.edit(self.channel_id, message_id, body()),
            )
        except discord.HTTPException as error:
            if error.code not in _NOT_EDITABLE and error.status not in _REFUSED:
                raise
            if error.code == 0 and error.status in _UNKNOWN:
                rest.edits = False
            return False
        if not written:
            rest.edits = False
        return bool(written)

    async def _edit_answer(self, rest: Rest, token: str, message_id: str, body: MultipartParameters) -> str:
        if message_id == self._first:
            return await rest.edit_response(self._application_id, token, body)
        return await rest.edit_answer(self._application_id, token, message_id, body)

    async def delete(self, rest: Rest, message_id: str) -> None:
        """Delete one of our messages; one that is gone is no failure."""
        try:
            await self._either(
                lambda token: rest.delete_answer(self._application_id, token, message_id),
                lambda: rest.delete(self.channel_id, message_id),
            )
        except discord.HTTPException as error:
            if error.code not in _GONE:
                raise

    async def _either(self, by_token: Callable[[str], Awaitable[str]], in_channel: Callable[[], Awaitable[str]]) -> str:
        """Change a message with the command's token, or in the channel, where the token does not reach it."""
        if self._token is not None:
            try:
                if (changed := await self._by_token(by_token(self._token))) is not None:
                    return changed
            except discord.HTTPException as error:
                if error.code != _NO_MESSAGE or self._token_only:
                    raise
        return await in_channel()

    async def _by_token(self, answering: Awaitable[_T]) -> _T | None:
        """Answer a command; None where its token has expired or is not taken, and the channel is the way."""
        try:
            return await answering
        except discord.HTTPException as error:
            if error.status not in (*_EXPIRED, *_REFUSED) or error.code in (_NO_MESSAGE, _NO_MORE_ANSWERS):
                raise
            if self._token_only:
                if error.status not in _EXPIRED:
                    raise
                raise PlatformError(EXPIRED, permanent=True) from error
            log.info("the interaction of %s is answered in the channel: %s", self._message.id, error)
        self._token = None
        return None

    async def _open(self, rest: Rest) -> None:
        """Open a thread at the question, which has its id; where that is refused, the channel has to do.

        https://discord.com/developers/docs/resources/channel#start-thread-from-message
        """
        assert self.question is not None, "a thread is opened at a message"
        try:
            await rest.open_thread(self.channel_id, self.question, title(self._message))
        except discord.HTTPException as error:
            if error.status >= 500 or error.status == 429:
                raise
            if error.code != _THREAD_IS_THERE and not (error.code == _NO_MESSAGE and await self._outlives(rest)):
                log.info("no thread for %s: %s", self._message.id, error)
                return
        self.channel_id, self.question = self.question, None

    async def _outlives(self, rest: Rest) -> bool:
        """Tell whether the thread is there although the question, at which it was opened, was deleted."""
        try:
            await rest.channel(self.question or "")
        except discord.HTTPException as error:
            if error.status >= 500 or error.status == 429:
                raise
            return False
        return True


def title(message: Message) -> str:
    """Return a thread's name: the beginning of the question, in at most 80 characters."""
    words = _MARKUP.sub("", _LINK.sub(" ", message.text)).split()
    while len(" ".join(words)) > _LONGEST_TITLE and len(words) > 1:
        words.pop()
    return " ".join(words)[:_LONGEST_TITLE] or f"Question from {message.author.name}"[:_LONGEST_TITLE]
