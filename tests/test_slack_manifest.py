"""The app manifest: it asks for what is used, and for no more."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from bots.commands import subcommands
from bots.simulator.slack import SCOPES as SIMULATED
from bots.slack import manifest as module
from bots.slack.manifest import SCOPES, manifest
from core.config import Config, SlackConfig
from core.messages import JsonObject

HISTORY = {"channels:history", "groups:history", "im:history", "mpim:history"}
READ = {"channels:read", "groups:read", "im:read", "mpim:read"}
NEEDED: dict[str, set[str]] = {
    "apps.connections.open": set(),
    "assistant.threads.setStatus": {"chat:write"},
    "auth.test": set(),
    "chat.postMessage": {"chat:write"},
    "conversations.history": HISTORY,
    "conversations.info": READ,
    "conversations.replies": HISTORY,
    "files.info": {"files:read"},
    "files.upload.v2": {"files:write"},
    "users.conversations": READ,
    "users.info": {"users:read"},
}
INTAKE = {"app_mentions:read", "im:history", "commands", "files:read"}


def used() -> set[str]:
    """Return the API methods that the adapter's source calls, by the SDK's functions or by name."""
    folder = Path(module.__file__).parent
    source = "\n".join(path.read_text() for path in sorted(folder.glob("*.py")))
    methods = re.findall(r"lient\.([a-z]+(?:_[a-zA-Z0-9]+)+)\(", source)
    named = re.findall(r"\"((?:chat|conversations|users|files|assistant|auth)\.[a-zA-Z.]+)\"", source)
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
    assert set(SCOPES) == INTAKE.union(*NEEDED.values())


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
    assert command["usage_hint"] == " | ".join(command.usage for command in subcommands("slack"))
    assert section(config, "settings", "event_subscriptions")["bot_events"] == ["app_mention", "message.im"]


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
    commands = section(config, "features")["slash_commands"]
    assert isinstance(commands, list)
    assert isinstance(commands[0], dict)
    assert ("url" in commands[0]) is not socket_mode
