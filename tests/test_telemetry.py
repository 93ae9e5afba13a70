import asyncio
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bots.app import open_app
from bots.simulator.discord import DiscordSimulator
from bots.simulator.model import ModelSimulator, says
from bots.simulator.slack import SlackSimulator
from core import Attachment, SkillError, skill
from core.config import Config, DiscordConfig, LogConfig, ModelConfig, SlackConfig
from core.errors import ModelError, OperatorError, PlatformError
from core.items import Answer
from core.redaction import MARK, Redactor
from core.telemetry import configure, errors_aloud, redact
from tests import scripted
from tests.house import house
from tests.scripted import Asked, KeptOutlet, ScriptedModel

SECRET = 'hunter2 "of" the/sea'
LOG = logging.getLogger("steward.turns")

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


@pytest.fixture(autouse=True)
def _logging_of_its_own() -> Iterator[None]:
    root = logging.getLogger()
    names = (None, "steward", "matplotlib", "steward.slack.api", "steward.slack.bolt", "steward.slack.socket")
    levels = {name: logging.getLogger(name).level for name in names}
    handlers, root.handlers = root.handlers, []
    yield
    configure(LogConfig(), ())
    root.handlers = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def text(level: Level = "INFO") -> None:
    configure(LogConfig(level=level), [SECRET])


def programs(level: Level = "INFO") -> None:
    configure(LogConfig(level=level, format="json"), [SECRET])


# -- lines


def test_a_line_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    text()
    LOG.info("turn %d answered in %.1f s", 12, 0.5)
    line = capsys.readouterr().err
    assert line[19:] == " INFO steward.turns turn 12 answered in 0.5 s\n"
    assert [line[position] for position in (4, 7, 10, 13, 16)] == ["-", "-", " ", ":", ":"]


def test_a_traceback_is_indented_below_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    text()
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        LOG.exception("turn 12 failed")
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.endswith("ERROR steward.turns turn 12 failed")
    assert rest[-2:] == ["  ValueError: first", "  second"]
    assert all(line.startswith("  ") for line in rest)


def test_a_message_cannot_forge_a_line_or_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    text()
    LOG.warning("said: %s", "x\n2026-11-22 18:45:01 INFO steward.turns forged \x1b[2J\x9b1m\u2028")
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "\\n2026-11-22 18:45:01 INFO steward.turns forged \\x1b[2J\\x9b1m\\u2028" in line


def test_a_line_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    programs()
    LOG.info("turn answered", extra={"turn": 12, "seconds": 0.5, "path": Path("a"), "inner": {"k": [1, float("nan")]}})
    line = json.loads(capsys.readouterr().err)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "steward.turns",
        "message": "turn answered",
        "turn": 12,
        "seconds": 0.5,
        "path": "a",
        "inner": {"k": [1, "nan"]},
    }


def test_an_exception_is_one_field_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    programs()
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        LOG.exception("turn failed")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["exception"].endswith("ValueError: first\nsecond")


# -- levels


@pytest.mark.parametrize(
    ("level", "ours", "theirs"),
    [
        ("DEBUG", "DEBUG", "INFO"),
        ("INFO", "INFO", "WARNING"),
        ("WARNING", "WARNING", "WARNING"),
        ("ERROR", "ERROR", "ERROR"),
    ],
)
def test_levels(capsys: pytest.CaptureFixture[str], level: Level, ours: str, theirs: str) -> None:
    text(level)
    libraries = ["slack_bolt.App", "slack_sdk.web", "discord.gateway", "httpx2", "openai", "aiosqlite"]
    for name in ["steward.turns", *libraries]:
        for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            logging.getLogger(name).log(number, "said")
    least: dict[str, str] = {}
    for line in capsys.readouterr().err.splitlines():
        _, _, said, name, _ = line.split(" ")
        least.setdefault(name, said)
    assert least == {"steward.turns": ours} | dict.fromkeys(libraries, theirs)


async def test_not_even_in_detail_is_logged_what_people_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text("DEBUG")
    script = [says("the canary answered"), says("the canary answered")]
    async with SlackSimulator() as slack, DiscordSimulator() as discord, ModelSimulator(script) as model:
        config = Config(
            data_dir=tmp_path,
            model=ModelConfig(base_url=model.base_url),
            slack=SlackConfig(
                bot_token=SecretStr(slack.bot_token), app_token=SecretStr(slack.app_token), api_url=slack.url
            ),
            discord=DiscordConfig(
                token=SecretStr(discord.token), api_url=discord.api_url, gateway_url=discord.gateway_url
            ),
        )
        async with open_app(config) as app:
            running = asyncio.create_task(app.serve(*app.platforms()))
            await asyncio.gather(slack.connected(), discord.connected())
            await slack.mention("C1", "U1", "the canary asked")
            await slack.transcript.wait(lambda shown: "answered" in shown.text)
            await discord.mention(discord.channel("general"), discord.person("Ada"), "the canary asked")
            await discord.transcript.wait(lambda shown: "answered" in shown.text)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    said = capsys.readouterr().err
    assert "DEBUG steward.turns turn 1 accepted" in said, "a library changed the level"
    assert [line for line in said.splitlines() if "canary" in line] == []


