"""Whatever happens while an answer is shown and sent in Discord, its final text stands there once, and nothing else."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Final, TypeVar

import pytest

from bots.simulator.discord import DiscordSimulator, Fault
from bots.simulator.discord.world import Channel
from core.errors import PlatformError
from core.events import Event, Finished, Restarted, SkillFinished, SkillStarted, TextDelta
from core.items import Call, Result
from core.messages import Attachment, Audience, Conversation, Message, Person, Reply, Turn
from core.outlet import Draft
from tests.discord_team import Steward, listening, made, part, said

MESSAGES: Final = "/channels/{channel_id}/messages"
WEBHOOK: Final = "/webhooks/{application_id}/{token}"
ROUTES: Final = (
    ("POST", MESSAGES),
    ("PATCH", MESSAGES + "/{message_id}"),
    ("DELETE", MESSAGES + "/{message_id}"),
    ("GET", MESSAGES),
    ("POST", MESSAGES + "/{message_id}/threads"),
    ("POST", WEBHOOK),
    ("PATCH", WEBHOOK + "/messages/@original"),
    ("PATCH", WEBHOOK + "/messages/{message_id}"),
    ("DELETE", WEBHOOK + "/messages/{message_id}"),
)
FAULTS: Final = (
    Fault(cut=True),
    Fault(cut=True, performs=True),
    Fault(status=503),
    Fault(status=503, performs=True),
    Fault(status=429, message="You are being rate limited.", retry_after=0.02),
)
PNG: Final = Attachment(filename="chart.png", media_type="image/png", content=b"\x89PNG\r\n\x1a\n", alt="A chart")


@dataclass(slots=True, kw_only=True)
class Answer:
    """One answer, told as the turns would have it stored.

    Attributes:
        shown: ids of messages without a part, as they were written down.
        sent: the id of each part that was marked as sent.
        mortal: this attempt may be killed; it is where `dead` is set.
    """

    simulator: DiscordSimulator
    stack: contextlib.AsyncExitStack
    random: Random
    message: Message
    reply: Reply
    attempt: int = 0
    mortal: bool = True
    dead: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False
    delivering: bool = False
    shown: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    async def tell(self) -> None:
        """Answer, in as many attempts as it takes; some are killed."""
        for kills in reversed(range(self.random.randrange(4))):
            self.attempt += 1
            self.dead.clear()
            work = asyncio.create_task(self._attempt(await self._connected()))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.dead.wait(), self.random.random() * 0.3)
            if work.done():
                work.result()
                return
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            self.mortal = kills > 0
        self.mortal = False
        self.attempt += 1
        await self._attempt(await self._connected())

    async def _connected(self) -> Steward:
        """Connect a new process, so to say: the library would let a route wait on which a request was cancelled."""
        steward = Steward(platform=made(self.simulator, show_every=0.01))
        return await self.stack.enter_async_context(listening(self.simulator, steward))

    async def _attempt(self, steward: Steward) -> None:
        free = tuple(each for each in self.shown if each not in self.sent)
        turn = Turn(id=7, message=self.message, attempt=self.attempt, shown=free)
        draft = steward.platform.draft(turn, self._note)
        try:
            if not self.closed:
                await self._work(draft)
            await self._deliver(draft, steward.platform.split(self.reply))
        finally:
            await draft.close()

    async def _note(self, ids: Sequence[str]) -> None:
        if self.mortal and self.random.random() < 0.2:
            self.dead.set()
            await asyncio.Event().wait()
        self.shown = list(dict.fromkeys([*self.shown, *ids]))

    async def _work(self, draft: Draft) -> None:
        for _ in range(self.random.randrange(8)):
            await draft.show(self._event())
            await asyncio.sleep(self.random.random() * 0.03)
        await draft.show(Finished(reply=self.reply))
        self.closed = True

    def _event(self) -> Event:
        call = Call(id=f"c{self.random.randrange(3)}", name="draw_chart", arguments="{}")
        events: list[Event] = [
            TextDelta(text=self.reply.text[: self.random.randrange(4000)]),
            TextDelta(text="word " * self.random.randrange(600)),
            Restarted(reason="cut off"),
            SkillStarted(call=call),
            SkillFinished(call=call, result=Result(call_id=call.id, name=call.name, text=""), seconds=1.0),
        ]
        return self.random.choice(events)

    async def _deliver(self, draft: Draft, pieces: Sequence[Reply]) -> None:
        repeated, self.delivering = self.delivering, True
        first = len(self.sent)
        for number in range(first, len(pieces)):
            sending = part(number, pieces[number], turn=7, repeated=repeated and number == first)
            message_id = await _insist(partial(draft.send, replace(sending, known=frozenset(self.sent))))
            await asyncio.sleep(self.random.random() * 0.02)
            self.sent.append(message_id)
        await _insist(draft.clear)


_T = TypeVar("_T")


async def _insist(request: Callable[[], Awaitable[_T]]) -> _T:
    for _ in range(200):
        with contextlib.suppress(PlatformError):
            return await request()
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come about")


async def asked(simulator: DiscordSimulator, steward: Steward, channel: Channel, random: Random) -> Message:
    """Ask by a command, or in a message, at which a thread may be opened."""
    if random.random() < 0.3:
        interaction = await simulator.command(channel, simulator.world.owner, "ask", {"question": "question"})
        await simulator.answered(interaction)
        return await steward.heard()
    thread = random.random() < 0.3
    written = await simulator.say(channel, simulator.world.owner, "question")
    origin = {"channel_id": channel.id, "message_id": written.id} | ({"thread": "open"} if thread else {})
    return Message(
        id=f"discord/{channel.id}/{written.id}",
        conversation=Conversation(platform="discord", workspace="W", channel=channel.id),
        audience=Audience(scope="workspace", id="discord/W"),
        author=Person(id="1", name="Ada"),
        text="question",
        origin=origin,
    )


@pytest.mark.parametrize("seed", range(8))
async def test_f4_f6_f7_f17_f19_the_final_text_stands_there_once(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.discord.preview._CLOSING_SECONDS", 0.05)  # who is killed waits for nothing
    random = Random(seed)
    async with DiscordSimulator(nonces=seed % 2 == 0) as simulator:
        channels = [simulator.channel(f"c{number}") for number in range(12)]
        async with listening(simulator, Steward(platform=made(simulator, show_every=0.01))) as steward:
            answers, stack = [], contextlib.AsyncExitStack()
            for channel in channels:
                text = "".join(random.choice(["word ", "日本語。", "\n\n", "```\ncode\n```\n"]) for _ in range(900))
                reply = Reply(text=text[: random.randrange(1, 5000)] + ".", attachments=(PNG,) * random.randrange(2))
                message = await asked(simulator, steward, channel, random)
                answers.append(Answer(simulator=simulator, stack=stack, random=random, message=message, reply=reply))
            for method, path in ROUTES:
                for _ in range(random.randrange(12)):
                    simulator.faults.add(method, path, random.choice(FAULTS))
            async with stack:
                await asyncio.gather(*(answer.tell() for answer in answers))
            for answer, channel in zip(answers, channels, strict=True):
                pieces = steward.platform.split(answer.reply)
                shown = [each for each in said(simulator) if each.channel == channel.id and not each.deleted]
                shown.sort(key=lambda each: int(each.id))
                assert [each.text for each in shown] == [piece.text for piece in pieces]
                assert [len(each.files) for each in shown] == [len(piece.attachments) for piece in pieces]
                assert not any(each.controls for each in shown)
