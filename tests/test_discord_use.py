"""The whole program in Discord: what people use, change and press, from the event to what they see."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

from bots.app import App, open_app
from bots.simulator.discord import DiscordSimulator
from bots.simulator.discord.world import Channel, User
from bots.simulator.model import ModelSimulator, Said, says
from bots.simulator.model.request import Request
from bots.simulator.transcript import Shown, ShownControl
from core.config import Config, DiscordConfig, ModelConfig
from tests.discord_team import said


@contextlib.asynccontextmanager
async def serving(
    folder: Path, discord: DiscordSimulator, *, model: ModelSimulator | None = None, thread_after: int = 0
) -> AsyncIterator[App]:
    """Run Steward, with the practice model where there is no other."""
    settings = {"token": discord.token, "api_url": discord.api_url, "gateway_url": discord.gateway_url}
    config = Config(
        data_dir=folder,
        model=ModelConfig(base_url=model.base_url) if model else ModelConfig(),
        discord=DiscordConfig.model_validate(settings | {"thread_after": thread_after}),
    )
    async with open_app(config) as app:
        running = asyncio.create_task(app.serve(*app.platforms()))
        try:
            await discord.connected()
            yield app
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def echo(request: Request) -> Said:
    found = re.search(r"question (\w+)", request.question)
    assert found, f"not a question: {request.question!r}"
    return says(f"answer {found[1]}")


def standing(discord: DiscordSimulator) -> list[str]:
    """What we say, as people see it now."""
    return [shown.text for shown in said(discord) if not shown.deleted and shown.to is None]


def key(shown: Shown, label: str) -> str:
    return next(control.key for control in shown.controls if control.label == label)


async def test_a_skill_is_used_as_a_command_without_a_model(tmp_path: Path) -> None:
    async with DiscordSimulator() as discord, serving(tmp_path, discord):
        general, ada = discord.channel("general"), discord.person("Ada")
        await discord.command(general, ada, None, {"expression": "6 * 7"}, name="calculate")
        shown = await discord.transcript.wait(lambda shown: "42" in shown.text and shown.author == discord.bot.id)
        assert shown.channel == general.id


async def test_a_skill_is_used_with_a_file_and_by_a_form(tmp_path: Path) -> None:
    async with DiscordSimulator() as discord, serving(tmp_path, discord) as app:
        general, ada = discord.channel("general"), discord.person("Ada")
        await discord.command(general, ada, None, {"file": ("notes.txt", b"one two three four")}, name="analyze_text")
        await discord.transcript.wait(lambda shown: re.search(r"\b4\b", shown.text) and shown.author == discord.bot.id)
        opened = await discord.command(general, ada, "call", {"skill": "calculate"})
        await discord.submit(opened, {"expression": "6 * 7"})
        await discord.transcript.wait(lambda shown: "42" in shown.text and shown.author == discord.bot.id)
        await app.turns.idle()


async def test_a_skill_is_used_where_only_the_person_installed_the_bot(tmp_path: Path) -> None:
    async with DiscordSimulator() as discord, serving(tmp_path, discord):
        ada = discord.person("Ada")
        discord.install(ada)
        elsewhere = discord.channel("elsewhere", server=discord.add_server("Other"))
        await discord.command(elsewhere, ada, None, {"expression": "6 * 7"}, name="calculate")
        shown = await discord.transcript.wait(lambda shown: "42" in shown.text and shown.author == discord.bot.id)
        assert shown.channel == elsewhere.id


async def test_f39_an_edited_question_is_answered_in_place_and_a_deleted_one_takes_its_answer_along(
    tmp_path: Path,
) -> None:
    async with DiscordSimulator() as discord, ModelSimulator(echo) as model, serving(tmp_path, discord, model=model):
        general, ada = discord.channel("general"), discord.person("Ada")
        question = await discord.mention(general, ada, "question one")
        first = await discord.transcript.wait(lambda shown: shown.text == "answer one" and shown.controls)
        await discord.unfurl(question)
        await discord.edit(question, f"{discord.bot.mention} question two")
        second = await discord.transcript.wait(lambda shown: shown.text == "answer two" and shown.controls)
        assert second.id == first.id, "not in place"
        await discord.delete(question)
        await discord.transcript.wait(lambda shown: shown.id == first.id and shown.deleted)
        assert standing(discord) == []


async def test_f39_an_edit_in_an_opened_thread_is_answered_there(tmp_path: Path) -> None:
    async with DiscordSimulator() as discord, ModelSimulator(echo) as model:
        general, ada = discord.channel("general"), discord.person("Ada")
        async with serving(tmp_path, discord, model=model, thread_after=2):
            await discord.mention(general, ada, "question one")
            await discord.transcript.wait(lambda shown: shown.text == "answer one" and shown.controls)
            question = await discord.mention(general, ada, "question two")
            shown = await discord.transcript.wait(lambda shown: shown.text == "answer two" and shown.controls)
            assert shown.thread == question.id
            await discord.edit(question, f"{discord.bot.mention} question three")
            again = await discord.transcript.wait(lambda shown: shown.text == "answer three" and shown.controls)
            assert (again.id, again.thread) == (shown.id, question.id)
            assert standing(discord) == ["answer one", "answer three"]


async def test_a_channel_that_is_not_followed_answers_only_who_names_it(tmp_path: Path) -> None:
    async with DiscordSimulator() as discord, ModelSimulator(echo) as model, serving(tmp_path, discord, model=model):
        general, ada = discord.channel("general"), discord.person("Ada")
        await discord.mention(general, ada, "question one")
        first = await discord.transcript.wait(lambda shown: shown.text == "answer one" and shown.controls)
        await discord.say(general, ada, "question two", reply_to=first.id)
        await discord.transcript.wait(lambda shown: shown.text == "answer two" and shown.controls)
        await discord.command(general, ada, "follow", {"switch": "off"})
        said_so = await discord.transcript.wait(lambda shown: "only when I am mentioned" in shown.text)
        assert said_so.to == ada.id
        await discord.say(general, ada, "question three", reply_to=first.id)
        await discord.mention(general, ada, "question four")
        await discord.transcript.wait(lambda shown: shown.text == "answer four" and shown.controls)
        await discord.command(general, ada, "settings", {"value": "default", "name": "follow"})
        await discord.transcript.wait(lambda shown: "as usual again" in shown.text)
        await discord.say(general, ada, "question five", reply_to=first.id)
        await discord.transcript.wait(lambda shown: shown.text == "answer five" and shown.controls)
        assert standing(discord) == ["answer one", "answer two", "answer four", "answer five"]


async def test_controls_under_an_answer_work_also_after_a_restart(tmp_path: Path) -> None:
    async with DiscordSimulator() as discord, ModelSimulator(echo) as model:
        general, ada, ben = discord.channel("general"), discord.person("Ada"), discord.person("Ben")
        async with serving(tmp_path, discord, model=model):
            await discord.mention(general, ada, "question one")
            shown = await discord.transcript.wait(lambda shown: shown.text == "answer one" and shown.controls)
            await discord.press(shown, key(shown, "👍"), ada)
            await discord.transcript.wait(lambda shown: "noted" in shown.text and shown.to == ada.id)
        async with serving(tmp_path, discord, model=model) as app:
            await discord.press(shown, key(shown, "Why?"), ben)
            await discord.transcript.wait(lambda shown: shown.to == ben.id)
            edits = shown.edits
            await discord.press(shown, key(shown, "Try again"), ada)
            await discord.transcript.wait(lambda each: each.id == shown.id and each.edits > edits and each.controls)
            await app.turns.idle()
        assert standing(discord) == ["answer one"]


async def test_a_message_is_asked_about_from_its_menu(tmp_path: Path) -> None:
    def about(request: Request) -> Said:
        assert "> The build is broken." in request.question
        return says("It is broken.")

    async with DiscordSimulator() as discord, ModelSimulator(about) as model, serving(tmp_path, discord, model=model):
        general, ada, grace = discord.channel("general"), discord.person("Ada"), discord.person("Grace")
        broken = await discord.say(general, grace, "The build is broken.")
        menu = await discord.context_command(broken, ada, "Ask Steward")
        await discord.submit(menu, {"question": "Why?"})
        await discord.transcript.wait(lambda shown: shown.text == "It is broken.")


async def test_a_chart_is_changed_by_its_menu_also_where_only_the_person_installed_the_bot(tmp_path: Path) -> None:
    async with DiscordSimulator() as discord:
        ada, general = discord.person("Ada"), discord.channel("general")
        discord.install(ada)
        elsewhere = discord.channel("elsewhere", server=discord.add_server("Other"))
        async with serving(tmp_path, discord):
            for place in (general, elsewhere):
                await draw_and_change(discord, place, ada)


def menus(shown: Shown) -> list[ShownControl]:
    """Return the menus under a message; one that shows progress has none."""
    return [control for control in shown.controls if control.choices]


async def draw_and_change(discord: DiscordSimulator, place: Channel, person: User) -> None:
    series = '[{"name": "rain", "values": [3, 1, 2]}]'
    values = {"title": "Rain", "series": series, "labels": "Mon,Tue,Wed"}
    await discord.command(place, person, None, {**values}, name="draw_chart")
    chart = await discord.transcript.wait(lambda shown: shown.channel == place.id and menus(shown))
    menu = menus(chart)[0]
    await discord.press(chart, menu.key, person, values=[menu.choices[-1].value])
    changed = await discord.transcript.wait(
        lambda shown: shown.channel == place.id and shown.id != chart.id and menus(shown)
    )
    assert (len(chart.files), len(changed.files)) == (1, 1), "the first chart was written over"
