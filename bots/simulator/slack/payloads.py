"""The payloads Slack sends to an app, built as its documentation shows them.

https://docs.slack.dev/apis/events-api/ (envelope), https://docs.slack.dev/reference/events/message,
https://docs.slack.dev/reference/events/app_mention, https://docs.slack.dev/reference/events/message/message_changed,
https://docs.slack.dev/reference/events/message/message_deleted, https://docs.slack.dev/interactivity/implementing-slash-commands,
https://docs.slack.dev/reference/objects/file-object.
"""

import re
import time
import uuid

from pydantic import JsonValue

from bots.simulator.slack.world import Channel, Happening, Post, StoredFile, World
from core.messages import JsonObject

_CONTROL = re.compile(r"<(?:[@#!]|https?://|mailto:)[^<>]*>")
_USER = re.compile(r"(<@[UW][A-Z0-9]+>)")
_COMMAND_NAMES = {"im": "directmessage", "group": "privategroup"}


def typed(text: str) -> str:
    """Turn what a person types into what Slack sends: mentions and links stay, other `&`, `<`, `>` are escaped."""
    parts: list[str] = []
    end = 0
    for match in _CONTROL.finditer(text):
        parts += [_escape(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, _escape(text[end:])])


def event_callback(world: World, event: JsonObject) -> JsonObject:
    """Wrap an event as the Events API does."""
    return {
        "token": "simulator-verification-token",
        "team_id": world.team,
        "context_team_id": world.team,
        "context_enterprise_id": None,
        "api_app_id": world.app,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{world.number():08d}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": world.team,
                "user_id": world.bot,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{uuid.uuid4().hex}",
    }


def app_mention(world: World, post: Post, base_url: str) -> JsonObject:
    """Build the event for a message that mentions the bot; it carries no `channel_type`."""
    return {**_event(world, post, base_url), "type": "app_mention"}


def message(world: World, post: Post, base_url: str) -> JsonObject:
    """Build the event for a message in a channel or direct message the bot listens to."""
    event = {**_event(world, post, base_url), "type": "message", "channel_type": world.channels[post.channel].kind}
    if post.files:
        event["subtype"] = "file_share"
    if post.subtype:
        event["subtype"] = post.subtype
    if post.user == world.bot:
        event |= {"bot_id": world.bot_id, "app_id": world.app}
    return event


def message_changed(world: World, post: Post, previous: Post, base_url: str) -> JsonObject:
    """Build the event for a message that was edited, got a preview of a link, or left a tombstone."""
    changed: JsonObject = {
        "message": post_object(world, post, base_url),
        "previous_message": post_object(world, previous, base_url),
    }
    return {**_hidden(world, post, "message_changed"), **changed}


def message_deleted(world: World, post: Post, previous: Post, base_url: str) -> JsonObject:
    """Build the event for a message that is gone."""
    gone: JsonObject = {"deleted_ts": post.ts, "previous_message": post_object(world, previous, base_url)}
    return {**_hidden(world, post, "message_deleted"), **gone}


def reaction(world: World, happening: Happening) -> JsonObject:
    """Build the event for a reaction that was added or removed: https://docs.slack.dev/reference/events/reaction_added."""
    post = happening.post
    return {
        "type": happening.kind,
        "user": happening.user,
        "reaction": happening.reaction,
        "item_user": post.user,
        "item": {"type": "message", "channel": post.channel, "ts": post.ts},
        "event_ts": world.timestamp(),
    }


def _hidden(world: World, post: Post, subtype: str) -> JsonObject:
    now = world.timestamp()
    return {
        "type": "message",
        "subtype": subtype,
        "hidden": True,
        "channel": post.channel,
        "channel_type": world.channels[post.channel].kind,
        "ts": now,
        "event_ts": now,
    }


