"""Posting, editing and deleting messages: https://docs.slack.dev/reference/methods/chat.postMessage and its like."""

from pydantic import JsonValue

from bots.simulator.slack import blocks as block_kit
from bots.simulator.slack.call import Call
from bots.simulator.slack.errors import ApiError
from bots.simulator.slack.payloads import post_object
from bots.simulator.slack.world import Channel, Post, World
from core.messages import JsonObject

MAX_TEXT = 40_000
MAX_UPDATE = 4_000


async def post_message(world: World, call: Call) -> JsonObject:
    """Post a message."""
    world.need("chat:write")
    channel = world.joined_channel(call.text("channel"))
    text, blocks = _content(call)
    post = Post(
        ts=world.timestamp(),
        channel=channel.id,
        user=world.bot,
        text=text,
        blocks=blocks,
        thread=thread_root(channel, call),
        metadata=metadata_of(call),
    )
    await world.add(post)
    return {"channel": channel.id, "ts": post.ts, "message": post_object(world, post, call.base_url, metadata=True)}


async def update(world: World, call: Call) -> JsonObject:
    """Edit one of the bot's messages; without blocks or metadata it keeps those it has, empty ones take them away.

    https://docs.slack.dev/reference/methods/chat.update. That a message cannot be edited while it is being written is
    documented by its error alone.
    """
    world.need("chat:write")
    channel, post = _own(world, call, "cant_update_message")
    if world.writing(post):
        raise ApiError("streaming_state_conflict")
    if len(call.text("text")) > MAX_UPDATE:
        raise ApiError("msg_too_long")
    metadata, (text, blocks) = metadata_of(call), _content(call)
    keeps = call.structure("blocks") is None and not call.text("markdown_text")
    previous = world.snapshot(post)
    post.text, post.blocks = text, post.blocks if keeps else blocks
    if call.structure("metadata") is not None:
        post.metadata = metadata
    post.edited = world.timestamp()
    await world.changed(post, previous)
    return {
        "channel": channel.id,
        "ts": post.ts,
        "text": post.text,
        "message": post_object(world, post, call.base_url),
    }


async def delete(world: World, call: Call) -> JsonObject:
    """Delete one of the bot's messages."""
    world.need("chat:write")
    channel, post = _own(world, call, "cant_delete_message")
    if world.writing(post):
        raise ApiError("cant_delete_message")
    world.remove(post)
    await world.transcript.changed()
    return {"channel": channel.id, "ts": post.ts}


async def post_ephemeral(world: World, call: Call) -> JsonObject:
    """Show a message to one person."""
    world.need("chat:write")
    channel = world.joined_channel(call.text("channel"))
    user = call.needed("user")
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
    text, blocks = _content(call)
    thread = thread_root(channel, call)
    ts = await world.whisper(channel=channel.id, to=user, author=world.bot, text=text, blocks=blocks, thread=thread)
    return {"message_ts": ts}


def checked(text: str, blocks: JsonValue) -> list[JsonObject]:
    """Return the blocks of a message that is within the limits.

    Raises:
        ApiError: it is not.
    """
    if len(text) > MAX_TEXT:
        raise ApiError("msg_too_long")
    if blocks:
        return block_kit.checked(blocks)
    if not text:
        raise ApiError("no_text")
    return []


def thread_root(channel: Channel, call: Call) -> str | None:
    """Return the root of the thread that a message goes into; which error a missing one gives is not documented."""
    ts = call.text("thread_ts")
    if not ts:
        return None
    root = channel.find(ts)
    if root is None:
        raise ApiError("thread_not_found")
    return root.thread or root.ts


def _content(call: Call) -> tuple[str, list[JsonObject]]:
    text, blocks, markdown = call.text("text"), call.structure("blocks"), call.text("markdown_text")
    if markdown:
        if text or blocks:
            raise ApiError("markdown_text_conflict")
        blocks = [{"type": "markdown", "text": markdown}]
    return text, checked(text, blocks)


def metadata_of(call: Call) -> JsonObject | None:
    """Return the metadata of a message, None where it has none."""
    metadata = call.structure("metadata")
    if not metadata:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_payload"), dict):
        raise ApiError("invalid_metadata_format")
    if not metadata.get("event_type"):
        raise ApiError("invalid_metadata_schema")
    return metadata


def _own(world: World, call: Call, refusal: str) -> tuple[Channel, Post]:
    channel = world.visible_channel(call.text("channel"))
    post = channel.find(call.text("ts"))
    if post is None:
        raise ApiError("message_not_found")
    if post.user != world.bot or post.tombstone:
        raise ApiError(refusal)
    return channel, post
