"""The Slack app that Steward needs, as an app manifest: https://docs.slack.dev/reference/app-manifest.

It is an agent (`agent_view`, which takes the place of `assistant_view`):
https://docs.slack.dev/ai/migrating-to-agent-messaging.
"""

from typing import Final

from pydantic import JsonValue

from bots.commands import SUBCOMMANDS
from bots.slack.about import SHORTCUT
from core.config import Config
from core.messages import JsonObject

COMMAND: Final = "/steward"
PATH: Final = "/slack/events"
EVENTS: Final = (
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "message.channels",  # with the two others: to follow threads, and to know of edited and deleted questions
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
)
SCOPES: Final = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",  # with the three other histories: to see what was asked and answered while nobody listened
    "channels:read",  # with the three other reads: to know the channels and who reads them, so that nothing leaks
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",  # to send somebody a file that is for them alone
    "mpim:history",
    "mpim:read",
    "reactions:read",
    "users:read",
)

LONGEST_SHORTCUT: Final = 24
"""Characters of a shortcut's name."""

_ADDRESS: Final = f"https://YOUR-HOST{PATH}"


def manifest(config: Config) -> JsonObject:
    """Return the manifest of the app; without a signing secret alone it uses Socket Mode, as Steward does."""
    socket_mode = config.slack.app_token is not None or config.slack.signing_secret is None
    return {
        "display_information": {
            "name": config.name,
            "description": "An assistant the whole team shares: mention it, write to it, or use its command.",
        },
        "features": {
            "agent_view": {"agent_description": "Answers questions, runs skills and makes charts for the whole team."},
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": config.name, "always_online": True},
            "shortcuts": [_shortcut(config.name)],
            "slash_commands": [_command(socket_mode)],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**_request_url(socket_mode, "request_url"), "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **_request_url(socket_mode, "request_url")},
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": False,
        },
    }


def _shortcut(name: str) -> JsonObject:
    label = f"Ask {name} about this"
    return {
        "name": label if len(label) <= LONGEST_SHORTCUT else "Ask about this",
        "type": "message",
        "callback_id": SHORTCUT,
        "description": "Ask a question about a message, in its thread",
    }


def _command(socket_mode: bool) -> JsonObject:
    return {
        "command": COMMAND,
        **_request_url(socket_mode, "url"),
        "description": "Ask, or see what I can do",
        "usage_hint": " | ".join(command.name for command in SUBCOMMANDS),
        "should_escape": True,
    }


def _request_url(socket_mode: bool, key: str) -> dict[str, JsonValue]:
    return {} if socket_mode else {key: _ADDRESS}
