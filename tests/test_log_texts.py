"""The log at its most talkative holds nothing of what people say, name their files, or are told."""

import logging
from pathlib import Path

import pytest

from bots.simulator.discord import DiscordSimulator
from bots.simulator.model import fails
from bots.simulator.slack import SlackSimulator
from bots.slack.about import SHORTCUT
from core import SkillError, skill
from core.errors import PlatformError
from core.messages import Attachment
from tests.canary import ACTS, ANA, CANARY, nest
from tests.house import house
from tests.model_talk import refusal
from tests.scripted import KeptOutlet, ScriptedModel, calls, message, says
from tests.test_discord_use import serving as serving_discord
from tests.test_slack_house import serving as serving_slack

WORD = "canarybird"


@pytest.fixture(autouse=True)
def _talkative(caplog: pytest.LogCaptureFixture) -> None:
    """Set the levels that `log.level: DEBUG` sets."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, "steward")
    for lent in ("api", "bolt", "socket"):
        caplog.set_level(logging.INFO, f"steward.slack.{lent}")


def canaries(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line for line in caplog.text.splitlines() if CANARY.search(line.lower())]


async def test_nothing_of_a_busy_conversation_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with nest(tmp_path, 0) as home:
        for act in ACTS:
            await home.do(act, ANA, "C1")
        await home.live(8)
    assert len(caplog.records) > 40
    assert canaries(caplog) == []


async def test_nothing_is_logged_of_calls_that_are_refused_and_files_that_cannot_be_had(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    @skill
    def refuse(text: str) -> str:
        """Refuse."""
        raise SkillError(f"I know nothing of {text}.")

    @skill
    def empty(text: str) -> Attachment:
        """Make a file without content."""
        return Attachment(filename=f"{text}.txt", media_type="text/plain")

    class Refusing(KeptOutlet):
        async def download(self, attachment: Attachment) -> bytes:
            raise PlatformError(f"{attachment.filename} is not at {attachment.source}.", permanent=True)

    argument = f'{{"text": "{WORD}"}}'
    wanted = calls(("refuse", argument), ("empty", argument), (WORD, "{}"), ("refuse", f'{{"{WORD}": 1}}'))
    files = (
        Attachment(filename=f"{WORD}.txt", media_type="text/plain", source=f"https://chat.example/{WORD}"),
        Attachment(filename=f"{WORD}.pdf", media_type="application/pdf", content=WORD.encode()),
    )
    async with house(tmp_path, ScriptedModel(wanted, says(WORD)), refuse, empty, outlet=Refusing()) as steward:
        await steward.answer(message(WORD, attachments=files))
        assert WORD in steward.outlet.texts[0]
    assert "turn 1: a file that came with it could not be fetched: it is not at it." in caplog.text
    assert canaries(caplog) == []


@pytest.mark.parametrize(("status", "tries"), [(400, 1), (401, 1), (404, 1), (429, 2), (500, 2)])
async def test_nothing_is_logged_of_what_a_server_quotes(
    status: int, tries: int, caplog: pytest.LogCaptureFixture
) -> None:
    await refusal(*[fails(status, message=f"I do not like {WORD}")] * tries, retries=1)
    assert f"status {status}" in caplog.text
    assert canaries(caplog) == []


async def test_nothing_said_in_slack_is_logged(
    slack: SlackSimulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving_slack(slack, tmp_path) as app:
        ts = await slack.mention("C1", "U1", f"what is 2+3 {WORD}?")
        await slack.transcript.wait(lambda shown: shown.author == "UBOT" and shown.controls)
        await app.turns.idle()
        await slack.edit("C1", ts, f"<@UBOT> what is 7*6 {WORD}?")
        await slack.settled()
        await app.turns.idle()
        await slack.command("C1", "U1", f"call {WORD}")
        await slack.command("C1", "U1", f"ask {WORD}")
        await slack.command("C1", "U1", f"settings instructions {WORD}")
        await slack.shortcut(await slack.say("U2", WORD, channel="C1"), "U1", SHORTCUT)
        await slack.submit(await slack.modal("U1"), {"question": WORD})
        await slack.settled()
        await app.turns.idle()
        slack.delete("C1", ts)
        await slack.settled()
        await app.turns.idle()
    assert "turn 1 " in caplog.text
    assert canaries(caplog) == []


async def test_nothing_said_in_discord_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with DiscordSimulator() as discord, serving_discord(tmp_path, discord) as app:
        general, ada = discord.channel("general"), discord.person("Ada")
        question = await discord.mention(general, ada, f"what is 2+3 {WORD}?")
        await discord.transcript.wait(lambda shown: shown.author == discord.bot.id and shown.controls)
        await discord.edit(question, f"{discord.bot.mention} what is 7*6 {WORD}?")
        await app.turns.idle()
        await discord.command(general, ada, None, {"expression": WORD}, name="calculate")
        await discord.command(general, ada, None, {"file": (f"{WORD}.pdf", WORD.encode())}, name="analyze_text")
        await discord.transcript.wait(lambda shown: WORD in shown.text and shown.author == discord.bot.id)
        await app.turns.idle()
        await discord.delete(question)
        await app.turns.idle()
    assert "turn 1 " in caplog.text
    assert canaries(caplog) == []