def test_matplotlib_is_never_chatty(capsys: pytest.CaptureFixture[str]) -> None:
    text("DEBUG")
    logging.getLogger("matplotlib.font_manager").info("a font")
    assert capsys.readouterr().err == ""


def test_configuring_again_replaces(capsys: pytest.CaptureFixture[str]) -> None:
    text()
    text()
    LOG.info("once")
    assert capsys.readouterr().err.count("once") == 1


# -- where to


def test_a_file_is_appended_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "made" / "chat.log"
    for number in (1, 2):
        configure(LogConfig(), (), file=file)
        LOG.info("line %d", number)
    assert [line[-6:] for line in file.read_text(encoding="utf-8").splitlines()] == ["line 1", "line 2"]
    assert capsys.readouterr().err == ""
    assert file.stat().st_mode & 0o777 == 0o600


def test_errors_are_also_said_aloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogConfig(), [SECRET], file=tmp_path / "chat.log")
    with errors_aloud():
        LOG.warning("not so bad")
        LOG.error("refused %s\nreally", SECRET, exc_info=ValueError("why"))
    LOG.error("later")
    assert capsys.readouterr().err == f"steward: refused {MARK}\\nreally\n"


def test_a_file_that_cannot_be_written_is_the_operators_fault(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"^The log .* cannot be written: is a directory\.$"):
        configure(LogConfig(), (), file=tmp_path)


# -- secrets


def test_known_secrets_are_taken_out_of_arguments_tracebacks_and_extras(capsys: pytest.CaptureFixture[str]) -> None:
    for configured in (text, programs):
        configured()
        try:
            raise ValueError(f"refused {SECRET}")
        except ValueError:
            LOG.exception("with %s and %r", SECRET, {"a": SECRET}, extra={"b": {"c": [SECRET]}})
        said = capsys.readouterr().err
        assert "hunter2" not in said, configured
        assert said.count(MARK) >= 3, configured


