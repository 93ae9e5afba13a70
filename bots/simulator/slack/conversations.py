"""Looking around: channels, their messages, people."""

from pydantic import JsonValue

from bots.simulator.slack.call import Call
from bots.simulator.slack.payloads import post_object
from bots.simulator.slack.world import ApiError, Post, World
from core.messages import JsonObject


async def conversation_info(world: World, call: Call) -> JsonObject:
    """Describe a channel."""
    channel = world.visible_channel(call.text("channel"))
    world.need_for(channel, "read")
    described: JsonObject = {
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
    return {"channel": described}


async def conversation_replies(world: World, call: Call) -> JsonObject:
    """List a thread, oldest first, its root included."""
    channel = world.joined_channel(call.text("channel"))
    world.need_for(channel, "history")
    root = call.needed("ts")
    posts = [post for post in channel.posts if root in (post.ts, post.thread)]
    if not posts:
        raise ApiError("thread_not_found")
    return _page(world, call, posts, default=1000)


async def conversation_history(world: World, call: Call) -> JsonObject:
    """List a channel's messages outside threads, newest first."""
    channel = world.joined_channel(call.text("channel"))
    world.need_for(channel, "history")
    posts = [post for post in reversed(channel.posts) if post.thread in (None, post.ts)]
    return _page(world, call, posts, default=100)


async def user_info(world: World, call: Call) -> JsonObject:
    """Describe a person."""
    world.need("users:read")
    user = world.users.get(call.text("user"))
    if user is None:
        raise ApiError("user_not_found")
    profile: JsonObject = {"real_name": user.name, "display_name": user.name, "team": world.team}
    return {
        "user": {
            "id": user.id,
            "team_id": world.team,
            "name": user.name.lower(),
            "real_name": user.name,
            "deleted": False,
            "is_bot": user.is_bot,
            "profile": profile,
        }
    }


def _page(world: World, call: Call, posts: list[Post], *, default: int) -> JsonObject:
    oldest, latest = float(call.text("oldest") or 0), float(call.text("latest") or "inf")
    inclusive, limit = call.flag("inclusive"), int(call.text("limit") or default)
    chosen = [
        post for post in posts if oldest < float(post.ts) < latest or (inclusive and float(post.ts) in (oldest, latest))
    ]
    messages: list[JsonValue] = [
        post_object(world, post, call.base_url, metadata=call.flag("include_all_metadata")) for post in chosen[:limit]
    ]
    return {"messages": messages, "has_more": len(chosen) > limit}
