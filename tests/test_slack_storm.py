"""A storm of redeliveries: every event several times, over every way in at once, and each question is answered once."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bots.app import App, open_app
from bots.simulator.model import ModelSimulator, Request, Said, says
from bots.simulator.slack import SlackSimulator
from bots.simulator.slack.delivery import Way
from bots.simulator.slack.payloads import app_mention, event_callback, message, typed
from bots.simulator.slack.world import Post
from bots.slack import SlackPlatform
from core.config import CatchUpConfig, Config, ModelConfig
from core.cursors import Cursors
from core.messages import JsonObject
from core.store import Store, open_store
from tests.slack_team import settings
from tests.waiting import until

TIMES: Final = 4
WAYS: Final[Sequence[Way]] = ("socket", "socket", "http")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that was asked, as Slack may tell the app of it."""

    text: str
    channel: str
    thread: str | None
    events: tuple[JsonObject, ...]


def rule(request: Request) -> Said:
    """Answer a question by what it says."""
    return says(f"answer to {request.question.rpartition(': ')[2]}")


async def ask(slack: SlackSimulator, number: int) -> Question:
    """Ask in a public channel's root, in a thread, in a private channel, or in a direct message."""
    world = slack.world
    kind = ("root", "thread", "private", "direct")[number % 4]
    channel = {"private": "G1", "direct": world.direct("U1").id}.get(kind, "C1")
    thread = world.channels["C1"].posts[0].ts if kind == "thread" else None
    text = f"question {number}"
    said = typed(text if kind == "direct" else f"<@{world.bot}> {text}")
    post = await world.add(Post(ts=world.timestamp(), channel=channel, user="U1", text=said, thread=thread))
    told = [message(world, post, slack.base_url)]
    if kind != "direct":
        told.append(app_mention(world, post, slack.base_url))
    return Question(
        text=text,
        channel=channel,
        thread=None if kind == "direct" else thread or post.ts,
        events=tuple(event_callback(world, event) for event in told),
    )


def rage(slack: SlackSimulator, questions: Sequence[Question], seed: int) -> None:
    """Deliver every event several times over every way, in new envelopes and in any order."""
    order = random.Random(seed)
    deliveries = [
        (event, way, earlier)
        for question in questions
        for event in question.events
        for way in WAYS
        for earlier in range(TIMES)
    ]
    order.shuffle(deliveries)
    for event, way, earlier in deliveries:
        slack.deliver("events_api", event, way=way, earlier=earlier)


@asynccontextmanager
async def serving(slack: SlackSimulator, model: ModelSimulator, folder: Path, store: Store) -> AsyncIterator[App]:
    """Run Steward with two sockets, and HTTP at once, all of them before one inbox."""
    async with open_app(Config(data_dir=folder, model=ModelConfig(base_url=model.base_url))) as app:
        platforms = [
            SlackPlatform(
                settings(slack, http=http),
                commands=app.commands,
                max_bytes=1000,
                cursors=Cursors(store, "slack"),
                catch_up=CatchUpConfig(),
                companies=app.kept.companies,
                channels=app.kept.channels,
                links=app.links,
                ping_interval=5.0,
            )
            for http in [way == "http" for way in WAYS]
        ]
        running = asyncio.create_task(app.serve(*platforms))
        try:
            for platform in platforms:
                await asyncio.wait_for(platform.listening.wait(), 15)
            await slack.connected(2)
            assert await slack.webhook.verify(f"http://127.0.0.1:{platforms[-1].port}/slack/events")
            yield app
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def shown(slack: SlackSimulator) -> Counter[tuple[str, str | None, str]]:
    """Return what people saw of the bot: where, and what."""
    ours = [seen for seen in slack.transcript.messages if seen.author == slack.world.bot]
    return Counter((seen.channel, seen.thread, seen.text) for seen in ours)


def expected(questions: Sequence[Question]) -> Counter[tuple[str, str | None, str]]:
    return Counter((question.channel, question.thread, f"answer to {question.text}") for question in questions)


async def test_f1_f2_every_question_of_a_storm_is_answered_once(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "cursors.db")
    async with SlackSimulator(retry_scale=0.001, deadline=10) as slack, ModelSimulator(rule) as model:
        async with serving(slack, model, tmp_path, store):
            questions = [await ask(slack, number) for number in range(8)]
            rage(slack, questions, seed=1)
            await slack.settled(timeout=120)
            await until(lambda: len(shown(slack)) >= len(questions), within=120)
            rage(slack, questions, seed=2)
            await slack.settled(timeout=120)
        assert all(delivery.acknowledged for delivery in slack.deliveries)
        assert len(slack.deliveries) > 2 * len(questions) * TIMES * len(WAYS)
        assert shown(slack) == expected(questions)
        assert len(model.requests) == len(questions), "a question was answered twice, if out of sight"
    await store.close()


async def test_f1_f6_a_restart_in_the_middle_of_a_storm_answers_every_question_once(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "cursors.db")
    async with SlackSimulator(retry_scale=0.001, deadline=1.0) as slack, ModelSimulator(rule) as model:
        questions: list[Question] = []
        for life in range(3):
            async with serving(slack, model, tmp_path, store):
                questions += [await ask(slack, number) for number in range(4 * life, 4 * life + 4)]
                rage(slack, questions, seed=life)
                wanted = len(questions) - 2
                await until(lambda: len(shown(slack)) >= wanted, within=120)  # noqa: B023  # awaited here
            await slack.settled(timeout=120)
        async with serving(slack, model, tmp_path, store):
            rage(slack, questions, seed=4)
            await slack.settled(timeout=120)
            await until(lambda: len(shown(slack)) >= len(questions), within=120)
        assert shown(slack) == expected(questions)
    await store.close()