def test_a_record_that_cannot_be_formatted_shows_no_argument(capsys: pytest.CaptureFixture[str]) -> None:
    text()
    root = logging.getLogger()
    root.handlers = root.handlers[-1:]  # pytest's own would raise
    LOG.info("%d", SECRET)
    said = capsys.readouterr().err
    assert said.startswith("a record of steward.turns in line ")
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("said", "canary"),
    [
        ("token xoxb-123456789012-abcdefCANARY in use", "CANARY"),
        ("xoxe.xoxp-1-abcdefCANARY", "CANARY"),
        ("xapp-1-A012-345-abcdefCANARY", "CANARY"),
        ("key sk-proj-abc_defCANARY", "CANARY"),
        ("Authorization: Bearer abc.def~CANARY", "CANARY"),
        ("{'Authorization': 'Bot abcCANARY'}", "CANARY"),
        ("MTE4NjQxMTIzNDU2Nzg5MDEy.GkZzQ1.abcdefghijklmnopqrstuvwxyzCANARY", "CANARY"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgLCANARY", "CANARY"),
        ("GET https://example.com/file?token=abcCANARY&x=1", "CANARY"),
        ("wss://wss-primary.slack.com/link/?ticket=abcCANARY&app_id=1", "CANARY"),
        ("http://ann:CANARY@example.com/", "CANARY"),
        ("https://discord.com/api/v10/webhooks/118641/aW50ZXJhY3Rpb246abcdefCANARY/messages", "CANARY"),
        ("https://hooks.slack.com/commands/T1/22/abcCANARY", "CANARY"),
        ('{"client_secret": "abcCANARY", "a": 1}', "CANARY"),
        ("{'api_key': 'abcCANARY'}", "CANARY"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(said: str, canary: str) -> None:
    assert canary not in redact(said)
    assert MARK in redact(said)


@pytest.mark.parametrize(
    "said",
    [
        "turn 12 in slack/T1/C1: 3 model calls, 812 input tokens, 2.4 s",
        "the token is missing",
        "tokens=12345678 key=value secret: none",
        "asking skill draw_chart with 3 arguments, see https://example.com/path?page=2#top",
        "risk-free task-oriented desk-",
        "core.store.sqlite.Connection closed at 18:45:01",
    ],
)
def test_ordinary_lines_stay_as_they_are(said: str) -> None:
    assert redact(said) == said


def test_names_of_extras_tell_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    programs()
    LOG.info("call", extra={"headers": {"Authorization": "odd", "Accept": "text/html"}})
    assert json.loads(capsys.readouterr().err)["headers"] == {"Authorization": MARK, "Accept": "text/html"}


secrets = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=6).filter(
    lambda secret: secret not in MARK and MARK not in secret
)


@given(secrets, st.text(), st.text())
def test_a_known_secret_never_appears(secret: str, before: str, after: str) -> None:
    cleaned = Redactor([secret])(before + secret + after)
    assert secret not in cleaned.replace(MARK, "")


@given(st.text())
def test_redaction_is_done_once(said: str) -> None:
    once = redact(said)
    assert redact(once) == once


@pytest.mark.parametrize("said", ["a-" * 50_000, "M" * 100_000, "eyJ" * 30_000, "//" * 50_000, "token" * 20_000])
def test_long_lines_take_no_time(said: str) -> None:
    begun = time.process_time()
    redact(said)
    assert time.process_time() - begun < 3


# -- from an error to what people read


SLACK_TOKEN = "xoxb-2222-canary-abcdef"
CONFIGURED = "canary key of a model server"


def say_result(asked: Asked) -> Answer:
    return scripted.says(f"It said: {asked.items[-1].text}")


async def test_f52_a_token_in_what_a_skill_raised_is_in_no_log_and_no_reply(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    @skill
    def leak(word: str) -> str:
        """Leak."""
        raise {"one": ValueError, "two": SkillError}[word](f"401 with {SLACK_TOKEN} or {CONFIGURED}")

    configure(LogConfig(level="DEBUG"), [CONFIGURED])
    model = ScriptedModel(
        scripted.calls(("leak", '{"word": "one"}')), say_result, scripted.calls(("leak", '{"word": "two"}')), say_result
    )
    async with house(tmp_path, model, leak) as steward:
        await steward.answer(scripted.message("go"), scripted.message("again"))
        told = [*steward.outlet.texts, *(asked.text for asked in model.asked)]
    logged = capsys.readouterr().err
    assert f"401 with {MARK} or {MARK}" in logged
    assert all(f"401 with {MARK} or {MARK}" in text for text in steward.outlet.texts)
    for text in (logged, *told):
        assert SLACK_TOKEN not in text
        assert CONFIGURED not in text


@pytest.mark.parametrize("error", [ModelError, ValueError])
async def test_f52_a_token_in_what_ended_a_turn_is_in_no_log_and_no_reply(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: type[Exception]
) -> None:
    configure(LogConfig(level="DEBUG"), [CONFIGURED])
    async with house(tmp_path, ScriptedModel(error(f"refused {SLACK_TOKEN} and {CONFIGURED}."))) as steward:
        await steward.answer(scripted.message("go"))
        for text in (*steward.outlet.texts, capsys.readouterr().err):
            assert text
            assert SLACK_TOKEN not in text
            assert CONFIGURED not in text


@skill
def draw() -> Attachment:
    """Draw."""
    return Attachment(filename="drawing.png", media_type="image/png", content=b"PNG")


async def test_f52_a_token_in_why_a_file_could_not_be_had_or_sent_is_in_no_log_and_no_reply(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(LogConfig(level="DEBUG"), [CONFIGURED])
    refused = PlatformError(f"refused {SLACK_TOKEN} and {CONFIGURED}", permanent=True)
    sent = Attachment(filename="notes.txt", media_type="text/plain", source="there")
    model = ScriptedModel(scripted.calls(("draw", "{}")), scripted.says(""))
    async with house(tmp_path, model, draw, outlet=Refusing(refused)) as steward:
        await steward.answer(scripted.message("go", attachments=(sent,)))
        said = [*steward.outlet.texts, model.asked[0].text, capsys.readouterr().err]
    assert [text for text in said if f"refused {MARK} and {MARK}" not in text] == []
    assert not any(SLACK_TOKEN in text or CONFIGURED in text for text in said)


class Refusing(KeptOutlet):
    """A platform that gives no files and takes none."""

    def __init__(self, error: PlatformError) -> None:
        super().__init__()
        self.failures = [None, error]
        self._error = error

    async def download(self, attachment: Attachment) -> bytes:
        raise self._error
