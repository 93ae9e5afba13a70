"""The way of an answer into Discord."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import discord

from bots import text
from bots.discord.adopt import Found, Wanted, find
from bots.discord.body import FILE_LIMIT, MAX_FILES, REQUEST_LIMIT, content, file_limit, nonce, within
from bots.discord.deferrals import Deferrals
from bots.discord.errors import translated
from bots.discord.live import Live
from bots.discord.place import Place
from bots.discord.preview import Preview, page_key
from bots.discord.progress import MAX_PIECE
from bots.discord.rest import Rest
from bots.links import Links
from core.errors import PlatformError
from core.events import Event
from core.messages import Attachment, Message, Reply, Turn
from core.outlet import Note, Part

_SEND_SECONDS: Final = 120.0
_TYPING_SECONDS: Final = 8.0
"""Discord shows for ten seconds that somebody types."""

_TOO_LARGE: Final = 413
_PAGES: Final = 10
"""Messages of progress that an answer is looked for in."""


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
        if batches[-1] and (len(together) > MAX_FILES or size > REQUEST_LIMIT):
            batches.append((file,))
        else:
            batches[-1] = together
    return batches


class DiscordDraft:
    """One answer; it needs only the turn and a client that is logged in.

    Args:
        turn: what is answered.
        rest: gives the client, or raises `PlatformError` while there is none.
        deferrals: the commands that are not acknowledged yet.
        links: which links stay live.
        note: stores the ids of messages that show progress.
        every: seconds between two edits of what is shown.
    """

    def __init__(
        self, turn: Turn, rest: Callable[[], Rest], deferrals: Deferrals, *, links: Links, note: Note, every: float
    ) -> None:
        self._turn = turn
        self._message = turn.message
        self._links = links
        self._place = Place(turn.message, rest, deferrals)
        self._live = Live(turn, self._place, note)
        self._preview = Preview(turn, self._place, self._live, links, every=every)
        self._unsure: set[str] = set()
        self._sent: set[str] = set()
        self._file_limit = file_limit(turn.message) or REQUEST_LIMIT
        # a deferred interaction says "is thinking…" by itself, and a question that was removed gets no answer
        types = _asks(turn.message) and not self._place.by_token
        self._typing = asyncio.create_task(self._type()) if types else None

    async def show(self, event: Event) -> None:
        """Show progress in messages that are edited, and whose place the parts then take."""
        self._preview.take(event)

    async def send(self, part: Part) -> str:
        """Send one part in the place of what is shown, as a reply to the question, or as an answer to the command.

        One that may have been sent before is looked for; where that is not possible, it says so itself. A file that is
        too large is named in the text instead.

        Raises:
            PlatformError: with `permanent` where sending again cannot succeed.
        """
        await self._preview.settle()
        part = within(replace(part, text=self._links.inert(part.text)), self._file_limit)
        with translated():
            try:
                message_id = await self._try(part)
            except discord.HTTPException as error:
                smaller = within(part, FILE_LIMIT)
                if error.status != _TOO_LARGE or smaller == part:
                    raise
                message_id = await self._try(smaller)
        self._sent.add(message_id)
        self._live.keep(message_id)
        return message_id

    async def clear(self) -> None:
        """Delete the messages that showed progress, or an earlier answer, and whose place no part took.

        Raises:
            PlatformError: with `permanent` where trying again cannot succeed.
        """
        await self._preview.settle()
        with translated():
            async with asyncio.timeout(_SEND_SECONDS):
                rest = await self._place.ready()
                await self._live.find(rest)
                await self._live.clear(rest)

    async def close(self) -> None:
        """Stop typing, and following the work; what is shown stays for the next attempt."""
        await self._preview.close()
        if self._typing is not None:
            self._typing.cancel()
            await asyncio.gather(self._typing, return_exceptions=True)

    async def _try(self, part: Part) -> str:
        """Send a part, and remember where it is not known whether that was done."""
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                return await self._send(part)
        except discord.HTTPException as error:
            if error.status >= 500:
                self._unsure.add(part.key)
            raise
        except BaseException:
            self._unsure.add(part.key)
            raise

    async def _send(self, part: Part) -> str:
        rest = await self._place.ready()
        await self._live.find(rest)
        if part.repeated and self._live.ids:
            # an earlier attempt may have posted it, because what was shown could not be changed
            found = await self._find(rest, part)
            if found.message_id is not None and found.message_id not in self._live.ids:
                self._live.leave_before(found.message_id)
                return found.message_id
        if replaced := await self._live.replace(rest, part):
            return replaced
        if part.opens and (answered := await self._place.answer(rest, part)) is not None:
            return answered
        said = part
        if part.repeated or part.key in self._unsure:
            found = await self._find(rest, part)
            if found.message_id is not None:
                await self._place.edit(rest, found.message_id, part)  # there may be a Stop under it
                return found.message_id
            said = part if found.certain else _marked(part)
        if not part.opens and (answered := await self._place.answer(rest, said)) is not None:
            return answered
        return await self._post(rest, part, said)

    async def _post(self, rest: Rest, part: Part, said: Part) -> str:
        """Post a part, with or without a mark.

        Where Discord may know the nonce from something else, a page of progress whose response was lost or an earlier
        version of the answer, the part is written over that.
        """
        once = self._preview.doubtful or part.key
        written = await self._place.post(rest, said, nonce(self._message, once))
        if once == part.key and self._turn.attempt <= 1:
            return written.id
        self._preview.doubtful = ""
        if written.id not in self._sent | part.known:
            if written.text.strip() == _marked(part).text.strip():
                return written.id
            # also where it says the same: there may be a Stop under it, and none of the part's controls
            await self._live.add(written.id)
            if replaced := await self._live.replace(rest, part):
                return replaced
            if written.text.strip() in _texts(part):
                return written.id
        again = f"{part.key}.again.{self._turn.attempt}"
        return (await self._place.post(rest, said, nonce(self._message, again))).id

    async def _find(self, rest: Rest, part: Part) -> Found:
        """Look for a part among our messages after the question.

        A nonce is known for some minutes only, and follow-ups to a command have none.
        """
        origin = self._message.origin
        after = origin.get("message_id") or origin.get("interaction_id")
        if after is None:
            return Found(certain=False)
        wanted = Wanted(
            authors={rest.bot_id, rest.application_id},
            texts=_texts(part),
            sizes=tuple(len(attachment.content or b"") for attachment in part.attachments),
            nonce=nonce(self._message, part.key),
            nonces={nonce(self._message, page_key(self._turn, number)) for number in range(_PAGES)},
            question=self._place.question if part.opens else None,
            by_command="interaction_token" in origin,
            others=self._sent | part.known | {*self._live.left},
        )
        return await find(rest, self._place.channel_id, wanted, after=after)

    async def _type(self) -> None:
        while not self._preview.visible:
            try:
                with translated():
                    rest = await self._place.ready()
                    await rest.typing(self._place.channel_id)
            except PlatformError as error:
                if error.permanent:
                    return
            await asyncio.sleep(_TYPING_SECONDS)


def _asks(message: Message) -> bool:
    return bool(message.text or message.attachments or message.direct)


def _texts(part: Part) -> frozenset[str]:
    """Return what a message with this part may say."""
    return frozenset(content(each).strip() for each in (part, _marked(part)))


def _marked(part: Part) -> Part:
    """Let a part say that it may be a repetition."""
    return replace(part, text=f"{text.REPEATED}\n{part.text}".strip())
