"""What becomes of messages afterwards: edits, deletions and crosses in the simulated Slack, told to the inbox."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bots.simulator.slack import SlackSimulator
from core.config import CatchUpConfig
from core.cursors import Cursors
from core.errors import OperatorError
from core.messages import Attachment, Conversation, Message, Person
from core.outlet import Part
from core.store import Store
from tests.slack_team import Team, listening, mention
from tests.waiting import until


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator(message_events=True, retry_scale=0.001) as simulator:
        yield simulator


async def test_f39_an_edited_question_is_told_under_its_id(either: Team) -> None:
    ts = await either.slack.mention("C1", "U1", "one")
    await either.slack.settled()
    await either.slack.edit("C1", ts, "<@UBOT> two, <@U2>")
    await either.slack.settled()
    [edit] = either.edits
    assert (edit.id, edit.text) == (f"slack/T1/C1/{ts}", "two, @Grace")
    assert edit.conversation == either.accepted[0].conversation
    assert edit.audience == either.accepted[0].audience
    assert all(delivery.acknowledged for delivery in either.slack.deliveries)


async def test_f39_an_edit_that_could_not_be_taken_in_is_not_acknowledged_and_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures = [OperatorError("The disk is full.")]
    taken: list[Message] = []

    async def edited(message: Message) -> bool:
        if failures:
            raise failures.pop()
        taken.append(message)
        return True

    async with SlackSimulator(retry_scale=0.001, deadline=0.2) as slack, listening(slack) as team:
        monkeypatch.setattr(team, "edited", edited)
        ts = await slack.say("U1", "one")
        await slack.edit("DU1", ts, "two")
        await slack.settled()
        assert slack.deliveries[-1].failures == ["timeout"]
        assert [message.text for message in taken] == ["two"]


async def test_an_edit_is_not_taken_in_before_the_message_it_changes(team: Team) -> None:
    arrived = asyncio.Event()

    async def hold(_: Message) -> None:
        await arrived.wait()

    team.before = hold
    ts = await team.slack.mention("C1", "U1", "one")
    await team.slack.edit("C1", ts, "<@UBOT> two")
    await team.slack.say("U2", "elsewhere")
    await until(lambda: len(team.slack.deliveries) == 4)
    assert team.edits == []
    arrived.set()
    await team.slack.settled()
    assert [message.text for message in team.edits] == ["two"]


async def test_a_message_that_mentions_the_bot_only_now_is_accepted(team: Team) -> None:
    ts = await team.slack.say("U1", "hello", channel="C1")
    await team.slack.edit("C1", ts, "<@UBOT> hello")
    await team.slack.settled()
    assert [message.id for message in team.accepted] == [f"slack/T1/C1/{ts}"]


async def test_a_message_that_never_mentioned_the_bot_is_not_accepted_when_it_is_edited(team: Team) -> None:
    ts = await team.slack.say("U1", "hello", channel="C1")
    await team.slack.edit("C1", ts, "hello all")
    await team.slack.settled()
    assert team.accepted == []


async def test_f39_a_deleted_question_is_told(either: Team) -> None:
    ts = await either.slack.mention("C1", "U1", "one")
    await either.slack.settled()
    either.slack.delete("C1", ts)
    await either.slack.settled()
    assert either.deletions == [f"slack/T1/C1/{ts}"]


async def test_f39_a_deleted_question_with_replies_is_told_although_it_leaves_a_tombstone(team: Team) -> None:
    ts = await team.slack.mention("C1", "U1", "one")
    await team.slack.say("U2", "me too", channel="C1", thread=ts)
    await team.slack.settled()
    team.slack.delete("C1", ts)
    await team.slack.settled()
    assert team.deletions == [f"slack/T1/C1/{ts}"]


async def test_what_becomes_of_its_own_answers_is_not_told(team: Team) -> None:
    await team.slack.say("U1", "hello")
    await team.slack.settled()
    draft = team.platform.draft(team.turn())
    answer = await draft.send(Part(key="1.0", text="hi"))
    await team.slack.settled()
    team.slack.delete("DU1", answer)
    await team.slack.settled()
    assert (team.edits, team.deletions, len(team.accepted)) == ([], [], 1)


async def test_a_cross_on_an_answer_asks_for_its_removal(either: Team) -> None:
    await either.slack.mention("C1", "U1", "one")
    await either.slack.settled()
    answer = await either.platform.draft(either.turn()).send(Part(key="1.0", text="hi"))
    await either.slack.react("C1", answer, "U1", "eyes")
    await either.slack.react("C1", answer, "U1", "x")
    await either.slack.settled()
    place = Conversation(platform="slack", workspace="T1", channel="C1")
    assert either.removals == [(place, answer, Person(id="U1", name="Ada"))]


async def test_a_cross_on_a_file_asks_for_the_removal_of_the_answer_it_belongs_to(team: Team) -> None:
    await mention(team)
    file = Attachment(filename="a.txt", media_type="text/plain", content=b"hi")
    known = await team.platform.draft(team.turn()).send(Part(key="1.0", attachments=(file,)))
    shown = await team.slack.transcript.wait(lambda shown: shown.files)
    await team.slack.react("C1", shown.id, "U1", "x")
    await team.slack.settled()
    assert [answer for _, answer, _ in team.removals] == [shown.id, known]


async def test_a_cross_on_somebodys_message_asks_for_nothing(team: Team) -> None:
    ts = await team.slack.say("U2", "hello", channel="C1")
    await team.slack.react("C1", ts, "U1", "x")
    await team.slack.settled()
    assert team.removals == []


async def test_f39_edits_and_deletions_while_nobody_listened_are_found(slack: SlackSimulator, store: Store) -> None:
    async with listening(slack, store=store) as team:
        edited = await slack.mention("C1", "U1", "one")
        deleted = await slack.mention("C1", "U1", "two")
        late = await slack.say("U1", "three", channel="C1")
        await slack.say("U2", "me too", channel="C1", thread=deleted)
        await slack.settled()
        known = list(team.accepted)
    cursors = Cursors(store, "slack")
    cursors.passed("C1", slack.world.timestamp())
    await cursors.flush()
    await slack.edit("C1", edited, "<@UBOT> uno")
    await slack.edit("C1", late, "<@UBOT> three")
    slack.delete("C1", deleted)
    slack.world.channels["G1"].members.discard(slack.world.bot)
    async with listening(slack, store=store, catch_up=CatchUpConfig()) as team:
        team.accepted.extend(known)
        await until(lambda: team.deletions and len(team.accepted) > len(known))
    assert [(edit.id, edit.text) for edit in team.edits[:1]] == [(f"slack/T1/C1/{edited}", "uno")]
    assert team.deletions == [f"slack/T1/C1/{deleted}"]
    assert [message.text for message in team.accepted[len(known) :]] == ["three"]
