"""Messages that are written while people watch.

https://docs.slack.dev/reference/methods/chat.startStream, chat.appendStream and chat.stopStream, and
https://docs.slack.dev/ai/agent-sessions for what the stop button does. Not documented there, and as people report it:
the errors for a missing recipient and for text together with chunks, that a stream ends by itself when nothing was
added for about five minutes (https://github.com/slackapi/python-slack-sdk/issues/1859), that `details` and `output`
of a task are added to those it has. Undocumented and strict: a stream belongs into a thread, its text has the
12,000 characters of a message's `markdown` blocks, and nobody of another workspace receives one.
"""

import time
from collections.abc import Sequence
from typing import Final

from bots.simulator.slack.assistant import SESSION_STATUSES
from bots.simulator.slack.blocks import checked
from bots.simulator.slack.call import Call
from bots.simulator.slack.chunks import added, chunks_of
from bots.simulator.slack.errors import ApiError, explained
from bots.simulator.slack.json_parts import text_of
from bots.simulator.slack.messages import metadata_of, thread_root
from bots.simulator.slack.payloads import post_object
from bots.simulator.slack.world import Channel, Post, Stream, World
from core.messages import JsonObject

_MODES: Final = ("timeline", "plan")


async def start(world: World, call: Call) -> JsonObject:
    """Begin a message in a thread."""
    world.need("chat:write")
    channel = world.joined_channel(call.text("channel"))
    call.needed("thread_ts")
    _check_recipient(world, channel, call)
    mode = call.text("task_display_mode") or "timeline"
    if mode not in _MODES:
        raise explained("invalid_arguments", "[json-pointer:/task_display_mode] must be timeline or plan")
    post = Post(
        ts=world.timestamp(),
        channel=channel.id,
        user=world.bot,
        text="",
        thread=thread_root(channel, call),
        stream=Stream(mode=mode, touched=time.monotonic()),
    )
    _add(post, chunks_of(call))
    await world.add(post)
    return {"channel": channel.id, "ts": post.ts}


async def append(world: World, call: Call) -> JsonObject:
    """Add to a message that is being written."""
    world.need("chat:write")
    post = _open(world, call)
    chunks = chunks_of(call)
    if not chunks:
        raise ApiError("no_text")
    _add(post, chunks)
    await world.changed(post)
    return {"channel": post.channel, "ts": post.ts}


async def stop(world: World, call: Call) -> JsonObject:
    """End a message, with blocks below what was written."""
    world.need("chat:write")
    post = _open(world, call)
    session = call.text("session_status")
    if session and session not in SESSION_STATUSES:
        raise explained("invalid_arguments", "[json-pointer:/session_status] unknown status")
    chunks, metadata, blocks = chunks_of(call), metadata_of(call), call.structure("blocks")
    below = checked(blocks) if blocks else []
    previous = world.snapshot(post)
    _add(post, chunks)
    post.blocks += below
    post.metadata = metadata or post.metadata
    assert post.stream is not None
    post.stream.ended = "message_not_in_streaming_state"
    if session and post.thread:
        world.sessions[post.channel, post.thread] = session
    await world.changed(post, previous)
    return {
        "channel": post.channel,
        "ts": post.ts,
        "message": post_object(world, post, call.base_url, metadata=True),
    }


async def end(world: World, post: Post, error: str) -> None:
    """End a message from Slack's side; whatever is added later is answered with this error."""
    assert post.stream is not None
    post.stream.ended = error
    await world.changed(post)


def _check_recipient(world: World, channel: Channel, call: Call) -> None:
    user, team = call.text("recipient_user_id"), call.text("recipient_team_id")
    if channel.kind != "im" and not team:
        raise ApiError("missing_recipient_team_id")
    if channel.kind != "im" and not user:
        raise ApiError("missing_recipient_user_id")
    if user and (user not in world.users or world.users[user].team != world.team or (team and team != world.team)):
        raise ApiError("user_not_found")


def _open(world: World, call: Call) -> Post:
    channel = world.visible_channel(call.text("channel"))
    post = channel.find(call.needed("ts"))
    if post is None:
        raise ApiError("message_not_found")
    if post.user != world.bot:
        raise ApiError("message_not_owned_by_app")
    if post.stream is None:
        raise ApiError("message_not_in_streaming_state")
    if not world.writing(post) and post.stream.ended:
        raise ApiError(post.stream.ended)
    return post


def _add(post: Post, chunks: Sequence[JsonObject]) -> None:
    """Add chunks to a message, all or none of them."""
    assert post.stream is not None
    blocks = added(post.blocks, chunks, planned=post.stream.mode == "plan")
    post.text += "".join(text_of(chunk, "text") for chunk in chunks if chunk["type"] == "markdown_text")
    post.blocks = blocks
    post.stream.touched = time.monotonic()
