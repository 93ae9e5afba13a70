"""`steward simulate`: the page, driven as a browser drives it, and the drawing of a conversation."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bots.app import open_app
from bots.simulate import PlatformName, connected, opened
from bots.simulator.page import PageServer, Stage
from bots.simulator.page.markdown import rendered
from bots.simulator.page.render import Scene, conversation
from bots.simulator.transcript import Shown, ShownChoice, ShownControl, ShownFile, ShownTask
from core.config import Config
from tests.command import environment

PLATFORMS: tuple[PlatformName, ...] = ("slack", "discord")


class Browser:
    """What the page's script does."""

    def __init__(self, page: PageServer, stage: Stage) -> None:
        self.page = page
        self.stage = stage
        self.person = stage.people[0]
        self.place = stage.places(self.person)[0].id
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> "Browser":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def do(self, deed: str, *, status: int = 200, **fields: str) -> str:
        form = {"person": self.person, "place": self.place, **fields}
        async with self._session.post(f"{self.page.url}do/{deed}", data=form) as answer:
            text = await answer.text()
            assert answer.status == status, text
            return text

    async def view(self) -> dict[str, str]:
        asked = {"person": self.person, "place": self.place, "since": "-1"}
        async with self._session.get(f"{self.page.url}view", params=asked) as answer:
            assert answer.status == 200, await answer.text()
            view: dict[str, str] = await answer.json()
            return view

    async def until(self, wanted: str, *, part: str = "conversation") -> str:
        """Look until something is to be seen, and return all there is."""
        async with asyncio.timeout(20):
            while True:
                seen = (await self.view())[part]
                if re.search(wanted, seen):
                    return seen
                await asyncio.sleep(0.02)

    def id_of(self, text: str) -> str:
        return next(shown.id for shown in self.stage.transcript.messages if text in shown.text)

    def key_of(self, label: str) -> tuple[str, str, str]:
        """Return the message, the key and the choice of a button."""
        for shown in self.stage.transcript.messages:
            for control in shown.controls:
                if control.label == label:
                    return shown.id, control.key, ""
                for choice in control.choices:
                    if choice.label == label:
                        return shown.id, control.key, choice.value
        raise AssertionError(f"nothing is labelled {label}")


@contextlib.asynccontextmanager
async def browsing(platform: PlatformName, folder: Path) -> AsyncIterator[Browser]:
    """Open the page, with Steward behind it."""
    async with contextlib.AsyncExitStack() as stack:
        stage = await stack.enter_async_context(opened(platform))
        config = connected(Config(), stage.environment, folder)
        app = await stack.enter_async_context(open_app(config, announced=True))
        serving = asyncio.create_task(app.serve(*app.platforms()))
        try:
            await stage.connected()
            page = await stack.enter_async_context(PageServer(stage))
            yield await stack.enter_async_context(Browser(page, stage))
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_what_is_typed_into_the_page_is_answered_there(platform: PlatformName, tmp_path: Path) -> None:
    async with browsing(platform, tmp_path) as browser:
        await browser.do("write", text="@Steward What is 17% of 340?")
        seen = await browser.until("57.8")
        assert '<span class="name">Ada</span>' in seen
        assert '<b class="person">@Steward</b>' in seen


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_picture_its_buttons_and_the_private_answer_of_one_are_seen(
    platform: PlatformName, tmp_path: Path
) -> None:
    async with browsing(platform, tmp_path) as browser:
        await browser.do("write", text="@Steward draw a bar chart of apples 3, pears 5")
        await browser.until('src="data:image/png;base64')
        await browser.until("Why\\?")
        message, key, choice = browser.key_of("Why?")
        await browser.do("press", id=message, key=key, choice=choice)
        await browser.until("How this answer came about")
        browser.person = browser.stage.people[1]
        assert "How this answer came about" not in (await browser.view())["conversation"]


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_an_edit_is_answered_in_place_and_a_deletion_takes_the_answer_along(
    platform: PlatformName, tmp_path: Path
) -> None:
    async with browsing(platform, tmp_path) as browser:
        await browser.do("write", text="@Steward What is 17% of 340?")
        await browser.until("57.8")
        question = browser.id_of("17%")
        await browser.do("edit", id=question, text="@Steward What is 50% of 340?")
        assert "57.8" not in await browser.until("170")
        await browser.do("delete", id=question)
        async with asyncio.timeout(20):
            while "170" in (await browser.view())["conversation"]:  # noqa: ASYNC110  # as a browser does
                await asyncio.sleep(0.02)


async def test_a_form_opens_and_is_sent_off(tmp_path: Path) -> None:
    async with browsing("slack", tmp_path) as browser:
        await browser.do("write", text="/steward call calculate")
        form = await browser.until("<form", part="form")
        name = re.search(r'name="([^"]+)"', form)
        assert name
        await browser.do("fill", values=f'{{"{name[1]}": "6*7"}}')
        await browser.until("42")
        assert (await browser.view())["form"] == ""


async def test_a_command_of_discord_is_typed_with_its_options(tmp_path: Path) -> None:
    async with browsing("discord", tmp_path) as browser:
        await _once_registered(browser, "/calculate expression:6*7")
        await browser.until("42")


async def _once_registered(browser: Browser, text: str) -> None:
    """Use a command as soon as Steward has registered it."""
    async with asyncio.timeout(20):
        while True:
            try:
                await browser.do("write", text=text)
                return
            except AssertionError:
                await asyncio.sleep(0.05)


