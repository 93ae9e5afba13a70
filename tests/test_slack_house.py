"""The whole house on the simulated Slack: what people do afterwards changes what they see."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bots.app import App, open_app
from bots.simulator.slack import SlackSimulator
from bots.simulator.transcript import Shown
from bots.slack.about import SHORTCUT
from core.config import Config
from tests.slack_team import settings


@asynccontextmanager
async def serving(slack: SlackSimulator, folder: Path) -> AsyncIterator[App]:
    """Run Steward with its own skills and the practice model."""
    async with open_app(Config(data_dir=folder, slack=settings(slack)), announced=True) as app:
        serve = asyncio.create_task(app.serve(*app.platforms()))
        try:
            await slack.connected()
            yield app
        finally:
            serve.cancel()
            await asyncio.gather(serve, return_exceptions=True)


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator(message_events=True) as simulator:
        yield simulator


@pytest.fixture
async def app(slack: SlackSimulator, tmp_path: Path) -> AsyncIterator[App]:
    async with serving(slack, tmp_path) as app:
        yield app


async def answer(app: App, slack: SlackSimulator, text: str) -> Shown:
    """Return the one answer that reads so, once it is finished and known to have arrived."""

    def there(shown: Shown) -> bool:
        finished = shown.author == slack.world.bot and shown.controls and not shown.streaming and not shown.deleted
        return bool(finished) and shown.text == text

    found = await slack.transcript.wait(there)
    await app.turns.idle()
    assert sum(map(there, slack.transcript.messages)) == 1
    return found


def press_key(shown: Shown, label: str) -> str:
    return next(control.key for control in shown.controls if control.label == label)


async def test_f39_an_edited_question_is_answered_anew_in_place_and_a_deleted_one_not_at_all(
    app: App, slack: SlackSimulator
) -> None:
    ts = await slack.mention("C1", "U1", "what is 2+3?")
    first = await answer(app, slack, "5")
    await slack.edit("C1", ts, "<@UBOT> what is 7*6?")
    second = await answer(app, slack, "42")
    assert second.id == first.id
    slack.delete("C1", ts)
    await slack.transcript.until(lambda: second.deleted)
    assert [shown for shown in slack.transcript.messages if shown.author == "UBOT" and not shown.deleted] == []


async def test_a_follow_up_needs_no_mention_and_the_asker_takes_its_answer_back(
    app: App, slack: SlackSimulator
) -> None:
    ts = await slack.mention("C1", "U1", "what is 2+3?")
    await answer(app, slack, "5")
    await slack.say("U1", "and 9*9?", channel="C1", thread=ts)
    shown = await answer(app, slack, "81")
    await slack.react("C1", shown.id, "U2", "x")
    await slack.settled()
    assert not shown.deleted, "Grace did not ask"
    await slack.react("C1", shown.id, "U1", "x")
    await slack.transcript.until(lambda: shown.deleted)


async def test_a_form_runs_its_skill_once_and_says_how_to_whoever_asks(app: App, slack: SlackSimulator) -> None:
    await slack.command("C1", "U1", "call calculate")
    view = await slack.modal("U1")
    sent = await slack.submit(view, {"expression": "12*12"})
    assert sent is not None
    shown = await answer(app, slack, "144")
    slack.deliver("interactive", sent.payload)
    await slack.settled()
    await slack.press(shown.id, press_key(shown, "Why?"), "U2")
    why = await slack.transcript.wait(lambda other: other.to == "U2")
    assert "calculate" in why.text
    await answer(app, slack, "144")


async def test_an_answer_is_given_again_in_its_place(app: App, slack: SlackSimulator) -> None:
    await slack.mention("C1", "U1", "what is 2+3?")
    shown = await answer(app, slack, "5")
    edits = shown.edits
    await slack.press(shown.id, press_key(shown, "Try again"), "U1")
    await slack.transcript.until(lambda: shown.edits > edits)
    assert (await answer(app, slack, "5")).id == shown.id


async def test_a_message_is_explained_in_its_thread(app: App, slack: SlackSimulator) -> None:
    ts = await slack.say("U2", "what is 5*5", channel="C1")
    await slack.shortcut(ts, "U1", SHORTCUT)
    await slack.submit(await slack.modal("U1"), {"question": "what is 6*6?"})
    shown = await slack.transcript.wait(lambda shown: shown.author == "UBOT" and shown.controls)
    assert shown.thread == ts


async def test_a_channel_that_is_not_followed_stays_silent_until_it_is_asked_for(
    app: App, slack: SlackSimulator
) -> None:
    ts = await slack.mention("C1", "U1", "what is 2+3?")
    await answer(app, slack, "5")
    await slack.command("C1", "U1", "follow off")
    await slack.say("U1", "and 9*9?", channel="C1", thread=ts)
    await slack.settled()
    await slack.command("C1", "U1", "follow on")
    await slack.say("U1", "and 8*8?", channel="C1", thread=ts)
    await answer(app, slack, "64")
    assert not [shown for shown in slack.transcript.messages if shown.text == "81"]


async def test_a_cross_on_a_picture_takes_the_whole_answer_back(app: App, slack: SlackSimulator) -> None:
    await slack.mention("C1", "U1", "draw a bar chart of apples 3, pears 5")
    picture = await slack.transcript.wait(lambda shown: shown.files, timeout=30)
    await app.turns.idle()
    await slack.react("C1", picture.id, "U1", "x")
    ours = [shown for shown in slack.transcript.messages if shown.author == slack.world.bot]
    assert len(ours) > 1
    await slack.transcript.until(lambda: all(shown.deleted for shown in ours))
