"""The wiring: platforms side by side, each kept listening."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest

from bots.app import App, open_app
from bots.platform import Inbox, Note, unnoted
from core.config import Config, MemoryConfig, SlackConfig
from core.errors import OperatorError, PlatformError
from core.messages import Attachment, Audience, Message, Reply, Turn
from tests.canary import files_with
from tests.scripted import KeptDraft, KeptOutlet, message


@dataclass(slots=True, kw_only=True)
class Stage:
    """A platform on which each attempt to listen goes as planned: an exception, or one message said there."""

    name: str
    plan: list[Exception | str]
    outlet: KeptOutlet = field(default_factory=KeptOutlet)
    listened: int = 0

    async def listen(self, inbox: Inbox) -> None:
        self.listened += 1
        step = self.plan.pop(0)
        if isinstance(step, Exception):
            raise step
        said = message(step)
        await inbox.accept(replace(said, conversation=replace(said.conversation, platform=self.name), id=self.name))

    def split(self, reply: Reply) -> Sequence[Reply]:
        return self.outlet.split(reply)

    def draft(self, turn: Turn, note: Note = unnoted) -> KeptDraft:
        return self.outlet.draft(turn, note)

    async def sees(self, message: Message) -> frozenset[Audience]:
        return await self.outlet.sees(message)

    async def download(self, attachment: Attachment) -> bytes:
        return await self.outlet.download(attachment)


class Quiet(Stage):
    """A platform on which nothing is said."""

    async def listen(self, inbox: Inbox) -> None:
        await asyncio.Event().wait()


async def serve(folder: Path, *stages: Stage) -> None:
    async with asyncio.timeout(20), open_app(Config(data_dir=folder)) as app:
        await replace(app, first_wait=0.001).serve(*stages)


async def test_two_platforms_are_served_side_by_side(tmp_path: Path) -> None:
    one, two = Stage(name="one", plan=["hello"]), Stage(name="two", plan=["hello"])
    await serve(tmp_path, one, two)
    assert [len(one.outlet.sent), len(two.outlet.sent)] == [1, 1]


async def test_a_platform_that_fails_is_tried_again_and_leaves_the_other_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    refused = PlatformError("The token was refused.", permanent=True)
    broken, sound = Stage(name="broken", plan=[refused, refused, "hello"]), Stage(name="sound", plan=["hello"])
    await serve(tmp_path, broken, sound)
    assert (broken.listened, len(broken.outlet.sent)) == (3, 1)
    assert (sound.listened, len(sound.outlet.sent)) == (1, 1)
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert [line.startswith("broken: The token was refused. Trying again in ") for line in said] == [True, True]


async def test_an_unforeseen_failure_of_a_platform_is_one_sentence_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Stage(name="broken", plan=[RuntimeError("odd"), "hello"])
    await serve(tmp_path, broken)
    assert len(broken.outlet.sent) == 1
    assert "broken: RuntimeError: odd Trying again" in caplog.text


async def test_without_a_platform_the_operator_is_told_what_to_set(tmp_path: Path) -> None:
    async with open_app(Config(data_dir=tmp_path)) as app:
        with pytest.raises(OperatorError, match=r"slack\.bot_token or discord\.token"):
            await app.run()


async def test_a_data_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OperatorError, match=r"The data folder .* cannot be made"):
        async with open_app(Config(data_dir=tmp_path / "file" / "data")):
            pass


def test_the_app_offers_the_skills_that_come_with_it(tmp_path: Path) -> None:
    async def names(app_of: Config) -> set[str]:
        app: App
        async with open_app(app_of) as app:
            return {tool.name for tool in app.tools}

    offered = asyncio.run(names(Config(data_dir=tmp_path)))
    assert {"analyze_text", "draw_chart", "chart_text", "restyle_chart", "calculate", "current_time"} <= offered


async def test_at_start_the_log_says_where_it_answers_and_that_no_model_is_connected(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    slack = SlackConfig.model_validate({"bot_token": "x", "app_token": "y", "api_url": "http://127.0.0.1:1/"})
    async with open_app(Config(data_dir=tmp_path, slack=slack)) as app:
        running = asyncio.create_task(app.run())
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert "Steward answers on slack with the practice model" in caplog.text
    assert "No language model is connected" in caplog.text


@pytest.mark.parametrize("search", ["words", "meaning"])
async def test_passages_are_found_by_meaning_where_that_is_configured(
    tmp_path: Path, search: Literal["words", "meaning"]
) -> None:
    async with open_app(Config(data_dir=tmp_path, memory=MemoryConfig(search=search))) as app:
        assert (app.kept.vectors is not None) == (search == "meaning")


async def test_what_a_crash_left_of_something_forgotten_is_gone_from_the_disk_soon_after_the_start(
    tmp_path: Path,
) -> None:
    await serve(tmp_path, Stage(name="one", plan=["hello canarybird"]))
    async with open_app(Config(data_dir=tmp_path)) as app:
        assert files_with(tmp_path, ["canarybird"]), "nothing was kept"
        await app.kept.store.write("UPDATE turns SET forgotten = 1")  # as the first of the transactions leaves it
        serving = asyncio.create_task(app.serve(Quiet(name="one", plan=[])))
        try:
            async with asyncio.timeout(10):
                while files_with(tmp_path, ["canarybird"]):  # noqa: ASYNC110  # the disk tells nobody
                    await asyncio.sleep(0.01)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
