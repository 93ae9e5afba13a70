"""Recognising a message that was sent without our knowing, so that it is not sent again."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

import discord
from pydantic import ValidationError

from bots.discord.history import history
from bots.discord.payloads import Payload, UserPayload
from bots.discord.rest import Rest

MOST: Final = 1000
"""Messages after the question that are looked at."""

MOST_UNFINISHED: Final = 300
"""The same, where only an answer that was being made is looked for."""


class _File(Payload):
    size: int = 0


class _Reference(Payload):
    message_id: str | None = None


class _Component(Payload):
    custom_id: str = ""


class _Row(Payload):
    components: tuple[_Component, ...] = ()


class _Sent(Payload):
    id: str
    author: UserPayload
    content: str = ""
    nonce: str | None = None
    attachments: tuple[_File, ...] = ()
    message_reference: _Reference | None = None
    components: tuple[_Row, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a message that may have been sent looks like.

    Attributes:
        texts: what it may say; it is the same message with and without a mark.
        sizes: of its files, in bytes.
        nonces: of messages in whose place it may have been written.
        question: the id of the message it replies to; None where it replies to none.
        by_command: it answers a command, and Discord says as it likes what that replies to.
        others: the ids of messages that are known to be something else.
    """

    authors: AbstractSet[str]
    texts: AbstractSet[str]
    sizes: tuple[int, ...]
    nonce: str
    nonces: AbstractSet[str] = frozenset()
    question: str | None
    by_command: bool
    others: AbstractSet[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look at the history showed.

    Attributes:
        message_id: of the message, None where it is not there.
        certain: everything was seen in which it could be.
    """

    message_id: str | None = None
    certain: bool = True


async def find(rest: Rest, channel_id: str, wanted: Wanted, *, after: str) -> Found:
    """Look for a message among those that came after another one.

    Raises:
        HTTPException: Discord failed for now; where it refuses, nothing is certain.
    """
    seen, alike = 0, 0
    try:
        async for message in history(rest, channel_id, after=after, most=MOST):
            seen += 1
            sent = _Sent.model_validate(message)
            if _is(sent, wanted):
                return Found(message_id=sent.id)
            alike += _is_alike(sent, wanted)
        return Found(certain=seen < MOST and not alike and (seen > 0 or await _readable(rest, channel_id)))
    except discord.HTTPException as error:
        if error.status >= 500 or error.status == 429:
            raise
    except ValidationError:
        pass
    return Found(certain=False)


async def find_unfinished(rest: Rest, channel_id: str, control: str, *, after: str) -> list[str]:
    """Return the ids of our messages under which a control stands, oldest first; what Discord refuses to show is none.

    Raises:
        HTTPException: Discord failed for now.
    """
    own, ids = {rest.bot_id, rest.application_id}, []
    try:
        async for message in history(rest, channel_id, after=after, most=MOST_UNFINISHED):
            sent = _Sent.model_validate(message)
            if sent.author.id in own and any(
                each.custom_id == control for row in sent.components for each in row.components
            ):
                ids.append(sent.id)
    except discord.HTTPException as error:
        if error.status >= 500 or error.status == 429:
            raise
    except ValidationError:
        pass
    return ids


async def _readable(rest: Rest, channel_id: str) -> bool:
    """Tell whether the bot may read what was said; to one that may not, Discord shows an empty history."""
    return bool(await rest.messages(channel_id, limit=1))


def _is(sent: _Sent, wanted: Wanted) -> bool:
    if sent.nonce == wanted.nonce:
        return sent.author.id in wanted.authors
    return _is_alike(sent, wanted) and (wanted.by_command or _replied(sent) == wanted.question)


def _is_alike(sent: _Sent, wanted: Wanted) -> bool:
    """Tell whether a message says the same; its reference is missing where the question was deleted meanwhile."""
    if sent.author.id not in wanted.authors or sent.id in wanted.others:
        return False
    if sent.nonce is not None and sent.nonce not in wanted.nonces:
        return False
    same = sent.content.strip() in wanted.texts and tuple(file.size for file in sent.attachments) == wanted.sizes
    return same and (wanted.by_command or _replied(sent) in (None, wanted.question))


def _replied(sent: _Sent) -> str | None:
    return sent.message_reference.message_id if sent.message_reference else None
