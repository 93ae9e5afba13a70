"""Finding a part that was already sent: Slack has no idempotency key, so our own messages are read back.

Text parts carry their key in the message's metadata. Uploads cannot, so they are known by name and size. Reading
metadata back follows https://docs.slack.dev/messaging/message-metadata and could not be proven against Slack itself;
a message that comes without it is known by its words.
"""

import re
from collections.abc import AsyncGenerator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from typing import Final

from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.fields import objects
from bots.slack.markup import plain
from bots.slack.pages import pages
from core.errors import PlatformError
from core.messages import JsonObject, Message, Turn
from core.outlet import Part

EVENT_TYPE: Final = "steward_part"

MOST_PAGES: Final = 10
"""Pages read after the question; an answer that is further away is not found."""

_CLOCK_SKEW: Final = 300.0
_EMOJI: Final = re.compile(r":[\w+-]+:")
_BETWEEN_WORDS: Final = re.compile(r"\W+")


def metadata(message: Message, part: Part) -> JsonObject:
    """Return the metadata that marks a message as a part of the answer to a message.

    The question is named because the numbers of turns begin again with a new database.
    """
    return {"event_type": EVENT_TYPE, "event_payload": {"key": part.key, "question": message.id}}


def live_metadata(turn: Turn) -> JsonObject:
    """Return the metadata that marks a message as one that shows how the answer to a turn is made."""
    return {"event_type": EVENT_TYPE, "event_payload": {"key": f"{turn.id}.live", "question": turn.message.id}}


async def find(client: AsyncWebClient, message: Message, part: Part, *, others: AbstractSet[str]) -> str | None:
    """Return the id of the message that holds a part of this message's answer, None where there is none.

    `others` are the ids of messages and files that are known to be other parts, however much they look like this one.

    Raises what slack-sdk and aiohttp do, where Slack could not be asked.

    Raises:
        PlatformError: so much was said since that not all of it was read; permanent.
    """
    async with aclosing(_posts_since(client, message)) as found:
        async for post in found:
            if not _is_one_of(post, others) and _holds(post, message, part):
                return str(post["ts"])
    return None


async def unfinished(client: AsyncWebClient, turn: Turn, *, others: AbstractSet[str]) -> list[str]:
    """Return the ids of our messages that show how a turn's answer is made, and that nobody wrote down; oldest first.

    A stream carries no metadata before it is stopped (https://docs.slack.dev/reference/methods/chat.startStream), so
    it is known by its place: in the thread, after the question, ours, without metadata and files.

    Raises what slack-sdk and aiohttp do, and `PlatformError`, as `find` does.
    """
    ours = ""
    ids: list[str] = []
    async with aclosing(_posts_since(client, turn.message)) as found:
        async for post in found:
            if _is_one_of(post, others) or not _is_unfinished(post, turn):
                continue
            ours = ours or str((await client.auth_test()).get("bot_id"))
            if post.get("bot_id") == ours:
                ids.append(str(post["ts"]))
    return sorted(ids, key=float)


def _is_unfinished(post: Mapping[str, object], turn: Turn) -> bool:
    if isinstance(post.get("metadata"), dict):
        return post["metadata"] == live_metadata(turn)
    return turn.message.conversation.thread is not None and not post.get("files")


async def _posts_since(client: AsyncWebClient, message: Message) -> AsyncGenerator[Mapping[str, object], None]:
    """Yield what bots said after the question, where it was asked."""
    place = message.conversation
    # A command has no message id to begin at, only the time of our own clock.
    oldest = message.origin.get("ts") or f"{message.sent_at - _CLOCK_SKEW:.6f}"
    arguments: dict[str, object] = {"channel": place.channel, "oldest": oldest, "include_all_metadata": True}
    if place.thread:
        arguments["ts"] = place.thread
    method = "conversations.replies" if place.thread else "conversations.history"
    async with aclosing(pages(client, method, arguments, items="messages")) as found:
        read = 0
        async for page in found:
            if read == MOST_PAGES:
                raise PlatformError("Too much was said since the question to look through all of it.", permanent=True)
            read += 1
            for post in objects(page):
                # A thread's root comes with every page of its replies, and may be ours; nothing before counts.
                if post.get("bot_id") and float(str(post.get("ts") or 0)) > float(oldest):
                    yield post


def _is_one_of(post: Mapping[str, object], others: AbstractSet[str]) -> bool:
    files = post.get("files")
    ids = [file.get("id") for file in files if isinstance(file, dict)] if isinstance(files, list) else []
    return not others.isdisjoint([post.get("ts"), *ids])


def _holds(post: Mapping[str, object], message: Message, part: Part) -> bool:
    if part.attachments:
        files = post.get("files")
        shown = [(file.get("name"), file.get("size")) for file in files] if isinstance(files, list) else []
        return shown == [(file.filename, len(file.content or b"")) for file in part.attachments]
    marked = post.get("metadata")
    if not isinstance(marked, dict):
        said = _words(plain(str(post.get("text") or ""), bot="", names={}))
        return said != "" and said == _words(part.text)
    return marked == metadata(message, part)


def _words(text: str) -> str:
    """Return what is left of a text whatever a server does to its links, emoji and spaces."""
    return _BETWEEN_WORDS.sub("", _EMOJI.sub("", text))
