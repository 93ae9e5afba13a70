"""Nothing is told to the wrong people: canaries are planted everywhere, and every request to the model is looked at.

Each place in Slack and Discord gets a word of its own in a question, an answer, a file, a fact and a summary. Then
everything is asked for from every place, by words and by the ids of files. No request to the model may hold a word of a
place that somebody who reads the answer could not see.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr

from bots.app import App, open_app
from bots.simulator.discord import DiscordSimulator
from bots.simulator.discord.world import VIEW_CHANNEL
from bots.simulator.model import ModelSimulator, Request, Said, calls, says
from bots.simulator.slack import SlackSimulator
from core.config import Config, DiscordConfig, MemoryConfig, ModelConfig
from core.folding import INSTRUCTIONS
from tests.canary_world import Place, in_discord, in_slack, may_reach, public_in_slack
from tests.slack_team import settings

KINDS: Final = ("question", "answer", "file", "fact", "summary")
PLANTED: Final = 5
"""Questions in each place: more than are recalled one by one, so that there is a summary."""

_CANARY: Final = re.compile(r"kanarie([a-z]+)(question|answer|file|fact|summary)")
_ASKED: Final = re.compile(r"(plants|asks)(?P<place>[a-z]+)")


def canary(place: str, kind: str) -> str:
    """A word that stands in one place alone, beside another one by which it is looked for."""
    return f"finder{place}{kind} kanarie{place}{kind}"


class Talk:
    """What the model says, and what it is asked."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.names = [place.name for place in places]
        self.files: list[str] = []

    def rule(self, request: Request) -> Said:
        if request.instructions.startswith(INSTRUCTIONS[:40]):
            place = _place_of_minutes(request)
            return says(f"Minutes of {place}: {canary(place, 'summary')}")
        asked = _ASKED.search(request.question)
        assert asked, f"unexpected: {request.question!r}"
        if request.results:
            return says(f"Done. {canary(asked['place'], 'answer') if asked[1] == 'plants' else ''}")
        if asked[1] == "plants":
            return calls(("remember", {"fact": canary(asked["place"], "fact")}))
        everything = [f"finder{name}{kind}" for name in self.names for kind in KINDS]
        return calls(
            *(("recall", {"query": word, "most": 20}) for word in (*everything, "kanarien")),
            *(("read_file", {"file": name}) for name in self.files),
        )


def _place_of_minutes(request: Request) -> str:
    """Return the one place of which minutes are written."""
    told = {found[1] for found in _CANARY.finditer(json.dumps(request.body))}
    assert len(told) == 1, f"minutes are written of {sorted(told)} at once"
    return told.pop()


@asynccontextmanager
async def serving(
    slack: SlackSimulator, discord: DiscordSimulator, model: ModelSimulator, folder: Path
) -> AsyncIterator[App]:
    config = Config(
        data_dir=folder,
        model=ModelConfig(base_url=model.base_url),
        memory=MemoryConfig(turns=4),
        slack=settings(slack),
        discord=DiscordConfig(token=SecretStr(discord.token), api_url=discord.api_url, gateway_url=discord.gateway_url),
    )
    async with open_app(config, announced=True) as app:
        serve = asyncio.create_task(app.serve(*app.platforms()))
        try:
            await slack.connected()
            await discord.connected()
            yield app
        finally:
            serve.cancel()
            await asyncio.gather(serve, return_exceptions=True)


async def said(app: App, place: Place, text: str, content: bytes = b"") -> None:
    """Say something and wait for the answer, and for what is done after it."""
    await place.say(text, content)
    asked = "SELECT 1 FROM turns WHERE message LIKE ? AND state = 'answered'"
    async with asyncio.timeout(30):
        while not await app.kept.store.fetch(asked, (f"%{text}%",)):  # noqa: ASYNC110  # another program would look, too
            await asyncio.sleep(0.01)
    await app.turns.idle()
    await app.afterwards.idle()


