"""Looking around: channels and their messages."""

import base64
from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from bots.simulator.slack.call import Call
from bots.simulator.slack.errors import ApiError
from bots.simulator.slack.payloads import post_object
from bots.simulator.slack.world import Channel, Kind, Post, World, read_scope
from core.messages import JsonObject

_TYPES: Final[dict[str, Kind]] = {
    "public_channel": "channel",
    "private_channel": "group",
    "im": "im",
    "mpim": "mpim",
}


async def conversation_info(world: World, call: Call) -> JsonObject:
    """Describe a channel."""
    channel = world.visible_channel(call.text("channel"))
    world.need_for(channel, "read")
    return {"channel": _described(world, channel)}


async def conversation_members(world: World, call: Call) -> JsonObject:
    """List who is in a channel."""
    channel = world.visible_channel(call.text("channel"))
    world.need_for(channel, "read")
    return listed(world, call, "members", sorted(channel.members), cursor="user")


async def permalink(world: World, call: Call) -> JsonObject:
    """Return the address of a message."""
    channel = world.visible_channel(call.text("channel"))
    post = channel.find(call.needed("message_ts"))
    if post is None:
        raise ApiError("message_not_found")
    place = f"?thread_ts={post.thread}&cid={channel.id}" if post.thread else ""
    address = f"https://simulated.slack.com/archives/{channel.id}/p{post.ts.replace('.', '')}{place}"
    return {"channel": channel.id, "permalink": address}


async def user_conversations(world: World, call: Call) -> JsonObject:
    """List the channels that the bot is a member of, or those of a person: of private ones, what it shares with them.

    https://docs.slack.dev/reference/methods/users.conversations
    """
    asked = (call.text("types") or "public_channel").split(",")
    if any(name not in _TYPES for name in asked):
        raise ApiError("invalid_types")
    kinds = [_TYPES[name] for name in asked]
    for kind in kinds:
        world.need(read_scope(kind))
    user = call.text("user") or world.bot
    channels = [
        channel
        for channel in world.channels.values()
        if user in channel.members
        and channel.kind in kinds
        and (channel.kind == "channel" or world.bot in channel.members)
    ]
    return listed(world, call, "channels", [_limited(world, channel) for channel in channels], cursor="offset")


async def open_conversation(world: World, call: Call) -> JsonObject:
    """Open the direct message between the bot and a person; those of several people are not simulated.

    https://docs.slack.dev/reference/methods/conversations.open
    """
    users = [user for user in call.text("users").split(",") if user]
    if not users:
        raise ApiError("users_list_not_supplied")
    if len(users) > 1:
        world.need("mpim:write")
        raise ApiError("method_not_supported_for_channel_type")
    world.need("im:write")
    person = world.users.get(users[0])
    if person is None:
        raise ApiError("user_not_found")
    if person.is_bot:
        raise ApiError("cannot_dm_bot")
    known = f"D{person.id}" in world.channels
    channel = world.direct(person.id)
    return {"channel": {"id": channel.id}, **({"no_op": True, "already_open": True} if known else {})}


async def conversation_replies(world: World, call: Call) -> JsonObject:
    """List a thread, oldest first.

    Its root stands at the head of each page whatever is asked for: that is not documented, but the worse case.
    """
    channel = world.joined_channel(call.text("channel"))
    world.need_for(channel, "history")
    root = channel.find(call.needed("ts"))
    if root is None:
        raise ApiError("thread_not_found")
    replies = [post for post in channel.posts if post.thread == root.ts and post is not root]
    return _page(world, call, replies, head=[root], default=1000, most=1000)


async def conversation_history(world: World, call: Call) -> JsonObject:
    """List a channel's messages outside threads, newest first."""
    channel = world.joined_channel(call.text("channel"))
    world.need_for(channel, "history")
    posts = [post for post in reversed(channel.posts) if post.thread in (None, post.ts)]
    return _page(world, call, posts, head=[], default=100, most=999)


