"""Looking around: channels, their messages, people."""

import base64
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
    members: list[JsonValue] = [*sorted(channel.members)]
    start, end = _start(call, "user"), _start(call, "user") + _limit(world, call, default=100, most=999)
    return {"members": members[start:end], **_following("user", str(end) if end < len(members) else "")}


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
    """List the channels that the bot is a member of."""
    asked = (call.text("types") or "public_channel").split(",")
    if any(name not in _TYPES for name in asked):
        raise ApiError("invalid_types")
    kinds = [_TYPES[name] for name in asked]
    for kind in kinds:
        world.need(read_scope(kind))
    channels = [
        channel for channel in world.channels.values() if world.bot in channel.members and channel.kind in kinds
    ]
    start, end = _start(call, "offset"), _start(call, "offset") + _limit(world, call, default=100, most=999)
    described: list[JsonValue] = [_described(world, channel) for channel in channels[start:end]]
    return {"channels": described, **_following("offset", str(end) if end < len(channels) else "")}


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


async def user_info(world: World, call: Call) -> JsonObject:
    """Describe a person."""
    world.need("users:read")
    user = world.users.get(call.text("user"))
    if user is None:
        raise ApiError("user_not_found")
    profile: JsonObject = {"real_name": user.name, "display_name": user.name, "team": user.team}
    return {
        "user": {
            "id": user.id,
            "team_id": user.team,
            "name": user.name.lower(),
            "real_name": user.name,
            "deleted": False,
            "is_bot": user.is_bot,
            "is_restricted": user.restricted,
            "is_ultra_restricted": False,
            "is_stranger": user.team != world.team,
            "profile": profile,
        }
    }


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
        "is_member": world.bot in channel.members,
        "context_team_id": world.team,
    }


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
