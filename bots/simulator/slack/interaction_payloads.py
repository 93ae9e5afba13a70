"""What Slack sends when a person uses a control, a shortcut or a modal.

https://docs.slack.dev/reference/interaction-payloads/block_actions-payload, shortcuts-interaction-payload and
view-interactions-payload.
"""

from typing import Literal

from bots.simulator.slack.json_parts import text_of
from bots.simulator.slack.payloads import post_object
from bots.simulator.slack.views import View
from bots.simulator.slack.world import Post, World
from core.messages import JsonObject


def block_actions(
    world: World,
    action: JsonObject,
    *,
    user: str,
    where: Post | View,
    base_url: str,
    response_url: str,
    values: JsonObject,
) -> JsonObject:
    """Build the payload for a control that was used in a message, a modal or the home tab."""
    payload: JsonObject = {
        **_common(world, "block_actions", user),
        "trigger_id": world.triggers.new(user),
        "actions": [{**action, "action_ts": world.timestamp()}],
    }
    if isinstance(where, View):
        container: JsonObject = {"type": "view", "view_id": where.id}
        return {**payload, "container": container, "view": world.described(where, values)}
    container = {
        "type": "message",
        "message_ts": where.ts,
        "channel_id": where.channel,
        "is_ephemeral": where.to is not None,
    }
    if where.thread:
        container["thread_ts"] = where.thread
    if where.to is None:
        payload["message"] = post_object(world, where, base_url)
    return {
        **payload,
        "container": container,
        "channel": _channel(world, where.channel),
        "state": {"values": values},
        "response_url": response_url,
    }


def message_action(
    world: World, post: Post, *, user: str, callback_id: str, base_url: str, response_url: str
) -> JsonObject:
    """Build the payload for a shortcut that was used on a message."""
    return {
        **_common(world, "message_action", user),
        "action_ts": world.timestamp(),
        "callback_id": callback_id,
        "trigger_id": world.triggers.new(user),
        "response_url": response_url,
        "channel": _channel(world, post.channel),
        "message_ts": post.ts,
        "message": post_object(world, post, base_url),
    }


def view_event(
    world: World, view: View, kind: Literal["view_submission", "view_closed"], values: JsonObject
) -> JsonObject:
    """Build the payload for a modal that was sent off, or closed."""
    payload: JsonObject = {**_common(world, kind, view.user), "view": world.described(view, values)}
    if kind == "view_closed":
        return {**payload, "is_cleared": False}
    return {**payload, "trigger_id": world.triggers.new(view.user), "response_urls": []}


def _common(world: World, kind: str, user: str) -> JsonObject:
    person = world.users[user]
    name = person.name.lower()
    return {
        "type": kind,
        "token": "simulator-verification-token",
        "team": {"id": world.team, "domain": "simulated"},
        "enterprise": None,
        "is_enterprise_install": False,
        "api_app_id": world.app,
        "user": {"id": user, "username": name, "name": name, "team_id": person.team},
    }


def _channel(world: World, channel_id: str) -> JsonObject:
    channel = world.channels[channel_id]
    names = {"im": "directmessage", "group": "privategroup"}
    return {"id": channel.id, "name": names.get(channel.kind, channel.name)}


def used(block: JsonObject, element: JsonObject) -> JsonObject:
    """Return what an action always says of the element that was used."""
    return {"type": text_of(element, "type"), "action_id": element["action_id"], "block_id": block["block_id"]}