def listed(
    world: World, call: Call, name: str, items: Sequence[JsonValue], *, cursor: str, default: int = 100
) -> JsonObject:
    """Return one page of a list, under its name; a cursor holds the place that the next one begins at."""
    start, limit = _start(call, cursor), _limit(world, call, default=default, most=999)
    end = start + limit
    return {name: [*items[start:end]], **_following(cursor, str(end) if end < len(items) else "")}


def _described(world: World, channel: Channel) -> JsonObject:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_im": channel.kind == "im",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "channel",
        "is_archived": False,
        "is_general": channel.name == "general",
        "is_shared": channel.shared,
        "is_ext_shared": channel.shared,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "is_member": world.bot in channel.members,
        "context_team_id": world.team,
    }


def _limited(world: World, channel: Channel) -> JsonObject:
    """Describe a channel as a list does, without what `conversations.info` adds."""
    return {name: value for name, value in _described(world, channel).items() if name != "is_member"}


def _page(world: World, call: Call, posts: list[Post], *, head: list[Post], default: int, most: int) -> JsonObject:
    """Return one page; a cursor names the message that the next one begins with, as Slack's do."""
    oldest, latest = float(call.text("oldest") or 0), float(call.text("latest") or "inf")
    inclusive, limit = call.flag("inclusive"), _limit(world, call, default=default, most=most)
    chosen = [
        post for post in posts if oldest < float(post.ts) < latest or (inclusive and float(post.ts) in (oldest, latest))
    ]
    first = _start(call, "next_ts")
    places = [number for number, post in enumerate(chosen) if _digits(post) == first]
    if first and not places:
        raise ApiError("invalid_cursor")
    start = places[0] if places else 0
    threads = _threads(world.channels[call.text("channel")])
    messages: list[JsonValue] = [
        {
            **post_object(world, post, call.base_url, metadata=call.flag("include_all_metadata")),
            **_thread_fields(post, threads.get(post.ts, [])),
        }
        for post in (*head, *chosen[start : start + limit])
    ]
    more = start + limit < len(chosen)
    return {
        "messages": messages,
        "has_more": more,
        **_following("next_ts", str(_digits(chosen[start + limit])) if more else ""),
    }


def _threads(channel: Channel) -> dict[str, list[Post]]:
    threads: dict[str, list[Post]] = {}
    for post in channel.posts:
        if post.thread and post.thread != post.ts:
            threads.setdefault(post.thread, []).append(post)
    return threads


def _thread_fields(root: Post, replies: list[Post]) -> JsonObject:
    """Return what a message that has replies says of them."""
    if not replies:
        return {}
    people: list[JsonValue] = list(dict.fromkeys(post.user for post in replies))
    return {
        "thread_ts": root.ts,
        "reply_count": len(replies),
        "reply_users_count": len(people),
        "reply_users": people,
        "latest_reply": replies[-1].ts,
        "is_locked": False,
        "subscribed": False,
    }


def _limit(world: World, call: Call, *, default: int, most: int) -> int:
    limit = call.text("limit") or str(default)
    if not limit.isdecimal() or not 1 <= int(limit) <= most:
        raise ApiError("invalid_limit")
    return min(int(limit), world.page)


def _digits(post: Post) -> int:
    return int(post.ts.replace(".", ""))


def _start(call: Call, word: str) -> int:
    """Read a cursor, 0 where there is none."""
    cursor = call.text("cursor")
    if not cursor:
        return 0
    try:
        name, _, place = base64.b64decode(cursor, validate=True).decode().partition(":")
    except ValueError:
        raise ApiError("invalid_cursor") from None
    if name != word or not place.isdecimal():
        raise ApiError("invalid_cursor")
    return int(place)


def _following(word: str, place: str) -> JsonObject:
    cursor = base64.b64encode(f"{word}:{place}".encode()).decode() if place else ""
    return {"response_metadata": {"next_cursor": cursor}}