def slash_command(
    world: World, *, channel: Channel, user: str, command: str, text: str, response_url: str
) -> dict[str, str]:
    """Build the form fields of a slash command."""
    return {
        "token": "simulator-verification-token",
        "team_id": world.team,
        "team_domain": "simulated",
        "channel_id": channel.id,
        "channel_name": _COMMAND_NAMES.get(channel.kind, channel.name),
        "user_id": user,
        "user_name": world.users[user].name.lower(),
        "command": command,
        "text": text,
        "api_app_id": world.app,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": world.triggers.new(user),
    }


def file_object(world: World, file: StoredFile, base_url: str, *, full: bool = False) -> JsonObject:
    """Describe a file; one of another workspace only says that `files.info` has to be asked, unless `full`."""
    if file.check_info and not full:
        return {"id": file.id, "mode": "file_access", "file_access": "check_file_info", "created": 0}
    address = f"{base_url}files-pri/{world.team}-{file.id}/{file.name}"
    kind = file.media_type.rpartition("/")[2]
    return {
        "id": file.id,
        "created": int(time.time()),
        "timestamp": int(time.time()),
        "name": file.name,
        "title": file.name,
        "mimetype": file.media_type,
        "filetype": kind,
        "pretty_type": kind.upper(),
        "user": file.user,
        "user_team": world.team,
        "editable": False,
        "size": len(file.content or b""),
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": True,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": address,
        "url_private_download": f"{base_url}files-pri/{world.team}-{file.id}/download/{file.name}",
        "permalink": f"{base_url}files/{file.user}/{file.id}/{file.name}",
        "alt_txt": file.alt,
        "has_rich_preview": False,
        "file_access": "visible",
    }


def post_object(world: World, post: Post, base_url: str, *, metadata: bool = False) -> JsonObject:
    """Describe a message as `conversations.history` and `chat.postMessage` do."""
    shown: JsonObject = {
        "type": "message",
        "user": post.user,
        "text": post.text,
        "ts": post.ts,
        "team": world.team,
        "blocks": list(post.blocks),
    }
    if post.user == world.bot:
        shown |= {"bot_id": world.bot_id, "app_id": world.app}
    elif post.user in world.users and world.users[post.user].is_bot:
        shown |= {"bot_id": f"B{post.user}", "app_id": f"A{post.user}"}
    if post.edited:
        shown["edited"] = {"user": post.user, "ts": post.edited}
    if post.subtype:
        shown["subtype"] = post.subtype
    if post.tombstone:
        shown |= {"subtype": "tombstone", "hidden": True, "user": "USLACKBOT"}
    if post.stream is not None:
        shown["streaming_state"] = "in_progress" if post.streaming else "completed"
    if post.reactions:
        shown["reactions"] = [
            {"name": name, "users": list(people), "count": len(people)} for name, people in post.reactions.items()
        ]
    if post.thread:
        shown["thread_ts"] = post.thread
    if post.files:
        shown["files"] = [file_object(world, file, base_url) for file in post.files]
    if metadata and post.metadata is not None:
        shown["metadata"] = post.metadata
    return shown


def _event(world: World, post: Post, base_url: str) -> JsonObject:
    event: JsonObject = {
        "user": post.user,
        "ts": post.ts,
        "client_msg_id": str(uuid.uuid4()),
        "text": post.text,
        "team": world.team,
        "blocks": [_rich_text(post.text)],
        "channel": post.channel,
        "event_ts": post.ts,
    }
    if post.thread:
        parent = world.channels[post.channel].find(post.thread)
        event |= {"thread_ts": post.thread, "parent_user_id": parent.user if parent else post.user}
    if post.files:
        event |= {
            "files": [file_object(world, file, base_url) for file in post.files],
            "upload": False,
            "display_as_bot": False,
        }
    return event


def _rich_text(text: str) -> JsonObject:
    elements: list[JsonValue] = [
        {"type": "user", "user_id": piece[2:-1]} if _USER.fullmatch(piece) else {"type": "text", "text": piece}
        for piece in _USER.split(text)
        if piece
    ]
    return {
        "type": "rich_text",
        "block_id": uuid.uuid4().hex[:5],
        "elements": [{"type": "rich_text_section", "elements": elements}],
    }


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
