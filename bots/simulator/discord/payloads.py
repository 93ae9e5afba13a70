"""The objects of Discord's API as its documentation shows them: pure functions of the simulated world.

https://discord.com/developers/docs/resources/message#message-object and its neighbours.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import JsonValue

from bots.simulator.discord.permissions import overwrites
from bots.simulator.discord.world import (
    DIRECT,
    GROUP,
    PRIVATE_THREAD,
    VOICE,
    Channel,
    File,
    Message,
    Role,
    Server,
    User,
    World,
)
from core.messages import JsonObject

_ROLE, _MEMBER = 0, 1
"""The types of overwrites: https://discord.com/developers/docs/resources/channel#overwrite-object."""

_WAVEFORM = "AAAAAP///wAAAA=="
"""What a voice message looks like, sampled: https://discord.com/developers/docs/resources/message#voice-messages."""


def timestamp(seconds: float) -> str:
    """Write a time as the API does."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def user(person: User) -> JsonObject:
    """Show a user."""
    return {
        "id": person.id,
        "username": person.name.lower(),
        "global_name": None if person.bot else person.name,
        "discriminator": "0001" if person.bot else "0",
        "avatar": None,
        "bot": person.bot,
        "public_flags": 0,
        "flags": 0,
    }


def member(person: User, guild_id: str, world: World) -> JsonObject:
    """Show what somebody is in a server, without the user."""
    return {
        "nick": person.nick,
        "avatar": None,
        "roles": [each for each in person.roles if world.roles[each].guild_id == guild_id],
        "joined_at": timestamp(1_700_000_000),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "communication_disabled_until": None,
        "flags": person.flags,
    }


def role(of: Role) -> JsonObject:
    """Show a role."""
    shown: JsonObject = {
        "id": of.id,
        "name": of.name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": 1 if of.bot_id else 0,
        "permissions": str(of.permissions),
        "managed": of.bot_id is not None,
        "mentionable": False,
        "flags": 0,
    }
    if of.bot_id:
        shown["tags"] = {"bot_id": of.bot_id}
    return shown


def channel(of: Channel, world: World) -> JsonObject:
    """Show a channel, thread or direct message."""
    if of.type in (DIRECT, GROUP):
        recipients = [user(each) for each in ([of.recipient] if of.recipient else of.people)]
        last = of.last_message_id
        shown: JsonObject = {"id": of.id, "type": of.type, "last_message_id": last, "flags": 0}
        return shown | {"recipients": [*recipients]} | ({"name": None, "icon": None} if of.type == GROUP else {})
    shown = {
        "id": of.id,
        "type": of.type,
        "guild_id": of.guild_id,
        "name": of.name,
        "parent_id": of.parent_id,
        "last_message_id": of.last_message_id,
        "rate_limit_per_user": 0,
        "flags": 0,
    }
    return shown | (_thread(of, world) if of.is_thread else _text_channel(of, world))


def _thread(of: Channel, world: World) -> JsonObject:
    metadata: JsonObject = {
        "archived": of.archived,
        "auto_archive_duration": 1440,
        "archive_timestamp": timestamp(world.clock.now()),
        "locked": False,
        "create_timestamp": timestamp(world.clock.now()),
    }
    if of.type == PRIVATE_THREAD:
        metadata["invitable"] = True
    return {
        "owner_id": (of.owner or world.owner).id,
        "message_count": 0,
        "member_count": 2,
        "total_message_sent": 0,
        "thread_metadata": metadata,
    }


def _text_channel(of: Channel, world: World) -> JsonObject:
    rules: list[JsonValue] = [
        {
            "id": each,
            "type": _ROLE if each in world.roles else _MEMBER,
            "allow": str(rule.allow),
            "deny": str(rule.deny),
        }
        for each, rule in overwrites(of, world).items()
    ]
    shown: JsonObject = {"position": 0, "nsfw": False, "permission_overwrites": rules}
    if of.type == VOICE:
        return shown | {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
    return shown | {"topic": None, "default_auto_archive_duration": 1440}


def guild(server: Server, world: World) -> JsonObject:
    """Show a server as GUILD_CREATE and the guild routes do."""
    places = [place for place in world.channels.values() if place.guild_id == server.id]
    threads = [place for place in places if place.is_thread and not (place.hidden or place.archived)]
    return {
        "id": server.id,
        "name": server.name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "description": None,
        "owner_id": server.owner.id,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": world.tier,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "application_id": None,
        "vanity_url_code": None,
        "banner": None,
        "preferred_locale": "en-US",
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [role(each) for each in world.roles_in(server.id)],
        "joined_at": timestamp(1_700_000_000),
        "large": False,
        "unavailable": False,
        "member_count": len(server.members),
        "voice_states": [],
        "members": [member(world.bot, server.id, world) | {"user": user(world.bot)}],
        "channels": [channel(place, world) for place in places if not place.is_thread],
        "threads": [channel(thread, world) for thread in threads],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def application(world: World, flags: int) -> JsonObject:
    """Show the bot's application."""
    return {
        "id": world.application_id,
        "name": "Steward",
        "icon": None,
        "description": "",
        "summary": "",
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": flags,
        "owner": user(world.owner),
        "team": None,
        "hook": True,
        "interactions_endpoint_url": None,
        "redirect_uris": [],
        "tags": [],
    }


