"""Threads in the simulated Slack that the bot takes part in: when it answers without a mention."""

import time
from collections.abc import AsyncIterator
from typing import Literal

import pytest

from bots.simulator.slack import Fault, SlackSimulator
from core.channels import Channels
from core.config import CatchUpConfig
from core.cursors import Cursors
from core.journal import Journal
from core.memory import Memory
from core.messages import Conversation, Message, Person
from core.store import Store
from tests.slack_team import Team, listening
from tests.waiting import until


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator(message_events=True, retry_scale=0, deadline=0.2) as simulator:
        yield simulator


@pytest.fixture
async def team(slack: SlackSimulator, store: Store) -> AsyncIterator[Team]:
    async with listening(slack, store=store) as team:
        remember(team, store)
        yield team


def remember(team: Team, store: Store) -> None:
    """Let what is accepted be a turn in the database."""
    journal = Journal(store, Memory(store, turns=24, tokens=12_000))

    async def keep(message: Message) -> None:
        await journal.accept(message)

    team.before = keep


async def answered(store: Store) -> None:
    """Let everything that was asked be answered now."""
    await store.write("UPDATE turns SET closed_at = ?", (time.time(),))


async def thread(team: Team, *, begun_by: str = "U1") -> str:
    """Begin a thread in which Ada asks something, and return its id."""
    if begun_by == "U1":
        root = await team.slack.mention("C1", "U1", "draw the sales")
    else:
        root = await team.slack.say(begun_by, "look at these sales", channel="C1")
        await team.slack.mention("C1", "U1", "draw them", thread=root)
    await team.slack.settled()
    team.accepted.clear()
    return root


async def say(team: Team, root: str, user: str, text: str) -> list[str]:
    """Say something in a thread without a mention, and return what was accepted of it."""
    before = len(team.accepted)
    await team.slack.say(user, text, channel="C1", thread=root)
    await team.slack.settled()
    return [message.text for message in team.accepted[before:]]


async def test_whoever_is_alone_with_it_needs_no_mention(team: Team) -> None:
    root = await thread(team)
    assert await say(team, root, "U1", "and now as bars") == ["and now as bars"]
    [message] = team.accepted
    assert message.conversation == Conversation(platform="slack", workspace="T1", channel="C1", thread=root)


async def test_a_thread_it_has_no_part_in_is_not_followed(team: Team) -> None:
    root = await team.slack.say("U1", "Steward, are you there?", channel="C1")
    assert await say(team, root, "U1", "Steward?") == []


async def test_the_channels_root_is_not_followed(team: Team) -> None:
    await thread(team)
    await team.slack.say("U1", "and as bars?", channel="C1")
    await team.slack.settled()
    assert team.accepted == []


async def test_people_who_talk_to_each_other_are_left_alone(team: Team, store: Store) -> None:
    root = await thread(team)
    await answered(store)
    assert await say(team, root, "U2", "nice") == []
    assert await say(team, root, "U1", "thanks") == []
    assert await say(team, root, "U1", "do you think so too?") == [], "Grace spoke last, not the assistant"
    assert await say(team, root, "U2", "yes") == []


async def test_whoever_began_the_thread_is_company_although_they_spoke_before_it_came(team: Team) -> None:
    root = await thread(team, begun_by="U2")
    assert await say(team, root, "U1", "what do you think") == []


async def test_slacks_own_messages_are_no_company(team: Team) -> None:
    root = await thread(team)
    team.slack.add_user("USLACKBOT", "Slackbot")
    await team.slack.say("USLACKBOT", "a reminder", channel="C1", thread=root)
    assert await say(team, root, "U1", "as bars") == ["as bars"]


async def test_a_question_right_after_its_answer_is_answered(team: Team, store: Store) -> None:
    root = await thread(team, begun_by="U2")
    await answered(store)
    assert await say(team, root, "U2", "and for May?") == ["and for May?"]


async def test_a_question_to_a_colleague_is_not_answered(team: Team, store: Store) -> None:
    root = await thread(team)
    await answered(store)
    assert await say(team, root, "U1", "<@U2> is that right?") == []
    await answered(store)
    assert await say(team, root, "U1", "<!here> is that right?") == []
    await answered(store)
    assert await say(team, root, "U2", "is it, Ada?") == []


async def test_a_colleague_who_was_called_in_is_company_before_they_say_anything(team: Team) -> None:
    root = await thread(team)
    assert await say(team, root, "U1", "<@U2> have a look") == []
    assert await say(team, root, "U1", "what do you think") == []


