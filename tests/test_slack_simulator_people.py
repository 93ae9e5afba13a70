"""The people of the simulated Slack, through slack-sdk itself."""

import pytest

from bots.simulator.slack import SCOPES, SlackSimulator
from tests.slack_client import client, refused


@pytest.fixture
def peopled(slack: SlackSimulator) -> SlackSimulator:
    """A workspace with an admin, a guest in one private channel, and somebody of another workspace."""
    slack.add_user("U3", "Root", admin=True)
    slack.add_user("U4", "Guest", restricted=True)
    slack.add_user("U5", "Stranger", team="T9")
    slack.add_channel("G2", "project", kind="group", members={"U2", "U4", "UBOT"})
    slack.add_channel("G3", "board", kind="group", members={"U1", "U2"})
    slack.add_channel("G4", "lunch", kind="mpim", members={"U1", "U2", "UBOT"})
    return slack


async def test_people_are_described_with_what_they_may(peopled: SlackSimulator) -> None:
    flags = ("is_admin", "is_restricted", "is_stranger")
    people = (await client(peopled).users_list())["members"]
    told = {person["id"]: tuple(person.get(flag, False) for flag in flags) for person in people}
    assert told == {
        "U1": (False, False, False),
        "U2": (False, False, False),
        "UBOT": (False, False, False),
        "U3": (True, False, False),
        "U4": (False, True, False),
        "U5": (False, False, True),
    }
    assert (await client(peopled).users_info(user="U5"))["user"] == people[-1]
    assert people[-1]["team_id"] == "T9"


async def test_people_are_listed_page_by_page(peopled: SlackSimulator) -> None:
    found: list[str] = []
    cursor = ""
    for _ in range(3):
        page = await client(peopled).users_list(limit=2, cursor=cursor)
        found += [person["id"] for person in page["members"]]
        cursor = page["response_metadata"]["next_cursor"]
    assert found == ["U1", "U2", "UBOT", "U3", "U4", "U5"]
    assert cursor == ""
    assert await refused(client(peopled).users_list(limit=1000)) == "invalid_limit"


@pytest.mark.parametrize(
    ("user", "types", "channels"),
    [
        ("U1", "private_channel,mpim", ["G1", "G4"]),
        ("U2", "private_channel,mpim", ["G2", "G4"]),
        ("U4", "private_channel,mpim,public_channel", ["G2"]),
        ("U1", "public_channel", ["C1", "C2"]),
        (None, "public_channel,private_channel", ["C1", "G1", "G2"]),
    ],
)
async def test_of_a_persons_private_channels_those_of_the_bot_are_told(
    peopled: SlackSimulator, user: str | None, types: str, channels: list[str]
) -> None:
    arguments = {"types": types, **({"user": user} if user else {})}
    answer = await client(peopled).api_call("users.conversations", params=arguments)
    listed = answer["channels"]
    assert [channel["id"] for channel in listed] == channels
    assert not any("is_member" in channel for channel in listed)


async def test_a_direct_message_is_opened_once(slack: SlackSimulator) -> None:
    first = await client(slack).conversations_open(users="U1")
    again = await client(slack).conversations_open(users="U1")
    assert first["channel"]["id"] == again["channel"]["id"] == slack.world.direct("U1").id
    assert ("already_open" in first.data, again["already_open"]) == (False, True)


@pytest.mark.parametrize(
    ("users", "error"),
    [
        ("", "users_list_not_supplied"),
        ("U9", "user_not_found"),
        ("UBOT", "cannot_dm_bot"),
        ("U1,U2", "missing_scope"),
    ],
)
async def test_a_direct_message_that_cannot_be_is_refused(slack: SlackSimulator, users: str, error: str) -> None:
    assert await refused(client(slack).api_call("conversations.open", params={"users": users})) == error


@pytest.mark.parametrize(
    ("scope", "method", "arguments"),
    [
        ("users:read", "users.list", {}),
        ("im:write", "conversations.open", {"users": "U1"}),
        ("mpim:read", "users.conversations", {"user": "U1", "types": "mpim"}),
        ("groups:read", "users.conversations", {"user": "U1", "types": "private_channel"}),
    ],
)
async def test_each_needs_its_scope(scope: str, method: str, arguments: dict[str, str]) -> None:
    async with SlackSimulator(scopes=set(SCOPES) - {scope}) as slack:
        assert await refused(client(slack).api_call(method, params=arguments)) == "missing_scope"
