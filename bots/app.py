"""The wiring: from a `Config` to a running Steward. The only module that knows all the others."""

import asyncio
import contextlib
import importlib
import logging
import random
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from bots.channel_commands import ChannelCommands
from bots.commands import Commands, Handler
from bots.identity_commands import IdentityCommands
from bots.kept import Kept, keep
from bots.links import Links
from bots.memory_commands import MemoryCommands
from bots.platform import Platform
from core.afterwards import Afterwards
from core.agent import Agent
from core.boundary import Watch, unwatched
from core.clerk import Clerk
from core.config import Config
from core.cursors import Cursors
from core.delivery import Delivery
from core.desk import Desk
from core.discovery import discover
from core.errors import OperatorError, PlatformError
from core.folding import Folding
from core.gathering import Gathering
from core.items import Usage
from core.messages import Person
from core.model import Model, Tool
from core.reading import Reader
from core.reports import cost_of
from core.skill import Skillset
from core.store import hold, open_store
from core.sweeping import Sweeping
from core.turns import Turns
from core.workers import Workers

log = logging.getLogger("steward.app")

FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 60.0
"""Seconds between two attempts to connect a platform."""


def skills(config: Config) -> Skillset:
    """Find the skills."""
    return discover(importlib.import_module("skills"), config.skills)


