"""The whole program in Discord, when things go wrong: one answer to each question."""

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from bots.app import App, open_app
from bots.simulator.discord import DiscordSimulator
from bots.simulator.discord.world import Channel, User
from bots.simulator.model import ModelSimulator, Said, calls, says
from bots.simulator.model.request import Request
from core.config import Config, DiscordConfig, ModelConfig
from tests.discord_team import said
from tests.waiting import until

MESSAGES = "/channels/{channel_id}/messages"
ORIGINAL = "/webhooks/{application_id}/{token}/messages/@original"


@contextlib.asynccontextmanager
async def serving(
    folder: Path, model: ModelSimulator, discord: DiscordSimulator, *, connections: int = 1
) -> AsyncIterator[App]:
    """Run Steward, connected so many times with the same token."""
    settings = {"token": discord.token, "api_url": discord.api_url, "gateway_url": discord.gateway_url}
    config = Config(
        data_dir=folder,
        model=ModelConfig(base_url=model.base_url),
        discord=DiscordConfig.model_validate(settings),
    )
    before = discord.gateway.identified
    async with open_app(config) as app:
        platforms = [platform for _ in range(connections) for platform in app.platforms()]
        running = asyncio.create_task(app.serve(*platforms))
        try:
            await until(lambda: discord.gateway.identified == before + connections)
            yield app
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def echo(request: Request) -> Said:
    """Answer each question with its number."""
    found = re.search(r"question (\d+)", request.question)
    assert found, f"not a question: {request.question!r}"
    return says(f"answer {found[1]}")


def answers(discord: DiscordSimulator) -> Counter[str]:
    return Counter(shown.text for shown in said(discord))


class Crowd:
    """People who ask numbered questions in several ways."""

    def __init__(self, discord: DiscordSimulator) -> None:
        self.asked = 0
        self._discord = discord
        general = discord.channel("general")
        self._places = [general, discord.channel("secret", private=True), discord.thread(general, "plans")]
        self._people = [discord.person(name) for name in ("Ada", "Ben", "Cem")]

    async def ask(self, rounds: int) -> None:
        """Ask by mention, by direct message and by command."""
        for _ in range(rounds):
            for place, person in zip(self._places, self._people, strict=True):
                await self._discord.mention(place, person, self._next())
                await self._discord.dm(person, self._next())
                await self._command(place, person)

    async def last(self) -> None:
        """Ask once more, and wait for the answer: then everything that was sent before was seen."""
        await self._discord.dm(self._people[0], self._next())
        await self._discord.transcript.wait(lambda shown: shown.text == f"answer {self.asked}", timeout=30)

    async def _command(self, place: Channel, person: User) -> None:
        await self._discord.command(place, person, "ask", {"question": self._next()})

    def _next(self) -> str:
        self.asked += 1
        return f"question {self.asked}"


@pytest.mark.parametrize("seed", range(3))
async def test_f1_a_storm_of_repeated_events_over_two_connections_is_answered_once(tmp_path: Path, seed: int) -> None:
    order = Random(seed)
    async with DiscordSimulator() as discord, ModelSimulator(echo) as model:
        crowd = Crowd(discord)
        async with serving(tmp_path, model, discord, connections=2) as app:
            await crowd.ask(3)
            await discord.gateway.storm(2, order)
            await crowd.ask(1)
            await discord.gateway.drop()
            await crowd.ask(1)
            await until(lambda: discord.gateway.resumed == 2)
            await discord.gateway.storm(2, order)
            await discord.gateway.repeat()
            await crowd.last()
            await app.turns.idle()
        assert answers(discord) == {f"answer {number}": 1 for number in range(1, crowd.asked + 1)}


@pytest.mark.parametrize("seed", range(3))
async def test_f1_a_storm_with_a_restart_in_its_middle_is_answered_once(tmp_path: Path, seed: int) -> None:
    order = Random(seed)
    async with DiscordSimulator() as discord, ModelSimulator(echo) as model:
        crowd = Crowd(discord)
        async with serving(tmp_path, model, discord, connections=2):
            await crowd.ask(3)
            await discord.gateway.storm(2, order)
        async with serving(tmp_path, model, discord, connections=2) as app:
            await discord.gateway.storm(2, order)
            await crowd.ask(1)
            await discord.gateway.storm(2, order)
            await crowd.last()
            await until(lambda: len(said(discord)) >= crowd.asked)
            await app.turns.idle()
        assert answers(discord) == {f"answer {number}": 1 for number in range(1, crowd.asked + 1)}


