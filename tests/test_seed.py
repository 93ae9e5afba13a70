"""The main job, once a platform: a text is analyzed and shown as a picture, then the picture is made more colourful.

The whole program, with the real client libraries, against a local platform and a local model server.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bots.app import App, open_app
from bots.simulator.discord import DiscordSimulator
from bots.simulator.model import ModelSimulator, Said, calls, says
from bots.simulator.slack import SlackSimulator
from bots.simulator.transcript import Shown, ShownFile
from core.config import Config, DiscordConfig, ModelConfig, SlackConfig
from core.messages import JsonObject

TEXT = "The robin sang. The garden listened, and the robin sang again."
FIRST = "analyze this text and create a visual representation of its statistics: " + TEXT
SECOND = "make it more colourful"
PNG = b"\x89PNG\r\n\x1a\n"

SCRIPT: tuple[Said, ...] = (
    calls(("analyze_text", {"text": TEXT}), expect=FIRST),
    calls(("chart_text", {"text": TEXT}), expect='"words":11'),
    says("It has **11 words**; the picture shows them.", expect="is shown to the people"),
    calls(("restyle_chart", {"palette": "colourful"}), expect=SECOND),
    says("Now in brighter colours.", expect="is shown to the people"),
)


@contextlib.asynccontextmanager
async def serving(folder: Path, model: ModelSimulator, **platforms: JsonObject) -> AsyncIterator[App]:
    """Run Steward with these platforms configured."""
    config = Config(
        data_dir=folder,
        model=ModelConfig(base_url=model.base_url),
        slack=SlackConfig.model_validate(platforms.get("slack", {})),
        discord=DiscordConfig.model_validate(platforms.get("discord", {})),
    )
    async with open_app(config) as app:
        running = asyncio.create_task(app.serve(*app.platforms()))
        try:
            yield app
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def slack_settings(slack: SlackSimulator) -> JsonObject:
    return {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.url}


def discord_settings(discord: DiscordSimulator) -> JsonObject:
    return {"token": discord.token, "api_url": discord.api_url, "gateway_url": discord.gateway_url}


def pictures(messages: list[Shown]) -> list[ShownFile]:
    return [file for shown in messages for file in shown.files]


def check_pictures(messages: list[Shown]) -> None:
    """Fail unless there are two different PNGs, each with a text for people who do not see it."""
    shown = pictures(messages)
    assert [file.content.startswith(PNG) for file in shown] == [True, True]
    assert shown[0].content != shown[1].content
    assert all(file.alt for file in shown), "a picture has no alt text"


def conversation_was_kept(model: ModelSimulator) -> bool:
    """Tell whether the second question was asked with the first, its calls and results before it."""
    history = str(model.requests[3].items)
    return all(text in history for text in (FIRST, "analyze_text", "chart_text", "11 words", SECOND))


async def test_slack(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "steward")
    async with SlackSimulator() as slack, ModelSimulator(SCRIPT) as model:
        async with serving(tmp_path, model, slack=slack_settings(slack)):
            await slack.connected()
            asked = await slack.mention("C1", "U1", FIRST)
            seen = slack.transcript
            await seen.wait(lambda shown: "11 words" in shown.text)
            await seen.wait(lambda shown: shown.files)
            await slack.mention("C1", "U1", SECOND, thread=asked)
            await seen.wait(lambda shown: "brighter" in shown.text)
            await seen.wait(lambda _: len(pictures(seen.messages)) == 2)
        answers = [shown for shown in seen.messages if shown.author == slack.world.bot]
        for line in ("turn 1 model ", "turn 1 skill analyze_text ", "turn 2 model ", "turn 2 skill restyle_chart "):
            assert any(said.startswith(line) for said in caplog.messages), f"the log has no line {line!r}"
        assert {(shown.channel, shown.thread) for shown in answers} == {("C1", asked)}, "answered in another place"
        assert sum("11 words" in shown.text for shown in answers) == 1, "answered twice"
        check_pictures(seen.messages)
        assert conversation_was_kept(model)


async def test_discord(tmp_path: Path) -> None:
    async with DiscordSimulator() as discord, ModelSimulator(SCRIPT) as model:
        channel, ada = discord.channel("general"), discord.person("Ada")
        async with serving(tmp_path, model, discord=discord_settings(discord)):
            await discord.connected()
            await discord.mention(channel, ada, FIRST)
            seen = discord.transcript
            answer = await seen.wait(lambda shown: "11 words" in shown.text)
            await seen.wait(lambda shown: shown.files)
            await discord.say(channel, ada, SECOND, reply_to=answer.id)
            await seen.wait(lambda shown: "brighter" in shown.text)
            await seen.wait(lambda _: len(pictures(seen.messages)) == 2)
        answers = [shown for shown in seen.messages if shown.author == discord.bot.id]
        assert {shown.channel for shown in answers} == {channel.id}, "answered in another place"
        assert sum("11 words" in shown.text for shown in answers) == 1, "answered twice"
        check_pictures(seen.messages)
        assert conversation_was_kept(model)


async def test_both_platforms_side_by_side(tmp_path: Path) -> None:
    script = (says("Hello, Slack.", expect="hi from Slack"), says("Hello, Discord.", expect="hi from Discord"))
    async with SlackSimulator() as slack, DiscordSimulator() as discord, ModelSimulator(script) as model:
        channel, ada = discord.channel("general"), discord.person("Ada")
        settings = {"slack": slack_settings(slack), "discord": discord_settings(discord)}
        async with serving(tmp_path, model, **settings):
            await asyncio.gather(slack.connected(), discord.connected())
            await slack.say("U1", "hi from Slack")
            await slack.transcript.wait(lambda shown: shown.text == "Hello, Slack.")
            await discord.mention(channel, ada, "hi from Discord")
            await discord.transcript.wait(lambda shown: shown.text == "Hello, Discord.")


async def test_a_bad_token_on_one_platform_is_said_and_leaves_the_other_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with SlackSimulator() as slack, DiscordSimulator() as discord, ModelSimulator([says("Hello.")]) as model:
        channel, ada = discord.channel("general"), discord.person("Ada")
        wrong = {**slack_settings(slack), "bot_token": "xoxb-wrong"}
        async with serving(tmp_path, model, slack=wrong, discord=discord_settings(discord)):
            await discord.connected()
            await discord.mention(channel, ada, "hi")
            await discord.transcript.wait(lambda shown: shown.text == "Hello.")
            async with asyncio.timeout(10):
                while "slack.bot_token" not in caplog.text:  # noqa: ASYNC110  # the log is a plain text
                    await asyncio.sleep(0.01)
        said = [line for line in caplog.messages if "slack.bot_token" in line]
        assert all("Trying again in" in line for line in said)
        assert "xoxb-wrong" not in caplog.text
        assert "Traceback" not in caplog.text
