"""What was said in Slack's channels, read from their history.

https://docs.slack.dev/reference/methods/conversations.history lists messages outside threads, newest first; one that
has replies tells the time of the latest. https://docs.slack.dev/reference/methods/conversations.replies lists those.
"""

import logging
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.fields import objects, part, text
from bots.slack.pages import pages
from core.messages import JsonObject

log = logging.getLogger("steward.slack")

MOST_ROOMS: Final = 1000
"""Channels looked into."""

MOST_POSTS: Final = 2000
"""Messages read of a channel, the newest."""

MOST_REPLIES: Final = 400
"""Messages read of a thread, the oldest of the new ones."""

MOST_THREADS: Final = 50
"""Threads of a channel that are looked into, those with the newest roots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A channel that the bot is in; `kind` is an event's `channel_type`, "" where it is not known."""

    channel: str
    kind: str = ""


async def rooms(client: AsyncWebClient) -> list[Room]:
    """Return the channels the bot is a member of.

    Raises what slack-sdk and aiohttp do.
    """
    arguments = {"types": "public_channel,private_channel,mpim,im", "exclude_archived": True}
    channels = await _read(client, "users.conversations", arguments, items="channels", most=MOST_ROOMS)
    return [Room(channel=str(channel.get("id")), kind=_kind(channel)) for channel in channels]


async def said_since(client: AsyncWebClient, room: Room, start: str, *, horizon: float) -> list[tuple[str, JsonObject]]:
    """Return what was said after a message as events, each after its `ts`, oldest first.

    What was said before and edited since is among them as an edit, at the time of that. What was deleted is only seen
    where its replies keep its place. Replies are found in threads that began after `start` or `horizon`, seconds since
    1970, whichever is earlier.

    Raises what slack-sdk and aiohttp do.
    """
    oldest = min(float(start), horizon)
    arguments = {"channel": room.channel, "oldest": f"{oldest:.6f}"}
    roots = await _read(client, "conversations.history", arguments, items="messages", most=MOST_POSTS)
    posts = list(roots)
    answered = [root for root in roots if _number(root.get("latest_reply")) > Decimal(start)]
    for root in answered[:MOST_THREADS]:
        arguments = {"channel": room.channel, "ts": str(root.get("ts")), "oldest": start}
        posts += await _read(client, "conversations.replies", arguments, items="messages", most=MOST_REPLIES)
    if len(answered) > MOST_THREADS:
        log.warning("%d threads of %s were not looked into", len(answered) - MOST_THREADS, room.channel)
    since, unique = Decimal(start), {str(post.get("ts")): post for post in posts}
    found: list[tuple[str, JsonObject]] = []
    for ts, post in unique.items():
        changed = _changed(post)
        if _number(ts) > since:
            found.append((ts, _event(room, post)))
        elif changed == ts or _number(changed) > since:
            found.append((changed, _change(room, post, changed)))
    return sorted(found, key=lambda event: Decimal(event[0]))


async def _read(
    client: AsyncWebClient, method: str, arguments: Mapping[str, object], *, items: str, most: int
) -> list[JsonObject]:
    found: list[JsonObject] = []
    async with aclosing(pages(client, method, arguments, items=items)) as read:
        async for page in read:
            found += objects(page)
            if len(found) >= most:
                log.warning("only %d entries of %s were read", len(found), method)
                break
    return found


def _event(room: Room, post: JsonObject) -> JsonObject:
    """Return the payload with which a message would have come, before there were replies to it."""
    event: JsonObject = {**post, "type": "message", "channel": room.channel}
    if room.kind:
        event["channel_type"] = room.kind
    if event.get("thread_ts") == event.get("ts"):
        event.pop("thread_ts", None)
    return {"event": event}


def _changed(post: JsonObject) -> str:
    """Return when a message was edited, "" where it is as it was written; when it was deleted is not known."""
    if post.get("subtype") == "tombstone":
        return text(post, "ts")
    return text(part(post, "edited"), "ts")


def _change(room: Room, post: JsonObject, at: str) -> JsonObject:
    """Return the payload with which an edit would have come, without the earlier version, which is not known."""
    message = part(_event(room, post), "event")
    place: JsonObject = {name: message[name] for name in ("channel", "channel_type") if name in message}
    return {"event": {**place, "type": "message", "subtype": "message_changed", "ts": at, "message": message}}


def _kind(channel: JsonObject) -> str:
    if channel.get("is_im"):
        return "im"
    if channel.get("is_mpim"):
        return "mpim"
    return "group" if channel.get("is_private") else "channel"


def _number(ts: object) -> Decimal:
    try:
        return Decimal(str(ts or 0))
    except InvalidOperation:
        return Decimal(0)