async def test_f5_f9_what_came_while_the_program_was_away_is_answered_once(tmp_path: Path) -> None:
    async with DiscordSimulator() as discord, ModelSimulator(echo) as model:
        general, ada = discord.channel("general"), discord.person("Ada")
        async with serving(tmp_path, model, discord):
            await discord.mention(general, ada, "question 1")
            await discord.transcript.wait(lambda shown: shown.text == "answer 1")
            await discord.dm(ada, "question 2")
            await discord.transcript.wait(lambda shown: shown.text == "answer 2")
        await discord.mention(general, ada, "question 3")
        await discord.dm(ada, "question 4")
        for _ in range(2):
            async with serving(tmp_path, model, discord) as app:
                await discord.transcript.wait(lambda shown: shown.text == "answer 3")
                await discord.transcript.wait(lambda shown: shown.text == "answer 4")
                await app.turns.idle()
        assert answers(discord) == {f"answer {number}": 1 for number in range(1, 5)}


@pytest.mark.parametrize("expired", [False, True])
async def test_f7_a_preview_that_a_kill_left_is_finished_in_place_else_in_the_channel(
    tmp_path: Path, expired: bool
) -> None:
    async with DiscordSimulator() as discord, ModelSimulator(echo) as model:
        general, ada = discord.channel("general"), discord.person("Ada")
        sending = discord.faults.hold("PATCH", ORIGINAL)
        async with serving(tmp_path, model, discord):
            used = await discord.command(general, ada, "ask", {"question": "question 1"})
            await until(lambda: any(call.path.endswith("@original") for call in discord.calls))
        discord.clock.advance(16 * 60 * expired)
        sending.set()
        async with serving(tmp_path, model, discord) as app:
            shown = await discord.transcript.wait(lambda shown: shown.text.endswith("answer 1"))
            await app.turns.idle()
        assert used.original is not None
        assert (shown.id == used.original.id) is not expired
        assert [shown.text for shown in said(discord)] == ["answer 1"]


async def test_f16_a_command_is_deferred_while_the_model_thinks(tmp_path: Path) -> None:
    async with DiscordSimulator() as discord, ModelSimulator([says("Because.", pause=0.5)]) as model:
        general, ada = discord.channel("general"), discord.person("Ada")
        async with serving(tmp_path, model, discord):
            used = await discord.command(general, ada, "ask", {"question": "why?"})
            await until(lambda: used.response is not None)
            assert said(discord) == [], "answered before it was deferred"
            await discord.transcript.wait(lambda shown: shown.text == "Because.")


async def test_f46_a_picture_that_is_refused_leaves_the_text_and_a_note(tmp_path: Path) -> None:
    drawing = calls(("draw_chart", {"labels": ["a", "b"], "values": [1, 2]}))
    async with (
        DiscordSimulator(file_limit=100) as discord,
        ModelSimulator([drawing, says("Here it is.")]) as model,
    ):
        general, ada = discord.channel("general"), discord.person("Ada")
        async with serving(tmp_path, model, discord):
            await discord.mention(general, ada, "draw")
            shown = await discord.transcript.wait(lambda shown: "could not upload" in shown.text, timeout=30)
        assert shown.text.startswith("Here it is.\n\n(I could not upload ")
        assert "too large" in shown.text
        assert shown.files == []


async def test_f47_a_web_page_in_place_of_a_picture_is_refused_by_its_content(tmp_path: Path) -> None:
    async with (
        DiscordSimulator() as discord,
        ModelSimulator([says("I cannot see it.", expect="is a web page")]) as model,
    ):
        general, ada = discord.channel("general"), discord.person("Ada")
        async with serving(tmp_path, model, discord):
            await discord.mention(general, ada, "what is this?", files=[("cat.png", b"\n<!DOCTYPE html><html>Sorry")])
            await discord.transcript.wait(lambda shown: shown.text.startswith("I cannot see it."))


async def test_f48_a_file_is_read_again_after_its_link_expired(tmp_path: Path) -> None:
    def later(request: Request) -> Said:
        if "how long" not in request.question:
            return says("I have it.")
        if request.results:
            return says("Three words.") if '"words":3' in request.results[0] else says(request.results[0])
        *_, kept = re.findall(r"\[file (f[0-9a-f]+): notes\.txt", str(request.items))
        return calls(("analyze_text", {"file": kept}))

    async with DiscordSimulator() as discord, ModelSimulator(later) as model:
        general, ada = discord.channel("general"), discord.person("Ada")
        async with serving(tmp_path, model, discord):
            await discord.mention(general, ada, "keep this", files=[("notes.txt", b"one two three")])
            await discord.transcript.wait(lambda shown: shown.text == "I have it.")
            discord.clock.advance(2 * 24 * 3600)
            await discord.mention(general, ada, "how long is it?")
            await discord.transcript.wait(lambda shown: shown.text == "Three words.")
