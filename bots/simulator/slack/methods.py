"""The Web API's methods as functions of the world; `METHODS` is the table, to which a new method is one line.

Errors and fields: the pages of https://docs.slack.dev/reference/methods.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from bots.simulator.slack import blocks as block_kit
from bots.simulator.slack.payloads import file_object, post_object
from bots.simulator.slack.world import ApiError, Channel, Post, StoredFile, World
from core.messages import JsonObject

MAX_TEXT = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a method.

    Attributes:
        arguments: of query, form or JSON body; structures are still JSON text where they came in a form.
        base_url: of the simulator, with a slash at its end.
    """

    method: str
    arguments: Mapping[str, JsonValue] = field(repr=False)
    base_url: str

    def text(self, name: str) -> str:
        """Return an argument as text, "" where it is missing."""
        value = self.arguments.get(name)
        return "" if value is None else str(value)

    def needed(self, name: str) -> str:
        """Return an argument that must be there."""
        value = self.text(name)
        if not value:
            raise ApiError(
                "invalid_arguments", response_metadata={"messages": [f"[ERROR] missing required field: {name}"]}
            )
        return value

    def flag(self, name: str) -> bool:
        """Return a yes or no argument, whatever way it is spelled."""
        return self.text(name).lower() in {"1", "true"}

    def structure(self, name: str) -> JsonValue:
        """Return an argument that is JSON, in a form or in a body."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            decoded: JsonValue = json.loads(value)
        except ValueError:
            raise ApiError(f"invalid_{name}_format") from None
        return decoded


Handler = Callable[[World, Call], Awaitable[JsonObject]]


async def auth_test(world: World, call: Call) -> JsonObject:
    """Say whose token it is."""
    return {
        "url": "https://simulated.slack.com/",
        "team": "Simulated",
        "user": world.users[world.bot].name.lower(),
        "team_id": world.team,
        "user_id": world.bot,
        "bot_id": world.bot_id,
        "is_enterprise_install": False,
    }


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
        thread=_thread(channel, call),
        metadata=_metadata(call),
    )
    await world.add(post)
    return {"channel": channel.id, "ts": post.ts, "message": post_object(world, post, call.base_url, metadata=True)}


async def update(world: World, call: Call) -> JsonObject:
    """Edit one of the bot's messages."""
    world.need("chat:write")
    channel, post = _own(world, call, "cant_update_message")
    post.text, post.blocks = _content(call)
    shown = world.transcript.find(post.ts)
    if shown is not None:
        shown.text = block_kit.visible(post.text, post.blocks)
        shown.edits += 1
        await world.transcript.changed()
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
    channel.posts.remove(post)
    shown = world.transcript.find(post.ts)
    if shown is not None:
        shown.deleted = True
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
    ts = await world.whisper(channel=channel.id, to=user, author=world.bot, text=text, blocks=blocks)
    return {"message_ts": ts}


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


async def upload_url(world: World, call: Call) -> JsonObject:
    """Begin an upload: https://docs.slack.dev/reference/methods/files.getUploadURLExternal."""
    world.need("files:write")
    name, length = call.needed("filename"), call.needed("length")
    if not length.isdigit() or int(length) == 0:
        raise ApiError("invalid_arguments")
    file = StoredFile(
        id=f"F{world.number()}", name=name, media_type=_media_type(name), user=world.bot, alt=call.text("alt_txt")
    )
    world.files[file.id] = file
    return {"upload_url": f"{call.base_url}upload/v1/{file.id}", "file_id": file.id}


async def complete_upload(world: World, call: Call) -> JsonObject:
    """End an upload and share the files in a channel or thread, as one message."""
    world.need("files:write")
    listed = call.structure("files")
    ids = [str(item.get("id")) for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    files = [world.files[file_id] for file_id in ids if file_id in world.files]
    if not files or len(files) < len(ids) or any(file.content is None for file in files):
        raise ApiError("file_not_found" if ids else "invalid_arguments")
    for channel_id in (call.text("channel_id") or call.text("channels")).split(","):
        if channel_id:
            channel = world.joined_channel(channel_id)
            await world.add(
                Post(
                    ts=world.timestamp(),
                    channel=channel.id,
                    user=world.bot,
                    text=call.text("initial_comment"),
                    thread=_thread(channel, call),
                    files=files,
                )
            )
    return {"files": [{"id": file.id, "title": file.name} for file in files]}


async def file_info(world: World, call: Call) -> JsonObject:
    """Describe a file in full."""
    world.need("files:read")
    file = world.files.get(call.text("file"))
    if file is None:
        raise ApiError("file_not_found")
    return {"file": file_object(world, file, call.base_url, full=True)}


async def set_status(world: World, call: Call) -> JsonObject:
    """Show a status line in a thread, "" takes it away."""
    world.need("chat:write", "assistant:write")
    channel = world.joined_channel(call.text("channel_id"))
    thread = call.needed("thread_ts")
    if channel.find(thread) is None:
        raise ApiError("invalid_thread_ts")
    status = call.text("status")
    world.statuses[channel.id, thread] = status
    world.status_history.append(status)
    return {}


METHODS: dict[str, Handler] = {
    "auth.test": auth_test,
    "chat.postMessage": post_message,
    "chat.update": update,
    "chat.delete": delete,
    "chat.postEphemeral": post_ephemeral,
    "conversations.info": conversation_info,
    "conversations.replies": conversation_replies,
    "conversations.history": conversation_history,
    "users.info": user_info,
    "files.getUploadURLExternal": upload_url,
    "files.completeUploadExternal": complete_upload,
    "files.info": file_info,
    "assistant.threads.setStatus": set_status,
}


def checked(text: str, blocks: JsonValue) -> list[JsonObject]:
    """Return the blocks of a message that is within the limits.

    Raises:
        ApiError: it is not.
    """
    if len(text) > MAX_TEXT:
        raise ApiError("msg_too_long")
    if not blocks:
        if not text:
            raise ApiError("no_text")
        return []
    error = block_kit.problem(blocks)
    if error:
        raise ApiError(error)
    return [block for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []


def _content(call: Call) -> tuple[str, list[JsonObject]]:
    text, blocks, markdown = call.text("text"), call.structure("blocks"), call.text("markdown_text")
    if markdown:
        if text or blocks:
            raise ApiError("markdown_text_conflict")
        blocks = [{"type": "markdown", "text": markdown}]
    return text, checked(text, blocks)


def _metadata(call: Call) -> JsonObject | None:
    metadata = call.structure("metadata")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_payload"), dict):
        raise ApiError("invalid_metadata_format")
    if not metadata.get("event_type"):
        raise ApiError("invalid_metadata_schema")
    return metadata


def _thread(channel: Channel, call: Call) -> str | None:
    """Return the root of the thread that a message goes into; which error a missing one gives is not documented."""
    ts = call.text("thread_ts")
    if not ts:
        return None
    root = channel.find(ts)
    if root is None:
        raise ApiError("thread_not_found")
    return root.thread or root.ts


def _own(world: World, call: Call, refusal: str) -> tuple[Channel, Post]:
    channel = world.visible_channel(call.text("channel"))
    post = channel.find(call.text("ts"))
    if post is None:
        raise ApiError("message_not_found")
    if post.user != world.bot:
        raise ApiError(refusal)
    return channel, post


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


def _media_type(name: str) -> str:
    suffix = name.rpartition(".")[2].lower()
    return {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "csv": "text/csv", "txt": "text/plain"}.get(
        suffix, "application/octet-stream"
    )
