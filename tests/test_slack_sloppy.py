"""Steward in front of a Slack that others wrote: each question is answered once, in its thread."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from bots.app import App, open_app
from core.config import Config, SlackConfig
from core.messages import JsonObject
from tests.sloppy_slack import SloppySlack, Unknown

MISSING: Sequence[Unknown] = ("unknown_method", "404", "html", "ok")
NO_EDITS = frozenset({"chat.update"})
NEXT_TO_NOTHING = NO_EDITS | {
    "users.info",
    "conversations.info",
    "conversations.replies",
    "conversations.history",
    "users.conversations",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    slack: SloppySlack
    app: App

    async def said(self, *events: JsonObject) -> None:
        """Send events, and wait until they are taken in and answered."""
        for event in events:
            sent = await self.slack.event(event)
            async with asyncio.timeout(10):
                while sent not in self.slack.acknowledged:  # noqa: ASYNC110  # what is waited for is a plain list
                    await asyncio.sleep(0.005)
        async with asyncio.timeout(20):
            await self.app.turns.idle()

    def answers(self, channel: str, thread: str | None) -> list[str]:
        """Return what was said in a place, without what showed progress."""
        texts = [str(post.get("text")) for post in self.slack.said.values() if _place(post) == (channel, thread)]
        return [text for text in texts if not text.startswith(("▫️", "⏳"))]


def _place(post: JsonObject) -> tuple[object, object]:
    return post.get("channel"), post.get("thread_ts")


@asynccontextmanager
async def opened(slack: SloppySlack, folder: Path) -> AsyncIterator[Place]:
    async with slack, open_app(_config(slack.url, folder), announced=True) as app:
        serving = asyncio.create_task(app.serve(*app.platforms()))
        try:
            await slack.connected()
            yield Place(slack=slack, app=app)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


def _config(address: str, folder: Path) -> Config:
    settings = SlackConfig(bot_token=SecretStr("xoxb-1"), app_token=SecretStr("xapp-1"), api_url=address)
    return Config().model_copy(update={"slack": settings, "data_dir": folder})


def mention(text: str, ts: str = "1800000000.000001", **more: str) -> JsonObject:
    return {"type": "app_mention", "user": "U1", "text": f"<@UBOT> {text}", "ts": ts, "channel": "C1", **more}


@pytest.mark.parametrize(
    ("unknown", "lacking"),
    [
        ("500", frozenset[str]()),  # with more of these, the server is down, and waited for
        *((unknown, lacking) for unknown in MISSING for lacking in (frozenset[str](), NO_EDITS, NEXT_TO_NOTHING)),
    ],
)
async def test_a_question_is_answered_once_by_whatever_methods_there_are(
    unknown: Unknown, lacking: frozenset[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with opened(SloppySlack(unknown=unknown, lacking=lacking), tmp_path) as place:
        asked = mention("What is 17% of 340?")
        await place.said(asked, {**asked, "type": "message"}, asked)
        assert place.answers("C1", "1800000000.000001") == ["57.8"]
        direct: JsonObject = {"type": "message", "user": "U1", "text": "What is 50% of 340?", "ts": "1.2"}
        await place.said({**direct, "channel": "D1"})
        assert place.answers("D1", None) == ["170"]
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("unknown", MISSING)
async def test_f46_a_picture_that_cannot_be_uploaded_here_is_said_at_once(unknown: Unknown, tmp_path: Path) -> None:
    async with opened(SloppySlack(unknown=unknown, lacking=NEXT_TO_NOTHING), tmp_path) as place:
        await place.said(mention("draw a bar chart of apples 3, pears 5", thread_ts="1800000000.000000"))
        *_, note = place.answers("C1", "1800000000.000000")
        assert note.startswith("(I could not upload bar-chart.png: ")


async def test_no_more_progress_is_posted_where_it_cannot_be_edited(tmp_path: Path) -> None:
    async with opened(SloppySlack(lacking=NO_EDITS), tmp_path) as place:
        await place.said(mention("What is 17% of 340?"))
        await place.said(mention("What is 50% of 340?", "1800000000.000002"))
        thread = [post for post in place.slack.said.values() if post.get("thread_ts") == "1800000000.000002"]
        assert [post.get("text") for post in thread] == ["170"]
        assert place.slack.called.count("chat.update") <= 2


async def test_a_press_without_container_and_blocks_is_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(SloppySlack(), tmp_path) as place:
        await place.said(mention("What is 17% of 340?"))
        (answer,) = place.slack.said
        press: JsonObject = {
            "type": "block_actions",
            "user": {"id": "U1"},
            "channel": {"id": "C1"},
            "message": {"ts": answer},
            "actions": [{"action_id": again(place.slack.said[answer])}],
        }
        edits = place.slack.called.count("chat.update")
        sent = await place.slack.envelope("interactive", press)
        async with asyncio.timeout(10):
            while sent not in place.slack.acknowledged:  # noqa: ASYNC110  # what is waited for is a plain list
                await asyncio.sleep(0.005)
        await place.app.turns.idle()
        assert place.slack.called.count("chat.update") > edits, "nothing was answered again"
        assert place.answers("C1", "1800000000.000001") == ["57.8"]
    assert not [record for record in caplog.records if record.exc_info]


def again(post: JsonObject) -> str:
    """Return the key of the button "Try again"."""
    blocks = post["blocks"]
    assert isinstance(blocks, list)
    for block in blocks:
        elements = block.get("elements") if isinstance(block, dict) else None
        for element in elements if isinstance(elements, list) else []:
            if isinstance(element, dict) and "again" in str(element.get("action_id")):
                return str(element["action_id"])
    raise AssertionError(f"there is no such button: {blocks}")
