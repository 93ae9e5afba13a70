"""Answers on their way to a simulated Slack, shown without pauses."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from bots.links import Links
from bots.simulator.slack import SlackSimulator
from bots.simulator.transcript import Shown
from bots.slack.api import web_client
from bots.slack.reply import SlackDraft
from bots.slack.status import Sessions, Statuses
from bots.slack.streams import Streams
from core.errors import PlatformError
from core.events import SkillFinished, SkillStarted
from core.items import Call, Result
from core.messages import Message, Turn
from core.outlet import Part
from tests.slack_team import settings

T = TypeVar("T")


class Desk:
    """Makes drafts of answers, and remembers what they had stored.

    Attributes:
        noted: the messages that show progress, as each note said.
    """

    def __init__(self, slack: SlackSimulator, *, links: Links | None = None) -> None:
        self.noted: list[list[str]] = []
        self._client = web_client(settings(slack))
        hasty = web_client(settings(slack), patient=False)
        self._statuses = Statuses(hasty)
        self._sessions = Sessions(hasty)
        self._streams = Streams(hasty, hurry=True)
        self._links = links or Links()

    def draft(self, message: Message, *, attempt: int = 1, shown: Sequence[str] = ()) -> SlackDraft:
        """Begin an answer."""
        return SlackDraft(
            self._client,
            Turn(id=1, message=message, attempt=attempt, shown=tuple(shown)),
            statuses=self._statuses,
            sessions=self._sessions,
            streams=self._streams,
            links=self._links,
            note=self._note,
        )

    async def _note(self, ids: Sequence[str]) -> None:
        self.noted.append(list(ids))


def started(name: str = "roll_dice", *, call: str = "c1", arguments: str = '{"sides": 6}') -> SkillStarted:
    return SkillStarted(call=Call(id=call, name=name, arguments=arguments))


def finished(name: str = "roll_dice", *, call: str = "c1", text: str = "4", ok: bool = True) -> SkillFinished:
    result = Result(call_id=call, name=name, text=text, ok=ok)
    return SkillFinished(call=Call(id=call, name=name, arguments=""), result=result, seconds=1.2)


async def shown_so_far() -> None:
    """Wait until drafts that nobody goes on with have shown what they can."""
    while showing := [task for task in asyncio.all_tasks() if task.get_name().startswith("showing turn")]:
        await asyncio.wait(showing)


async def deliver(draft: SlackDraft, *parts: Part) -> list[str]:
    """Send parts and remove what is left, each until it is taken, as the delivery does."""
    ids = [await _insist(partial(draft.send, part)) for part in parts]
    await _insist(draft.clear)
    await draft.close()
    return ids


def seen(slack: SlackSimulator) -> list[Shown]:
    """Return what people see of the bot's messages."""
    return [shown for shown in slack.transcript.messages if shown.author == slack.world.bot and not shown.deleted]


def texts(slack: SlackSimulator) -> list[str]:
    return [shown.text for shown in seen(slack)]


async def _insist(call: Callable[[], Awaitable[T]]) -> T:
    for _ in range(9):
        try:
            return await call()
        except PlatformError as error:
            if error.permanent:
                raise
    raise AssertionError("Slack did not take it")
