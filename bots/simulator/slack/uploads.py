"""Uploading and describing files: https://docs.slack.dev/messaging/working-with-files."""

from bots.simulator.slack.call import Call
from bots.simulator.slack.errors import ApiError
from bots.simulator.slack.messages import thread_root
from bots.simulator.slack.payloads import file_object
from bots.simulator.slack.world import Post, StoredFile, World
from core.messages import JsonObject


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
                    thread=thread_root(channel, call),
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


async def delete_file(world: World, call: Call) -> JsonObject:
    """Delete a file of the bot's, which takes it out of its messages; one without text and other files goes too.

    https://docs.slack.dev/reference/methods/files.delete
    """
    world.need("files:write")
    file = world.files.get(call.needed("file"))
    if file is None:
        raise ApiError("file_not_found")
    if file.user != world.bot:
        raise ApiError("cant_delete_file")
    del world.files[file.id]
    for post in [post for channel in world.channels.values() for post in channel.posts if file in post.files]:
        previous = world.snapshot(post)
        post.files.remove(file)
        if post.text or post.blocks or post.files:
            await world.changed(post, previous)
        else:
            world.remove(post)
            await world.transcript.changed()
    return {}


def _media_type(name: str) -> str:
    suffix = name.rpartition(".")[2].lower()
    return {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "csv": "text/csv", "txt": "text/plain"}.get(
        suffix, "application/octet-stream"
    )
