"""What the readers of an answer in Slack can see elsewhere, asked of a simulated Slack."""

import asyncio
from collections.abc import Collection

import pytest

from bots.links import Links
from bots.simulator.slack import SCOPES, Fault, SlackSimulator
from bots.slack.api import web_client
from bots.slack.sight import MOST_PAGES, PAGE, Sight
from bots.slack.surfaces import Surfaces
from core.audience import readers_of
from core.messages import Audience, Message
from tests.rule import may_use
from tests.slack_team import Team, listening, settings

WORKSPACE = Audience(scope="workspace", id="slack/T1")
NOTHING: frozenset[Audience] = frozenset()
ASKED = ("conversations.info", "conversations.members", "users.list", "users.info", "users.conversations")


def private(*channels: str) -> frozenset[Audience]:
    """Return the audiences of private channels."""
    return frozenset(Audience(scope="channel", id=f"slack/{channel}") for channel in channels)


async def said(team: Team, channel: str, user: str = "U1") -> Message:
    """Return what a person says to the bot in a channel, or with "" directly."""
    if channel:
        await team.slack.mention(channel, user, "hello")
    else:
        await team.slack.say(user, "hello")
    await team.slack.settled()
    return team.accepted[-1]


async def sees(team: Team, channel: str, user: str = "U1") -> frozenset[Audience]:
    return await team.platform.sees(await said(team, channel, user))


def asked(slack: SlackSimulator) -> int:
    return sum(len(slack.calls(method)) for method in ASKED)


@pytest.fixture
def slack(slack: SlackSimulator) -> SlackSimulator:
    """A workspace with a guest (U4), somebody of another workspace (U5), and private channels."""
    slack.add_user("U4", "Guest", restricted=True)
    slack.add_user("U5", "Stranger", team="T9")
    slack.add_channel("G2", "project", kind="group", members={"U1", "U4", "UBOT"})
    slack.add_channel("G3", "board", kind="group", members={"U1", "U2"})
    slack.add_channel("G4", "lunch", kind="mpim", members={"U1", "U2", "UBOT"})
    slack.add_channel("G5", "others", kind="group", members={"U2", "UBOT"})
    return slack


@pytest.mark.parametrize("channel", ["C1", "G1", "G4"])
async def test_members_of_the_workspace_see_the_workspace(team: Team, channel: str) -> None:
    assert await sees(team, channel) == {WORKSPACE}


@pytest.mark.parametrize(("channel", "outsider"), [("C1", "U4"), ("G1", "U4"), ("G4", "U4"), ("C1", "U5")])
async def test_where_a_guest_reads_along_nothing_else_is_seen(team: Team, channel: str, outsider: str) -> None:
    team.slack.world.channels[channel].members.add(outsider)
    assert await sees(team, channel) == NOTHING


async def test_somebody_who_is_not_listed_is_no_member_of_the_workspace(team: Team) -> None:
    team.slack.world.channels["C1"].members.add("U99")
    assert await sees(team, "C1") == NOTHING


async def test_where_another_workspace_reads_along_nothing_else_is_seen(team: Team) -> None:
    team.slack.world.channels["C1"].shared = True
    assert await sees(team, "C1") == NOTHING


async def test_one_person_sees_the_workspace_and_their_private_channels_that_the_bot_is_in(team: Team) -> None:
    assert await sees(team, "", "U1") == {WORKSPACE} | private("G1", "G2", "G4")
    assert await sees(team, "", "U2") == {WORKSPACE} | private("G4", "G5")


async def test_a_guest_sees_their_private_channels_alone(team: Team) -> None:
    assert await sees(team, "", "U4") == private("G2")


async def test_somebody_of_another_workspace_sees_nothing_else(team: Team) -> None:
    team.slack.world.channels["G1"].members.add("U5")
    assert await sees(team, "", "U5") == NOTHING