@pytest.mark.parametrize("seed", [1, 2])
async def test_s4_no_word_reaches_the_model_where_a_reader_could_not_have_seen_it(tmp_path: Path, seed: int) -> None:
    async with SlackSimulator() as slack, DiscordSimulator() as discord:
        places = [*in_slack(slack, seed), *in_discord(discord)]
        talk = Talk(places)
        async with ModelSimulator(talk.rule) as model, serving(slack, discord, model, tmp_path) as app:
            for number in range(PLANTED):
                for place in places:
                    content = f"{canary(place.name, 'file')}\n".encode() if number == 0 else b""
                    text = f"plants{place.name} {number} {canary(place.name, 'question')}"
                    await said(app, place, text, content)
            talk.files = [row["id"] for row in await app.kept.store.fetch("SELECT id FROM files")]
            await every_kind_is_kept_of(app, places)
            before = len(model.requests)
            for number, place in enumerate([*places, *(place for place in places if place.kind == "direct")]):
                # what Slack says too late for the first answer is there for the second
                await said(app, place, f"asks{place.name} {number}")
            judge(places, model.requests[before:])


@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_s4_what_was_said_in_public_stays_in_a_channel_that_is_made_private(
    tmp_path: Path, platform: str
) -> None:
    async with SlackSimulator(message_events=True) as slack, DiscordSimulator() as discord:
        inside, outside = public_in_slack(slack) if platform == "slack" else in_discord(discord)[:2]
        talk = Talk([inside, outside])
        async with ModelSimulator(talk.rule) as model, serving(slack, discord, model, tmp_path) as app:
            for number in range(PLANTED):
                content = f"{canary(inside.name, 'file')}\n".encode() if number == 0 else b""
                await said(app, inside, f"plants{inside.name} {number} {canary(inside.name, 'question')}", content)
            talk.files = [row["id"] for row in await app.kept.store.fetch("SELECT id FROM files")]
            # a file is read in its channel alone, but what it says is found from elsewhere, too
            assert await told(app, model, outside, inside) == set(KINDS), "nothing would be hidden"
            if platform == "slack":
                await slack.make_private("C1", "U1")
            else:
                general = next(each for each in discord.world.channels.values() if each.name == "general")
                await discord.permit(general, discord.bot, allow=VIEW_CHANNEL)
                await discord.permit(general, discord.world.everyone, deny=VIEW_CHANNEL)
            await closed(app)
            assert await told(app, model, outside, inside) == set()
            assert await told(app, model, inside, inside) == set(KINDS)


async def closed(app: App) -> None:
    """Wait until nothing that was planted is for everybody."""
    public = "SELECT 1 FROM passages WHERE text LIKE '%plants%' AND audience LIKE 'workspace:%'"
    async with asyncio.timeout(10):
        while await app.kept.store.fetch(public):  # noqa: ASYNC110  # another program would look, too
            await asyncio.sleep(0.01)


async def told(app: App, model: ModelSimulator, asked_in: Place, source: Place) -> set[str]:
    """Ask for everything in one place; return the kinds of words from another that the model is told."""
    before = len(model.requests)
    await said(app, asked_in, f"asks{asked_in.name} {before}")
    told = {found for request in model.requests[before:] for found in _CANARY.findall(json.dumps(request.body))}
    return {kind for place, kind in told if place == source.name}


async def every_kind_is_kept_of(app: App, places: Sequence[Place]) -> None:
    """Fail where there is nothing to find: then the test would prove nothing."""
    rows = await app.kept.store.fetch("SELECT text FROM passages")
    kept = {(found[1], found[2]) for row in rows for found in _CANARY.finditer(row["text"])}
    assert kept == {(place.name, kind) for place in places for kind in KINDS}


def judge(places: Sequence[Place], requests: Sequence[Request]) -> None:
    """Compare what each place was told with what may be told there."""
    known = {place.name: place for place in places}
    told: dict[str, set[tuple[str, str]]] = {place.name: set() for place in places}
    for request in requests:
        asked = _ASKED.search(request.question)
        if asked:
            told[asked["place"]] |= {(found[1], found[2]) for found in _CANARY.finditer(json.dumps(request.body))}
    leaks = [
        f"{asked_in} was told the {kind} of {source}"
        for asked_in, words in told.items()
        for source, kind in sorted(words)
        if not may_reach(known[source], known[asked_in])
    ]
    assert not leaks
    for place in places:
        own = {kind for source, kind in told[place.name] if source == place.name}
        assert own == set(KINDS), f"{place.name} finds of its own only {sorted(own)}"
    reached = {(source, asked_in) for asked_in, words in told.items() for source, _ in words if source != asked_in}
    assert {("slackgeneral", "slackdmb"), ("slackgeneral", "slackdmc")} <= reached, "nothing is found beyond a channel"
