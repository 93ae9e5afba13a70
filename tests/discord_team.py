"""Steward's Discord side with what it accepted, for tests that play the turns themselves."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast

from pydantic import SecretStr

from bots.commands import Commands, Handler
from bots.discord import DiscordPlatform
from bots.discord.intake import Recent, nothing_recent
from bots.links import Links
from bots.platform import Inbox
from bots.simulator.discord import DiscordSimulator
from bots.simulator.transcript import Shown
from core.channels import Channels
from core.config import CatchUpConfig, DiscordConfig
from core.cursors import Cursors
from core.messages import Message, Reply, Turn
from core.model import Tool
from core.outlet import Part
from core.store import Store
from tests.inbox import KeptInbox, commands, forget_nothing
from tests.nothing import NoStore


class KeptCursors(Cursors):
    """Cursors that last as long as a test."""

    def __init__(self) -> None:
        super().__init__(cast("Store", None), "discord")

    async def load(self) -> None:
        """There is nothing to read."""

    async def flush(self) -> None:
        """There is nowhere to write."""


@dataclass(slots=True, kw_only=True)
class Steward(KeptInbox):
    """The platform, and what it handed over."""

    platform: DiscordPlatform
    cursors: Cursors = field(default_factory=KeptCursors)
    ids: set[str] = field(default_factory=set)
    inbox: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    again: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def accept(self, message: Message) -> bool:
        if message.id in self.ids:
            self.again.put_nowait(message.id)
            return False
        self.ids.add(message.id)
        self.accepted.append(message)
        self.inbox.put_nowait(message)
        return True

    async def heard(self) -> Message:
        return await asyncio.wait_for(self.inbox.get(), 10)

    async def answer(self, message: Message, reply: Reply, *, turn: int = 1) -> list[str]:
        """Send a reply as the turns do."""
        draft = self.platform.draft(Turn(id=turn, message=message, attempt=0))
        try:
            return [
                await draft.send(part(number, piece, turn=turn))
                for number, piece in enumerate(self.platform.split(reply))
            ]
        finally:
            await draft.close()


def part(number: int, reply: Reply, *, turn: int = 1, repeated: bool = False) -> Part:
    """A part as the turns make it."""
    return Part(
        key=f"{turn}.{number}",
        text=reply.text,
        attachments=reply.attachments,
        opens=number == 0,
        repeated=repeated,
    )


def made(
    simulator: DiscordSimulator,
    *,
    token: str | None = None,
    config: DiscordConfig | None = None,
    forget: Handler = forget_nothing,
    used: Commands | None = None,
    thread_after: int = 0,
    recent: Recent = nothing_recent,
    cursors: Cursors | None = None,
    channels: Channels | None = None,
    catch_up: CatchUpConfig | None = None,
    quiet_after: float = 900.0,
    show_every: float = 1.0,
    sees_for: float = 60.0,
) -> DiscordPlatform:
    config = config or DiscordConfig(
        token=SecretStr(token or simulator.token),
        api_url=simulator.api_url,
        gateway_url=simulator.gateway_url,
        thread_after=thread_after,
    )
    tool = Tool(name="draw_chart", description="Draw a chart.", parameters={})
    return DiscordPlatform(
        config,
        commands=used or commands(tools=[tool], handlers={"forget": forget}),
        max_bytes=1000,
        cursors=cursors or KeptCursors(),
        catch_up=catch_up or CatchUpConfig(),
        channels=channels or Channels(NoStore()),
        links=Links(),
        recent=recent,
        quiet_after=quiet_after,
        show_every=show_every,
        sees_for=sees_for,
    )


@contextlib.asynccontextmanager
async def listening(
    simulator: DiscordSimulator,
    steward: Steward | None = None,
    inbox: Inbox | None = None,
) -> AsyncIterator[Steward]:
    steward = steward or Steward(platform=made(simulator))
    running = asyncio.create_task(steward.platform.listen(inbox or steward))
    try:
        await simulator.connected()
        yield steward
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def said(simulator: DiscordSimulator) -> list[Shown]:
    return [shown for shown in simulator.transcript.messages if shown.author == simulator.bot.id]


def asked(simulator: DiscordSimulator, method: str, end: str) -> int:
    return sum(call.method == method and call.path.endswith(end) for call in simulator.calls)
