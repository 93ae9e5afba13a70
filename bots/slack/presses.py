"""Buttons and menus that were used, read; pure.

https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
"""

import time
from dataclasses import dataclass

from bots.slack.events import Lookup, audience, message_id
from bots.slack.fields import part, parts, text
from core.controls import read
from core.messages import Conversation, JsonObject, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A control that was used.

    Attributes:
        key: its key, as `core.controls` reads it.
        choice: what was chosen from a menu.
        message: the press as a message of its own.
    """

    key: str
    choice: str
    message: Message


def read_press(payload: JsonObject, lookup: Lookup) -> Used | None:
    """Return which control was used; None where it is none of ours, or stands under no message."""
    channel = pressed_in(payload)
    action = next((action for action in parts(payload, "actions") if _key(action)), None)
    if action is None or not channel:
        return None
    return Used(
        key=_key(action),
        choice=text(part(action, "selected_option"), "value"),
        message=_message(payload, action, channel, lookup),
    )


def pressed_in(payload: JsonObject) -> str:
    """Return the channel in which something was pressed."""
    return text(part(payload, "container"), "channel_id") or text(part(payload, "channel"), "id")


def _key(action: JsonObject) -> str:
    """Return the key of a control: its action id, or the value of one of two feedback buttons."""
    return next((key for key in (text(action, "value"), text(action, "action_id")) if read(key)), "")


def _message(payload: JsonObject, action: JsonObject, channel: str, lookup: Lookup) -> Message:
    person, container, shown = (part(payload, name) for name in ("user", "container", "message"))
    user, at = text(person, "id"), text(action, "action_ts")
    thread = text(shown, "thread_ts") or text(container, "thread_ts")
    return Message(
        id=message_id(lookup.team, channel, text(payload, "trigger_id") or f"{user}.{at}"),
        conversation=Conversation(
            platform="slack",
            workspace=lookup.team,
            channel=channel,
            thread=thread if thread and thread != text(shown, "ts") else None,
        ),
        audience=audience(lookup.place, team=lookup.team, channel=channel, user=user),
        author=lookup.person(user, text(person, "name")),
        text="",
        sent_at=time.time(),
        origin={"response_url": text(payload, "response_url")},
        link=lookup.link(channel, "" if container.get("is_ephemeral") else text(shown, "ts"), thread=thread),
    )
