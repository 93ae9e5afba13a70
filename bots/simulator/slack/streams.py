"""Messages that are written while people watch.

https://docs.slack.dev/reference/methods/chat.startStream, chat.appendStream and chat.stopStream, and
https://docs.slack.dev/ai/agent-sessions for what the stop button does. Not documented there, and as people report it:
the errors for a missing recipient and for text together with chunks, that a stream ends by itself when nothing was
added for about five minutes (https://github.com/slackapi/python-slack-sdk/issues/1859), that `details` and `output`
of a task are added to those it has. Undocumented and strict: a stream belongs into a thread, its text has the
12,000 characters of a message's `markdown` blocks, and nobody of another workspace receives one.
"""

import time
from typing import Final

from pydantic import JsonValue

from bots.simulator.slack.assistant import SESSION_STATUSES
from bots.simulator.slack.blocks import MAX_BLOCKS, MAX_MARKDOWN, TASK_STATUSES, checked
from bots.simulator.slack.call import Call
from bots.simulator.slack.errors import ApiError, explained
from bots.simulator.slack.json_parts import object_of, objects, text_of
from bots.simulator.slack.messages import metadata_of, thread_root
from bots.simulator.slack.payloads import post_object
from bots.simulator.slack.world import Channel, Post, Stream, World
from core.messages import JsonObject

MAX_TASK_TEXT: Final = 256
"""Characters of a task's title, details or output in one chunk."""

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
    _add(post, _chunks(call))
    await world.add(post)
    return {"channel": channel.id, "ts": post.ts}


async def append(world: World, call: Call) -> JsonObject:
    """Add to a message that is being written."""
    world.need("chat:write")
    post = _open(world, call)
    chunks = _chunks(call)
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
    chunks, metadata, blocks = _chunks(call), metadata_of(call), call.structure("blocks")
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
    if post.streaming and time.monotonic() - post.stream.touched > world.stream_idle:
        post.stream.ended = "message_not_in_streaming_state"
    if post.stream.ended:
        raise ApiError(post.stream.ended)
    return post


def _chunks(call: Call) -> list[JsonObject]:
    """Return what is to be added, all of it checked."""
    markdown, listed = call.text("markdown_text"), call.structure("chunks")
    if markdown and listed:
        raise ApiError("cannot_provide_both_markdown_text_and_chunks")
    if not listed:
        listed = [{"type": "markdown_text", "text": markdown}] if markdown else []
    if not isinstance(listed, list) or len(objects(listed)) < len(listed):
        raise explained("invalid_chunks", "must be a list of objects")
    return [_checked(chunk) for chunk in objects(listed)]


def _checked(chunk: JsonObject) -> JsonObject:
    kind = text_of(chunk, "type")
    if kind == "markdown_text":
        if not text_of(chunk, "text"):
            raise explained("invalid_chunks", "text must be more than 0 characters")
        if len(text_of(chunk, "text")) > MAX_MARKDOWN:
            raise ApiError("msg_too_long")
        return chunk
    if kind == "blocks":
        return {"type": "blocks", "blocks": list(checked(chunk.get("blocks")))}
    if kind == "plan_update":
        _need(0 < len(text_of(chunk, "title")) <= MAX_TASK_TEXT, "title")
        return chunk
    if kind != "task_update":
        raise explained("invalid_chunks", f"unsupported type: {kind or None}")
    _need(0 < len(text_of(chunk, "id")) <= 255, "id")
    _need(0 < len(text_of(chunk, "title")) <= MAX_TASK_TEXT, "title")
    _need(chunk.get("status") in TASK_STATUSES, "status")
    for name in ("details", "output"):
        value = chunk.get(name)
        _need(value is None or (isinstance(value, str) and len(value) <= MAX_TASK_TEXT), name)
    sources = chunk.get("sources") or []
    _need(isinstance(sources, list) and all(text_of(each, "url") for each in objects(sources)), "sources")
    return chunk


def _need(fine: bool, name: str) -> None:
    if not fine:
        raise explained("invalid_chunks", f"{name} is missing, unknown or too long")


def _add(post: Post, chunks: list[JsonObject]) -> None:
    """Add chunks to a message, all or none of them."""
    text, blocks = post.text, list(post.blocks)
    for chunk in chunks:
        kind = text_of(chunk, "type")
        if kind == "markdown_text":
            text += text_of(chunk, "text")
            _write(blocks, text_of(chunk, "text"))
        elif kind == "blocks":
            blocks += objects(chunk["blocks"])
        elif kind == "plan_update":
            _title(blocks, text_of(chunk, "title"))
        else:
            assert post.stream is not None
            _card(blocks, chunk, planned=post.stream.mode == "plan")
    if sum(len(text_of(block, "text")) for block in blocks if block["type"] == "markdown") > MAX_MARKDOWN:
        raise ApiError("msg_too_long")
    if len(blocks) > MAX_BLOCKS["message"]:
        raise ApiError("invalid_blocks")
    post.text, post.blocks = text, blocks
    assert post.stream is not None
    post.stream.touched = time.monotonic()


def _write(blocks: list[JsonObject], text: str) -> None:
    """Go on with the Markdown at the end, or begin some below what stands there."""
    if blocks and blocks[-1]["type"] == "markdown":
        blocks[-1] = {**blocks[-1], "text": text_of(blocks[-1], "text") + text}
    else:
        blocks.append({"type": "markdown", "block_id": f"text{len(blocks)}", "text": text})


def _title(blocks: list[JsonObject], title: str) -> None:
    place = _plan(blocks)
    blocks[place] = {**blocks[place], "title": title}


def _plan(blocks: list[JsonObject]) -> int:
    """Return the place of the plan, which stands where its first task or title appeared."""
    for place, block in enumerate(blocks):
        if block["type"] == "plan":
            return place
    blocks.append({"type": "plan", "block_id": "plan", "title": "", "tasks": []})
    return len(blocks) - 1


def _card(blocks: list[JsonObject], chunk: JsonObject, *, planned: bool) -> None:
    """Add a task, or change the one with its id."""
    if planned:
        place = _plan(blocks)
        tasks = objects(blocks[place]["tasks"])
        _place(tasks, chunk)
        listed: list[JsonValue] = list(tasks)
        blocks[place] = {**blocks[place], "tasks": listed}
    else:
        _place(blocks, chunk)


def _place(cards: list[JsonObject], chunk: JsonObject) -> None:
    for place, card in enumerate(cards):
        if card.get("task_id") == chunk["id"]:
            cards[place] = _updated(card, chunk)
            return
    cards.append(_updated({"type": "task_card", "task_id": chunk["id"], "block_id": f"task{chunk['id']}"}, chunk))


def _updated(card: JsonObject, chunk: JsonObject) -> JsonObject:
    changed: JsonObject = {**card, "title": chunk["title"], "status": chunk["status"]}
    for name in ("details", "output"):
        if text := text_of(chunk, name):
            parts = objects(object_of(card, name).get("elements"))
            section: JsonObject = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
            changed[name] = {"type": "rich_text", "elements": [*parts, section]}
    if chunk.get("sources"):
        changed["sources"] = chunk["sources"]
    return changed
