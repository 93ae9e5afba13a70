"""People, and the addresses of messages, as Slack describes them; pure."""

import pytest
from pydantic import JsonValue

from bots.links import Links
from bots.slack.events import Lookup, is_shared
from bots.slack.people import described_person, is_guest, is_stranger
from bots.slack.permalinks import archives, permalink, permalinks
from bots.slack.presses import read_press
from core.messages import ADMIN, GUEST, JsonObject, Person

TEAM = "https://team.slack.com/"


def user(**changes: JsonValue) -> JsonObject:
    """Return a user object as `users.info` does, with some fields changed."""
    profile: JsonObject = {"real_name": "Ada Lovelace", "display_name": "Ada", "team": "T1"}
    flags = ("is_admin", "is_owner", "is_primary_owner", "is_restricted", "is_ultra_restricted", "is_bot", "deleted")
    return {"id": "U1", "team_id": "T1", "name": "ada", "profile": profile, **dict.fromkeys(flags, False), **changes}


@pytest.mark.parametrize(
    ("changes", "roles"),
    [
        ({}, set()),
        ({"is_admin": True}, {ADMIN}),
        ({"is_owner": True}, {ADMIN}),
        ({"is_primary_owner": True}, {ADMIN}),
        ({"is_restricted": True}, {GUEST}),
        ({"is_restricted": True, "is_ultra_restricted": True}, {GUEST}),
        ({"is_stranger": True}, {GUEST}),
        ({"team_id": "T9"}, {GUEST}),
        ({"team_id": "T9", "is_admin": True}, {GUEST}),
        ({"team_id": None}, {GUEST}),
        ({"team_id": "T9", "enterprise_user": {"teams": ["T9", "T1"]}}, set()),
        ({"team_id": "T9", "enterprise_user": {"teams": ["T9"]}}, {GUEST}),
    ],
)
def test_a_person_has_the_roles_that_slack_tells(changes: JsonObject, roles: set[str]) -> None:
    assert described_person(user(**changes), "T1") == Person(id="U1", name="Ada", roles=frozenset(roles))


def test_a_guest_of_the_workspace_is_no_stranger() -> None:
    guest = user(is_restricted=True)
    assert is_guest(guest, "T1")
    assert not is_stranger(guest, "T1")


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ({"display_name": "Ada", "real_name": "Ada Lovelace"}, "Ada"),
        ({"display_name": "", "real_name": "Ada Lovelace"}, "Ada Lovelace"),
        ({}, "ada"),
    ],
)
def test_a_person_is_called_what_they_chose(profile: JsonObject, name: str) -> None:
    assert described_person(user(profile=profile), "T1").name == name


@pytest.mark.parametrize("flag", ["is_ext_shared", "is_org_shared", "is_pending_ext_shared"])
def test_a_channel_that_others_read_is_shared(flag: str) -> None:
    assert is_shared({"is_channel": True, flag: True})
    assert not is_shared({"is_channel": True, flag: False})


@pytest.mark.parametrize(
    ("ts", "thread", "address"),
    [
        ("1700000000.000100", "", f"{TEAM}archives/C1/p1700000000000100"),
        ("1700000000.000100", "1700000000.000100", f"{TEAM}archives/C1/p1700000000000100"),
        (
            "1700000000.000100",
            "1600000000.000200",
            f"{TEAM}archives/C1/p1700000000000100?thread_ts=1600000000.000200&cid=C1",
        ),
        ("", "", f"{TEAM}archives/C1"),
        ("", "1600000000.000200", f"{TEAM}archives/C1"),
    ],
)
def test_a_message_has_the_address_that_slack_gives_it(ts: str, thread: str, address: str) -> None:
    assert permalink(TEAM, "C1", ts, thread=thread) == address
    assert permalink("https://team.slack.com", "C1", ts, thread=thread) == address


@pytest.mark.parametrize("workspace", ["", "http://team.slack.com/", "team.slack.com"])
def test_without_the_workspaces_address_there_is_none(workspace: str) -> None:
    assert permalink(workspace, "C1", "1700000000.000100") == ""
    assert archives(workspace) == ""


@pytest.mark.parametrize(
    ("container", "address"),
    [
        ({"type": "message"}, f"{TEAM}archives/C1/p1700000000000100?thread_ts=1600000000.000200&cid=C1"),
        ({"type": "message", "is_ephemeral": True}, f"{TEAM}archives/C1"),
    ],
)
def test_a_press_has_the_address_of_the_message_it_is_under(container: JsonObject, address: str) -> None:
    message: JsonObject = {"ts": "1700000000.000100", "thread_ts": "1600000000.000200"}
    used = read_press(
        {
            "type": "block_actions",
            "user": {"id": "U1"},
            "trigger_id": "1.2.3",
            "container": {**container, "channel_id": "C1"},
            "message": message,
            "actions": [{"action_id": "steward.again.1.01234567", "value": "steward.again.1.01234567"}],
        },
        Lookup(bot="UBOT", team="T1", address=TEAM),
    )
    assert used is not None
    assert used.message.link == address


@pytest.mark.parametrize(
    ("address", "stays"),
    [
        ("https://team.slack.com/archives/C1", True),
        ("https://team.slack.com/archives/C1/p1700000000000100?thread_ts=1600000000.000200&cid=C1", True),
        ("https://team.slack.com/", False),
        ("https://team.slack.com/services/x", False),
        ("https://team.slack.com/archives/../services", False),
        ("https://other.slack.com/archives/C1", False),
        ("https://team.slack.com.evil.example/archives/C1", False),
        ("https://team.slack.com/archives/https://evil.example", False),
        ("https://team.slack.com/archives/C1\u200b", False),
    ],
)
def test_a_workspaces_own_messages_can_stay_live_for_one_person(address: str, stays: bool) -> None:
    links = Links().also(permalinks("https://team.slack.com/"))
    assert links.live(address) is stays
    assert (links.inert(f"see {address} now") == f"see {address} now") is stays


def test_where_a_workspaces_address_is_not_known_nothing_stays_live() -> None:
    assert not Links().also(permalinks("")).live("https://evil.example/")