async def test_what_is_seen_directly_is_what_was_said_in_that_private_channel(team: Team) -> None:
    source = await said(team, "G2", "U4")
    direct = await said(team, "", "U1")
    readers = readers_of(direct.conversation, direct.audience).seeing(await team.platform.sees(direct))
    assert may_use(readers, channel=source.conversation.channel_key, audience=source.audience.key)
    others = await said(team, "G5", "U2")
    assert not may_use(readers, channel=others.conversation.channel_key, audience=others.audience.key)
    theirs = await said(team, "", "U2")
    assert not may_use(readers, channel=theirs.conversation.channel_key, audience=theirs.audience.key)


async def test_lists_are_read_to_their_end(team: Team) -> None:
    team.slack.world.page = 1
    assert await sees(team, "", "U1") == {WORKSPACE} | private("G1", "G2", "G4")
    team.slack.world.channels["C1"].members.add("U4")
    assert await sees(team, "C1") == NOTHING


async def test_of_a_list_that_does_not_end_nothing_is_seen(team: Team) -> None:
    team.slack.world.page = 1
    for number in range(MOST_PAGES):
        team.slack.add_user(f"U1{number:02}", "Somebody")
    assert await sees(team, "C1") == NOTHING
    assert len(team.slack.calls("users.list")) == MOST_PAGES + 1
    assert {call.text("limit") for call in team.slack.calls("users.list")} == {str(PAGE)}


async def test_one_place_is_asked_about_once(team: Team) -> None:
    first = await said(team, "C1")
    await team.platform.sees(first)
    before = asked(team.slack)
    assert await team.platform.sees(first) == await sees(team, "C1", "U2") == {WORKSPACE}
    assert asked(team.slack) == before + 1, "the name of the second person"
    assert await sees(team, "G1") == {WORKSPACE}
    assert len(team.slack.calls("users.list")) == 1


@pytest.mark.parametrize("method", ["conversations.info", "conversations.members", "users.list"])
@pytest.mark.parametrize(
    "fault",
    [Fault(retry_after=1), Fault(status=500), Fault(drop="before"), Fault(error="fatal_error")],
    ids=["limited", "broken", "lost", "failed"],
)
async def test_what_cannot_be_had_is_not_seen(team: Team, method: str, fault: Fault) -> None:
    message = await said(team, "C1")
    team.slack.fail(method, fault)
    assert await team.platform.sees(message) == NOTHING


@pytest.mark.parametrize("method", ["users.info", "users.conversations"])
async def test_of_a_person_about_whom_slack_is_silent_nothing_is_seen(team: Team, method: str) -> None:
    message = await said(team, "")
    team.slack.fail(method, Fault(error="internal_error"))
    assert await team.platform.sees(message) == NOTHING


@pytest.mark.parametrize(
    ("scope", "channel"), [("users:read", "C1"), ("channels:read", "C1"), ("mpim:read", ""), ("users:read", "")]
)
async def test_without_a_scope_nothing_is_seen(scope: str, channel: str) -> None:
    remaining: Collection[str] = set(SCOPES) - {scope}
    async with SlackSimulator(scopes=remaining) as slack, listening(slack) as team:
        assert await sees(team, channel) == NOTHING


async def test_an_answer_does_not_wait_for_what_comes_late_but_the_next_one_has_it(slack: SlackSimulator) -> None:
    async with listening(slack) as team:
        message = await said(team, "C1")
        client = web_client(settings(slack), patient=False)
        surfaces = Surfaces(client, Links())
        sight = Sight(client, surfaces, team="T1", patience=0.02)
        slack.fail("users.list", Fault(delay=0.5))
        assert await sight.sees(message) == NOTHING
        async with asyncio.timeout(10):
            while await sight.sees(message) != {WORKSPACE}:
                pass
        assert len(slack.calls("users.list")) == 1
        await surfaces.close()


async def test_while_slack_is_out_of_reach_nothing_is_seen(slack: SlackSimulator) -> None:
    async with listening(slack) as team:
        message = await said(team, "C1")
    assert await team.platform.sees(message) == NOTHING
