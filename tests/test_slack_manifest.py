"""The app manifest: it asks for what is used, and for no more."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from bots.commands import SUBCOMMANDS
from bots.simulator.slack import SCOPES as SIMULATED
from bots.slack import manifest as module
from bots.slack.about import SHORTCUT
from bots.slack.manifest import SCOPES, manifest
from core.config import Config, SlackConfig
from core.messages import JsonObject

HISTORY = {"channels:history", "groups:history", "im:history", "mpim:history"}
READ = {"channels:read", "groups:read", "im:read", "mpim:read"}
NEEDED: dict[str, set[str]] = {
    "agents.sessions.setStatus": {"chat:write"},
    "apps.connections.open": set(),
    "assistant.threads.setStatus": {"chat:write"},
    "assistant.threads.setSuggestedPrompts": {"assistant:write"},
    "assistant.threads.setTitle": {"assistant:write"},
    "auth.test": set(),
    "chat.delete": {"chat:write"},
    "chat.postEphemeral": {"chat:write"},
    "chat.postMessage": {"chat:write"},
    "chat.stopStream": {"chat:write"},
    "chat.stream": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": HISTORY,
    "conversations.info": READ,
    "conversations.members": READ,
    "conversations.open": {"im:write"},
    "conversations.replies": HISTORY,
    "files.delete": {"files:write"},
    "files.info": {"files:read"},
    "files.upload.v2": {"files:write"},
    "users.conversations": READ,
    "users.info": {"users:read"},
    "users.list": {"users:read"},
    "views.open": set(),
    "views.publish": set(),
}
EVENTS: dict[str, set[str]] = {
    "agent_session_stopped": {"chat:write"},
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "message.mpim": {"mpim:history"},
    "reaction_added": {"reactions:read"},
}
LONGEST_USAGE_HINT = 1000
"""https://docs.slack.dev/reference/app-manifest"""

OTHERWISE = {"assistant:write", "commands", "files:read"}
"""For what is neither called nor told: being an agent, the command, and the files in forms."""


def used() -> set[str]:
    """Return the API methods that the adapter's source calls, by the SDK's functions or by name."""
    folder = Path(module.__file__).parent
    source = "\n".join(path.read_text() for path in sorted(folder.glob("*.py")))
    methods = re.findall(r"lient\.([a-z]+(?:_[a-zA-Z0-9]+)+)\(", source)
    named = re.findall(r"\"((?:chat|conversations|users|files|assistant|auth|views|agents)\.[a-zA-Z.]+)\"", source)
    not_methods = {"api.call", "aiohttp.client", "ws.connect"}
    spoken = {method.replace("_", ".") for method in methods} | {name for name in named if not name.endswith(".com")}
    return spoken - not_methods


def section(config: Config, *path: str) -> JsonObject:
    value: object = manifest(config)
    for name in path:
        assert isinstance(value, dict)
        value = value[name]
    assert isinstance(value, dict)
    return value


def test_every_method_used_has_its_scope_and_no_scope_is_left_over() -> None:
    assert used() == set(NEEDED)
    assert set(SCOPES) == OTHERWISE.union(*NEEDED.values(), *EVENTS.values())


def test_the_simulated_slack_grants_what_the_manifest_asks_for() -> None:
    assert set(SCOPES) <= set(SIMULATED)


def test_the_manifest_names_the_assistant_and_its_command() -> None:
    config = Config(name="Jeeves")
    assert section(config, "display_information")["name"] == "Jeeves"
    assert section(config, "features", "bot_user")["display_name"] == "Jeeves"
    commands = section(config, "features")["slash_commands"]
    assert isinstance(commands, list)
    [command] = commands
    assert isinstance(command, dict)
    assert command["command"] == "/steward"
    assert command["usage_hint"] == " | ".join(command.name for command in SUBCOMMANDS)
    assert len(str(command["usage_hint"])) <= LONGEST_USAGE_HINT


def test_every_event_that_is_read_is_subscribed_to() -> None:
    assert section(Config(), "settings", "event_subscriptions")["bot_events"] == list(EVENTS)


def test_the_app_is_an_agent_with_a_home_a_shortcut_and_interactivity() -> None:
    features = section(Config(), "features")
    assert "assistant_view" not in features
    assert len(str(section(Config(), "features", "agent_view")["agent_description"])) <= 300
    assert section(Config(), "features", "app_home")["home_tab_enabled"] is True
    assert section(Config(), "settings", "interactivity")["is_enabled"] is True
    assert features["shortcuts"] == [
        {
            "name": "Ask Steward about this",
            "type": "message",
            "callback_id": SHORTCUT,
            "description": "Ask a question about a message, in its thread",
        }
    ]


def test_a_long_name_leaves_the_shortcut_within_its_limit() -> None:
    shortcuts = section(Config(name="Bartholomew the Second"), "features")["shortcuts"]
    assert isinstance(shortcuts, list)
    assert isinstance(shortcuts[0], dict)
    assert shortcuts[0]["name"] == "Ask about this"


@pytest.mark.parametrize(
    ("slack", "socket_mode"),
    [
        (SlackConfig(), True),
        (SlackConfig(app_token=SecretStr("xapp-1"), signing_secret=SecretStr("s")), True),
        (SlackConfig(signing_secret=SecretStr("s")), False),
    ],
)
def test_the_manifest_matches_the_mode(slack: SlackConfig, socket_mode: bool) -> None:
    config = Config(slack=slack)
    settings = section(config, "settings")
    assert settings["socket_mode_enabled"] is socket_mode
    assert ("request_url" in section(config, "settings", "event_subscriptions")) is not socket_mode
    assert ("request_url" in section(config, "settings", "interactivity")) is not socket_mode
    commands = section(config, "features")["slash_commands"]
    assert isinstance(commands, list)
    assert isinstance(commands[0], dict)
    assert ("url" in commands[0]) is not socket_mode