async def test_what_the_platforms_client_would_not_do_is_said(tmp_path: Path) -> None:
    async with browsing("slack", tmp_path) as browser:
        assert "not a valid command" in await browser.do("write", status=409, text="/other")
        assert "gone" in await browser.do("delete", status=409, id="1.0")
        assert "cannot write there" in await browser.do("write", status=409, text="hi", place="C404")
        await browser.do("nonsense", status=400)
        await browser.do("write", status=400, person="U404", text="hi")


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}])
async def test_s11_another_sites_page_may_not_ask(headers: dict[str, str]) -> None:
    async with opened("slack") as stage, PageServer(stage) as page, aiohttp.ClientSession(headers=headers) as session:
        for method, path in (("GET", ""), ("GET", "view"), ("POST", "do/write")):
            async with session.request(method, page.url + path) as answer:
                assert answer.status == 403


async def test_the_page_needs_nothing_from_elsewhere() -> None:
    async with (
        opened("slack") as stage,
        PageServer(stage) as page,
        aiohttp.ClientSession() as session,
        session.get(page.url) as answer,
    ):
        text, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert not re.search(r"(src|href)=\"?https?:", text)


def scene(*messages: Shown, usable: bool = True) -> Scene:
    names = {"U1": "Ada", "B": "Steward"}
    return Scene(
        platform="slack",
        names=names,
        bot="B",
        viewer="U1",
        messages=messages,
        status={"1": "is thinking…"},
        usable=usable,
    )


def test_a_message_shows_all_there_is_to_it() -> None:
    drawn = conversation(
        scene(
            Shown(
                id="1",
                channel="C",
                author="B",
                text="**bold** `code` <script>alert(1)</script>",
                files=[ShownFile(name="a.csv", media_type="text/csv", content=b"1")],
                controls=[
                    ShownControl(kind="button", key="k", label="Why?"),
                    ShownControl(kind="menu", key="m", label="Type", choices=(ShownChoice(label="Pie", value="p"),)),
                ],
                tables=[[["a", "b"], ["1", "<2>"]]],
                tasks=[ShownTask(id="t", title="draw chart", status="complete", output="done")],
                streaming=True,
                reactions={"x": ["U1"]},
                warnings=["This did not work."],
            )
        )
    )
    for seen in ("<strong>bold</strong>", "<code>code</code>", "a.csv", 'data-key="k"', "Pie", "<td>&lt;2&gt;</td>"):
        assert seen in drawn
    for seen in ("✓", "draw chart", "▍", ":x: 1", "This did not work.", "Steward is thinking…"):
        assert seen in drawn
    assert "<script" not in drawn


def test_what_is_for_somebody_else_or_deleted_is_not_drawn() -> None:
    other = Shown(id="1", channel="C", author="B", text="private", to="U2")
    gone = Shown(id="2", channel="C", author="B", text="gone", deleted=True)
    assert "private" not in conversation(scene(other, gone))
    assert "gone" not in conversation(scene(other, gone))


def test_replies_stand_below_their_root() -> None:
    root = Shown(id="1", channel="C", author="U1", text="at the root")
    between = Shown(id="2", channel="C", author="U1", text="in between")
    reply = Shown(id="3", channel="C", author="B", text="below it", thread="1")
    drawn = conversation(scene(root, between, reply))
    assert drawn.index("at the root") < drawn.index("below it") < drawn.index("in between")


def test_in_a_picture_nothing_can_be_pressed() -> None:
    button = ShownControl(kind="button", key="k", label="Why?")
    drawn = conversation(scene(Shown(id="1", channel="C", author="B", text="x", controls=[button]), usable=False))
    assert "disabled" in drawn
    assert "data-act" not in drawn


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "![x](https://evil.example/p.png)",
        "<img src=x onerror=alert(1)>",
        "<https://a.example>",
    ],
)
def test_no_text_becomes_a_link_or_a_picture_that_is_fetched(text: str) -> None:
    drawn = rendered(text, {})
    assert "<a " not in drawn
    assert "<img" not in drawn


def test_small_print_of_discord_is_small() -> None:
    assert "<small>✓ draw chart</small>" in rendered("Done.\n-# ✓ draw chart", {})


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_command_serves_connects_and_saves_the_conversation(platform: str, tmp_path: Path) -> None:
    saved = tmp_path / "conversation.html"
    command = [sys.executable, "-m", "bots", "simulate", platform, "--port", "0", "--server-only", "--save", str(saved)]
    with subprocess.Popen(command, cwd=tmp_path, env=_environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        printed = [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert re.fullmatch(r"(Slack|Discord) as a person sees it: http://127\.0\.0\.1:\d+/\n", printed[0])
    assert all(line.startswith("export ") for line in printed[1:])
    assert "<header>" in saved.read_text()


def test_a_port_that_is_taken_is_said_in_a_sentence(tmp_path: Path) -> None:
    async def taken() -> subprocess.CompletedProcess[str]:
        async with opened("slack") as stage, PageServer(stage) as page:
            port = page.url.rsplit(":", 1)[1].strip("/")
            command = [sys.executable, "-m", "bots", "simulate", "slack", "--port", port, "--server-only"]
            return await asyncio.to_thread(
                subprocess.run, command, cwd=tmp_path, env=_environment(), capture_output=True, text=True, timeout=30
            )

    done = asyncio.run(taken())
    assert done.returncode == 2
    assert "cannot be used" in done.stderr
    assert "--port" in done.stderr


def _environment() -> dict[str, str]:
    return environment(PYTHONPATH=os.fspath(Path(__file__).parent.parent))
