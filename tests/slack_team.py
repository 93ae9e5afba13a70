"""Steward's Slack adapter, connected to a simulated Slack by slack-bolt itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Literal

from pydantic import SecretStr

from bots.channel_commands import ChannelCommands
from bots.commands import Commands, Handler
from bots.links import Links
from bots.simulator.slack import SlackSimulator
from bots.simulator.transcript import Shown
from bots.slack import SlackPlatform
from bots.slack.welcome import Usage, untold
from core.channels import Channels
from core.company import Companies
from core.config import CatchUpConfig, SlackConfig
from core.cursors import Cursors
from core.messages import Conversation, Message, Person, Reply, Turn
from core.model import Tool
from core.store import Store
from tests.inbox import KeptInbox, commands
from tests.nothing import NoStore

DICE = Tool(name="roll_dice", description="Roll some dice.", parameters={"type": "object"}, examples=("roll 2d6",))


class Team(KeptInbox):
    """The platform, and what it handed over.

    Args:
        store: keeps how far channels were read.
        catch_up: off unless given.
        tools: the skills.
        usage: says what a person used.
        handlers: answer further sub-commands.

    Attributes:
        failures: what `accept` raises at its next calls, in turn.
        before: awaited at the beginning of each `accept`.
    """

    def __init__(
        self,
        slack: SlackSimulator,
        config: SlackConfig,
        *,
        store: Store | None = None,
        catch_up: CatchUpConfig | None = None,
        quiet_after: float = 900.0,
        tools: Sequence[Tool] = (DICE,),
        usage: Usage = untold,
        handlers: Mapping[str, Handler] | None = None,
    ) -> None:
        super().__init__()
        self.slack = slack
        self.forgotten: list[Conversation] = []
        self.failures: list[Exception] = []
        self.before: Callable[[Message], Awaitable[None]] | None = None
        self.platform = SlackPlatform(
            config,
            commands=self._commands(tools, Channels(store or NoStore()), handlers or {}),
            max_bytes=1000,
            cursors=Cursors(store or NoStore(), "slack"),
            catch_up=catch_up or CatchUpConfig(hours=0),
            companies=Companies(store or NoStore()),
            channels=Channels(store or NoStore()),
            links=Links(),
            usage=usage,
            ping_interval=0.2,
            quiet_after=quiet_after,
        )

    async def accept(self, message: Message) -> bool:
        """Write a message down, as the turns do."""
        if self.before is not None:
            await self.before(message)
        if self.failures:
            raise self.failures.pop(0)
        return await super().accept(message)

    async def edited(self, message: Message) -> bool:
        """Write down what a message says now; there is nothing to do where it was never accepted."""
        await super().edited(message)
        return message.id in {known.id for known in self.accepted}

    async def removed(self, conversation: Conversation, answer_id: str, person: Person) -> bool:
        """Write down what is to be removed; only a file is known."""
        await super().removed(conversation, answer_id, person)
        return answer_id.startswith("F")

    def turn(self, message: Message | None = None) -> Turn:
        """Return the turn of a message, the last one by default."""
        return Turn(id=1, message=message or self.accepted[-1], attempt=1)

    def _commands(self, tools: Sequence[Tool], channels: Channels, others: Mapping[str, Handler]) -> Commands:
        async def forget(used: Message, rest: str) -> Reply:
            self.forgotten.append(used.conversation)
            return Reply(text="Forgotten in this channel: 3 turns and 1 file.")

        handlers = {"forget": forget, "follow": ChannelCommands(channels).follow, **others}
        return commands(tools=tools, handlers=handlers, inbox=self)


def settings(
    slack: SlackSimulator, *, http: bool = False, follow: Literal["threads", "never"] = "threads"
) -> SlackConfig:
    """Return the configuration that connects to a simulated Slack."""
    return SlackConfig(
        bot_token=SecretStr(slack.bot_token),
        app_token=None if http else SecretStr(slack.app_token),
        signing_secret=SecretStr(slack.signing_secret) if http else None,
        port=0,
        api_url=slack.url,
        follow=follow,
    )


@asynccontextmanager
async def listening(
    slack: SlackSimulator,
    *,
    http: bool = False,
    store: Store | None = None,
    catch_up: CatchUpConfig | None = None,
    quiet_after: float = 900.0,
    follow: Literal["threads", "never"] = "threads",
    tools: Sequence[Tool] = (DICE,),
    usage: Usage = untold,
    handlers: Mapping[str, Handler] | None = None,
) -> AsyncIterator[Team]:
    """Connect the adapter to a simulated Slack for the length of a test."""
    config = settings(slack, http=http, follow=follow)
    team = Team(
        slack,
        config,
        store=store,
        catch_up=catch_up,
        quiet_after=quiet_after,
        tools=tools,
        usage=usage,
        handlers=handlers,
    )
    task = asyncio.create_task(team.platform.listen(team))
    try:
        ready = asyncio.create_task(team.platform.listening.wait())
        await asyncio.wait((task, ready), return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await task
        if http:
            assert await slack.webhook.verify(f"http://127.0.0.1:{team.platform.port}/slack/events")
        else:
            await slack.connected()
        yield team
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def mention(team: Team, text: str = "hello", channel: str = "C1") -> Message:
    await team.slack.mention(channel, "U1", text)
    await team.slack.settled()
    return team.accepted[-1]


def answers(team: Team) -> list[Shown]:
    return [shown for shown in team.slack.transcript.messages if shown.author == "UBOT"]