def connect_model(config: Config, *, announced: bool) -> Model:
    """Make the configured model, or the practice model where none is configured."""
    if not config.model.connected:
        from core.practice import PracticeModel

        return PracticeModel(announced=announced)
    from core.client import connect

    return connect(config.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Steward, put together; made by `open_app`.

    Attributes:
        practice: no language model is connected.
        first_wait: seconds before a platform is connected again; doubled each time.
    """

    config: Config
    skillset: Skillset
    commands: Commands
    turns: Turns
    desk: Desk
    afterwards: Afterwards
    links: Links
    kept: Kept
    practice: bool
    first_wait: float = FIRST_WAIT

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The skills, as a model is told about them."""
        return self.skillset.tools

    async def run(self) -> None:
        """Serve every configured platform until SIGTERM, SIGINT or cancellation.

        At the first signal answers under way come to their end, for `agent.stop_seconds` at most; a second one does not
        wait for them. What is left is answered after the next start.

        Raises:
            OperatorError: no platform is configured.
        """
        platforms = self.platforms()
        if not platforms:
            raise OperatorError(
                "No platform is configured: set slack.bot_token or discord.token in config.yaml, or use `steward chat`."
            )
        self._announce(platforms)
        serving = asyncio.ensure_future(self.serve(*platforms))
        stopping: list[asyncio.Task[None]] = []

        def stop() -> None:
            if stopping:
                serving.cancel()
            else:
                stopping.append(asyncio.create_task(self._stop(serving)))

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await serving
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
            for task in (serving, *stopping):
                task.cancel()
            await asyncio.gather(*stopping, return_exceptions=True)
        log.info("stopped")

    async def _stop(self, serving: asyncio.Future[None]) -> None:
        """Stop gracefully; the platforms stay connected meanwhile, for answers go out over them."""
        log.info("stopping")
        await self.turns.drain(self.config.agent.stop_seconds)
        serving.cancel()

    def _announce(self, platforms: Sequence[Platform]) -> None:
        model = "the practice model" if self.practice else self.config.model.name
        log.info("%s answers on %s with %s", self.config.name, ", ".join(to.name for to in platforms), model)
        if self.practice:
            from core.practice import NOTICE

            log.warning("%s", NOTICE)

    def platforms(self) -> list[Platform]:
        """Make the configured platforms; only their modules are imported."""
        found: list[Platform] = []
        if self.config.slack.configured:
            from bots.slack import SlackPlatform

            found.append(
                SlackPlatform(
                    self.config.slack,
                    commands=self.commands,
                    max_bytes=self.kept.files.max_bytes,
                    cursors=Cursors(self.kept.store, SlackPlatform.name),
                    catch_up=self.config.catch_up,
                    companies=self.kept.companies,
                    channels=self.kept.channels,
                    links=self.links,
                    usage=partial(self._used, SlackPlatform.name),
                )
            )
        if self.config.discord.configured:
            from bots.discord import DiscordPlatform

            found.append(
                DiscordPlatform(
                    self.config.discord,
                    commands=self.commands,
                    max_bytes=self.kept.files.max_bytes,
                    cursors=Cursors(self.kept.store, DiscordPlatform.name),
                    catch_up=self.config.catch_up,
                    channels=self.kept.channels,
                    links=self.links,
                    recent=self.kept.companies.in_a_row,
                )
            )
        return found

    async def _used(self, platform: str, person: Person) -> str:
        accounts = await self.kept.identity.accounts(f"{platform}/{person.id}")
        return (await self.kept.usages.this_month(accounts)).told()

    async def serve(self, *platforms: Platform) -> None:
        """Answer what comes in on these platforms until all of them end by themselves, or until cancelled."""
        background = [
            asyncio.create_task(Sweeping(self.kept.rounds()).run()),
            asyncio.create_task(self.afterwards.run()),
        ]
        if self.kept.vectors:
            background.append(asyncio.create_task(self.kept.vectors.run()))
        try:
            await self.turns.start({platform.name: platform for platform in platforms})
            async with asyncio.TaskGroup() as group:
                for platform in platforms:
                    group.create_task(self._supervise(platform), name=platform.name)
            await self.turns.idle()
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await self.turns.close()

    async def _supervise(self, platform: Platform) -> None:
        """Keep a platform listening: a failure is said in one sentence and tried again, the others go on."""
        wait = self.first_wait
        while True:
            began = time.monotonic()
            try:
                return await platform.listen(self.desk)
            except PlatformError as error:
                reason = str(error)
            except Exception as error:
                log.debug("%s failed", platform.name, exc_info=True)
                reason = f"{type(error).__name__}: {error}"
            if time.monotonic() - began > LONGEST_WAIT:
                wait = self.first_wait
            pause = wait * random.uniform(0.75, 1.25)  # noqa: S311  # jitter, not a secret
            log.error("%s: %s Trying again in %.1f s.", platform.name, reason, pause)
            await asyncio.sleep(pause)
            wait = min(LONGEST_WAIT, wait * 2)


@contextlib.asynccontextmanager
async def open_app(config: Config, *, announced: bool = False, watch: Watch = unwatched) -> AsyncIterator[App]:
    """Put Steward together, and take it apart at the end.

    Args:
        config: the settings.
        announced: the practice model need not say that it is one, because the caller does.
        watch: is told each boundary of a turn's life.

    Raises:
        OperatorError: a skill is wrong, another Steward uses the data folder, or that or the database cannot be used.
    """
    skillset = skills(config)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(hold(config.data_dir))
        workers = Workers(config.workers, scratch=config.data_dir / "scratch", preload=skillset.preload)
        stack.push_async_callback(workers.close)
        await workers.start()
        store = await open_store(config.database)
        stack.push_async_callback(store.close)
        kept = keep(config, store, watch=watch)
        model = connect_model(config, announced=announced)
        stack.push_async_callback(model.close)
        cost = partial(cost_of, price=config.model.price)
        afterwards = _afterwards(config, kept, model, cost)
        turns = Turns(
            journal=kept.journal,
            files=kept.files,
            agent=_agent(config, kept, skillset.with_runner(workers), model, workers, cost),
            delivery=Delivery(kept.journal, kept.files),
            wishes=kept.wishes,
            parallel=config.agent.parallel,
            longest=config.agent.turn_seconds,
            answered=afterwards.answered,
        )
        desk = Desk(
            turns=turns,
            wishes=kept.wishes,
            forgetting=kept.forgetting,
            closing=kept.closing,
            files=kept.files,
            feedback=kept.feedback,
            usages=kept.usages,
            config=config.agent,
        )
        yield App(
            config=config,
            skillset=skillset,
            commands=Commands(name=config.name, tools=skillset.tools, stop=desk.stop, handlers=_handlers(config, kept)),
            turns=turns,
            desk=desk,
            afterwards=afterwards,
            links=Links(config.agent.link_hosts),
            kept=kept,
            practice=not config.model.connected,
        )


def _agent(
    config: Config, kept: Kept, skillset: Skillset, model: Model, workers: Workers, cost: Callable[[Usage], float]
) -> Agent:
    return Agent(
        model=model,
        skills=skillset,
        memory=kept.memory,
        files=kept.files,
        reader=Reader(workers, model),
        keeper=kept.keeper,
        channels=kept.channels,
        cache=kept.cache,
        name=config.name,
        instructions=config.agent.instructions,
        max_iterations=config.agent.max_iterations,
        model_name=config.model.name if config.model.connected else "practice model",
        cost=cost,
    )


def _afterwards(config: Config, kept: Kept, model: Model, cost: Callable[[Usage], float]) -> Afterwards:
    """Make what works after answers; the practice model writes no summaries."""
    if not config.model.connected:
        return Afterwards(None)
    clerk = Clerk(kept.store, model, cost=cost)
    folding = Folding(kept.store, clerk, turns=config.memory.turns, tokens=config.memory.tokens)
    gathers = config.memory.facts == "gathered"
    return Afterwards(folding, Gathering(kept.store, kept.facts, kept.channels, clerk) if gathers else None)


def _handlers(config: Config, kept: Kept) -> dict[str, Handler]:
    """Return what answers the sub-commands that need no turn."""
    days = config.memory.keep_days
    usual = {"retention": f"{days:g} days" if days else "never", "follow": "on"}
    if config.slack.configured and config.slack.follow == "never":
        usual["follow"] = "on in Discord, off in Slack"
    of_channel = ChannelCommands(kept.channels, usual)
    of_memory = MemoryCommands(
        keeper=kept.keeper,
        channels=kept.channels,
        forgetting=kept.forgetting,
        identity=kept.identity,
        personal=kept.personal,
    )
    of_person = IdentityCommands(kept.identity)
    return {
        "follow": of_channel.follow,
        "settings": of_channel.settings,
        "memory": of_memory.memory,
        "forget": of_memory.forget,
        "my-data": of_memory.my_data,
        "forget-me": of_memory.forget_me,
        "link": of_person.link,
        "unlink": of_person.unlink,
    }