def attachment(file: File, url: str) -> JsonObject:
    """Show a file with the signed address where it can be fetched."""
    shown: JsonObject = {
        "id": file.id,
        "filename": file.name,
        "size": len(file.content),
        "url": url,
        "proxy_url": url,
        "content_type": file.media_type,
        "content_scan_version": 0,
    }
    if file.description is not None:
        shown["description"] = file.description
    if file.seconds is not None:
        shown |= {"duration_secs": file.seconds, "waveform": _WAVEFORM}
    if file.ephemeral:
        shown["ephemeral"] = True
    return shown


def message(of: Message, world: World, sign: Callable[[Channel, File], str]) -> JsonObject:
    """Show a message with what it replies to; `sign` gives the address of a file."""
    shown = _message(of, world, sign)
    if of.reply_to is not None:
        target = world.messages.get(of.reply_to)
        gone = target is None or target.deleted
        shown["referenced_message"] = None if target is None or gone else _message(target, world, sign)
    if of.reply_to is not None or of.reply_in is not None:
        shown["message_reference"] = _reference(of)
    return shown


def _reference(of: Message) -> JsonObject:
    place = of.reply_in or of.channel
    named: JsonObject = {"type": 0, "channel_id": place.id}
    if place.guild_id is not None:
        named["guild_id"] = place.guild_id
    if of.reply_to is not None:
        named["message_id"] = of.reply_to
    return named


def _message(of: Message, world: World, sign: Callable[[Channel, File], str]) -> JsonObject:
    shown: JsonObject = {
        "id": of.id,
        "type": of.type,
        "channel_id": of.channel.id,
        "author": user(of.author),
        "content": of.content,
        "timestamp": timestamp(of.created),
        "edited_timestamp": None if of.edited is None else timestamp(of.edited),
        "tts": False,
        "mention_everyone": "everyone" in of.pings,
        "mentions": [user(each) for each in of.mentions],
        "mention_roles": list(of.role_mentions),
        "attachments": [attachment(file, sign(of.channel, file)) for file in of.files],
        "embeds": [*of.embeds],
        "components": [*of.components],
        "pinned": False,
        "flags": of.flags,
    }
    if of.nonce is not None:
        shown["nonce"] = of.nonce
    if of.interaction is not None:
        shown |= {"application_id": world.application_id, "webhook_id": world.application_id}
        shown["interaction_metadata"] = of.cause
    return shown


def message_event(of: Message, world: World, sign: Callable[[Channel, File], str]) -> JsonObject:
    """Show a message as MESSAGE_CREATE does: with the server, and with the membership of whom it names."""
    shown = message(of, world, sign)
    guild_id = of.channel.guild_id
    if guild_id is None:
        return shown
    mentions = [user(each) | {"member": member(each, guild_id, world)} for each in of.mentions]
    return shown | {"guild_id": guild_id, "member": member(of.author, guild_id, world), "mentions": [*mentions]}