async def test_its_name_is_enough_among_several(team: Team) -> None:
    root = await thread(team, begun_by="U2")
    assert await say(team, root, "U2", "Steward, and for May") == ["Steward, and for May"]


async def test_a_mention_always_counts_and_is_accepted_once(team: Team) -> None:
    root = await thread(team, begun_by="U2")
    await team.slack.mention("C1", "U2", "and for <@U1>", thread=root)
    await team.slack.settled()
    assert {message.text for message in team.accepted} == {"and for @Ada"}
    assert team.fresh[-2:] == [True, False]


async def set_follow(store: Store, value: str) -> None:
    place = Conversation(platform="slack", workspace="T1", channel="C1")
    await Channels(store).set(place, "follow", value, Person(id="U1", name="Ada"))


@pytest.mark.parametrize("follow", [True, False])
async def test_a_channel_can_switch_it(team: Team, store: Store, follow: bool) -> None:
    root = await thread(team)
    await set_follow(store, "on" if follow else "off")
    assert (await say(team, root, "U1", "as bars") == ["as bars"]) is follow


async def test_where_the_configuration_follows_none_only_a_channel_can_ask_for_it(
    slack: SlackSimulator, store: Store
) -> None:
    async with listening(slack, store=store, follow="never") as team:
        remember(team, store)
        root = await thread(team)
        assert await say(team, root, "U1", "as bars") == []
        await set_follow(store, "on")
        assert await say(team, root, "U1", "as bars") == ["as bars"]


async def test_where_nobody_can_say_who_spoke_it_rather_stays_silent(team: Team) -> None:
    root = await thread(team)
    team.slack.fail("conversations.replies", Fault(status=500))
    assert await say(team, root, "U1", "as bars") == []
    assert await say(team, root, "U1", "as bars") == ["as bars"]


async def test_f9_what_was_said_in_a_thread_while_offline_follows_the_same_rule(
    slack: SlackSimulator, store: Store
) -> None:
    async with listening(slack, store=store, catch_up=CatchUpConfig()) as team:
        remember(team, store)
        root = await thread(team)
        shared = await thread(team, begun_by="U2")
    cursors = Cursors(store, "slack")
    cursors.passed("C1", slack.world.timestamp())
    await cursors.flush()
    await slack.say("U1", "as bars", channel="C1", thread=root)
    await slack.say("U2", "nice", channel="C1", thread=shared)
    await slack.say("U2", "Steward, and May", channel="C1", thread=shared)
    await slack.settled()
    async with listening(slack, store=store, catch_up=CatchUpConfig()) as team:
        remember(team, store)
        await until(lambda: len(team.accepted) >= 2)
    assert [message.text for message in team.accepted] == ["as bars", "Steward, and May"]


async def test_f9_a_channel_that_switched_it_off_is_not_followed_afterwards_either(
    slack: SlackSimulator, store: Store
) -> None:
    async with listening(slack, store=store, catch_up=CatchUpConfig()) as team:
        remember(team, store)
        root = await thread(team)
    cursors = Cursors(store, "slack")
    cursors.passed("C1", slack.world.timestamp())
    await cursors.flush()
    await set_follow(store, "off")
    await slack.say("U1", "Steward, as bars?", channel="C1", thread=root)
    await slack.mention("C1", "U1", "as lines", thread=root)
    await slack.settled()
    async with listening(slack, store=store, catch_up=CatchUpConfig()) as team:
        remember(team, store)
        await until(lambda: team.accepted)
    assert {message.text for message in team.accepted} == {"as lines"}


@pytest.mark.parametrize(("channel", "kind"), [("G7", "group"), ("G8", "mpim")])
async def test_private_channels_can_switch_it_off_too(
    team: Team, store: Store, channel: str, kind: Literal["group", "mpim"]
) -> None:
    team.slack.add_channel(channel, "few", kind=kind, members={"U1", "U2", "UBOT"})
    root = await team.slack.mention(channel, "U1", "draw the sales")
    await team.slack.command(channel, "U1", "follow off")
    for text in ("as bars", "Steward, as bars?"):
        await team.slack.say("U1", text, channel=channel, thread=root)
    await team.slack.say("U1", "Steward, as bars?", channel=channel)
    await team.slack.settled()
    assert {message.text for message in team.accepted} == {"draw the sales"}
