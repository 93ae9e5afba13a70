"""The wiring: from a `Config` to a running Steward. The only module that knows all the others."""

import asyncio
import contextlib
import importlib
import logging
import random
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from typing import Final

from bots.channel_commands import ChannelCommands
from bots.commands import Commands, Handler
from bots.links import Links
from bots.memory_commands import MemoryCommands
from bots.platform import Platform
from core.afterwards import Afterwards
from core.agent import Agent
from core.boundary import Watch, unwatched
from core.cache import Cache
from core.channels import Channels
from core.clerk import Clerk
from core.closing import Closing
from core.company import Companies
from core.config import Config
from core.cursors import Cursors
from core.delivery import Delivery
from core.desk import Desk
from core.discovery import discover
from core.embedding import SentenceEncoder
from core.errors import OperatorError, PlatformError
from core.facts import Facts
from core.feedback import Feedback
from core.files import Files
from core.folding import Folding
from core.forgetting import Forgetting
from core.gathering import Gathering
from core.identity import Identity
from core.items import Usage
from core.journal import Journal
from core.memory import Memory
from core.messages import Person
from core.model import Model, Tool
from core.notebook import Keeper
from core.passages import Passages
from core.personal import Personal
from core.policy import Admins
from core.reading import Reader
from core.reports import cost_of
from core.skill import Skillset
from core.store import Store, hold, open_store
from core.turns import Turns
from core.usage import Usages
from core.vectors import Vectors
from core.wishes import Wishes
from core.workers import Workers

log = logging.getLogger("steward.app")

FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 60.0
"""Seconds between two attempts to connect a platform."""

_SWEEP_EVERY: Final = 3600.0


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


def connect_vectors(config: Config, store: Store) -> Vectors | None:
    """Make what finds passages by their meaning, where that is configured."""
    return Vectors(store, SentenceEncoder()) if config.memory.search == "meaning" else None


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
    companies: Companies
    channels: Channels
    cache: Cache
    identity: Identity
    afterwards: Afterwards
    forgetting: Forgetting
    usages: Usages
    links: Links
    files: Files
    journal: Journal
    store: Store
    vectors: Vectors | None
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
                    max_bytes=self.files.max_bytes,
                    cursors=Cursors(self.store, SlackPlatform.name),
                    catch_up=self.config.catch_up,
                    companies=self.companies,
                    channels=self.channels,
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
                    max_bytes=self.files.max_bytes,
                    cursors=Cursors(self.store, DiscordPlatform.name),
                    catch_up=self.config.catch_up,
                    channels=self.channels,
                    links=self.links,
                    recent=self.companies.in_a_row,
                )
            )
        return found

    async def _used(self, platform: str, person: Person) -> str:
        accounts = await self.identity.accounts(f"{platform}/{person.id}")
        return (await self.usages.this_month(accounts)).told()

    async def serve(self, *platforms: Platform) -> None:
        """Answer what comes in on these platforms until all of them end by themselves, or until cancelled."""
        background = [asyncio.create_task(self._sweep()), asyncio.create_task(self.afterwards.run())]
        if self.vectors:
            background.append(asyncio.create_task(self.vectors.run()))
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

    async def _sweep(self) -> None:
        while True:
            try:
                await self.journal.sweep()
                await self.cache.sweep()
                if removed := await self.files.sweep():
                    log.info("%d files were swept", removed)
                if expired := await self.forgetting.expire():
                    log.info("%d turns, %d files and %d facts had been kept long enough", *astuple(expired)[:3])
                await self.forgetting.tidy()
            except OperatorError as error:
                log.error("what is no longer needed could not be swept: %s", error)
            await asyncio.sleep(_SWEEP_EVERY)


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
        memory = Memory(store, turns=config.memory.turns, tokens=config.memory.tokens)
        vectors = connect_vectors(config, store)
        channels, identity, facts, cache = Channels(store), Identity(store), Facts(store), Cache(store)
        keeper = Keeper(facts=facts, passages=Passages(store, vectors), identity=identity, admins=Admins(config.admins))
        files = Files(store, config.files_dir, config.files)
        journal = Journal(store, memory, watch=watch)
        model = connect_model(config, announced=announced)
        stack.push_async_callback(model.close)
        cost = partial(cost_of, price=config.model.price)
        agent = Agent(
            model=model,
            skills=skillset.with_runner(workers),
            memory=memory,
            files=files,
            reader=Reader(workers, model),
            keeper=keeper,
            channels=channels,
            cache=cache,
            name=config.name,
            instructions=config.agent.instructions,
            max_iterations=config.agent.max_iterations,
            model_name=config.model.name if config.model.connected else "practice model",
            cost=cost,
        )
        afterwards = _afterwards(config, store, model, facts, channels, cost)
        wishes, feedback, usages = Wishes(store, files, watch=watch), Feedback(store), Usages(store)
        turns = Turns(
            journal=journal,
            files=files,
            agent=agent,
            delivery=Delivery(journal, files),
            wishes=wishes,
            parallel=config.agent.parallel,
            longest=config.agent.turn_seconds,
            answered=afterwards.answered,
        )
        companies = Companies(store)
        forgetting = Forgetting(
            store=store,
            files=files,
            journal=journal,
            companies=companies,
            config=config.memory,
            written=[config.data_dir / name for name in ("chat.log", "chat.history")],
        )
        desk = Desk(
            turns=turns,
            wishes=wishes,
            forgetting=forgetting,
            closing=Closing(store),
            files=files,
            feedback=feedback,
            usages=usages,
            config=config.agent,
        )
        of_memory = MemoryCommands(
            keeper=keeper,
            channels=channels,
            forgetting=forgetting,
            identity=identity,
            personal=Personal(store, files),
        )
        yield App(
            config=config,
            skillset=skillset,
            commands=Commands(
                name=config.name,
                tools=skillset.tools,
                stop=desk.stop,
                handlers=_handlers(ChannelCommands(channels), of_memory),
            ),
            turns=turns,
            desk=desk,
            companies=companies,
            channels=channels,
            cache=cache,
            identity=identity,
            afterwards=afterwards,
            forgetting=forgetting,
            usages=usages,
            links=Links(config.agent.link_hosts),
            files=files,
            journal=journal,
            store=store,
            vectors=vectors,
            practice=not config.model.connected,
        )


def _afterwards(
    config: Config, store: Store, model: Model, facts: Facts, channels: Channels, cost: Callable[[Usage], float]
) -> Afterwards:
    """Make what works after answers; the practice model writes no summaries."""
    if not config.model.connected:
        return Afterwards(None)
    clerk = Clerk(store, model, cost=cost)
    folding = Folding(store, clerk, turns=config.memory.turns, tokens=config.memory.tokens)
    return Afterwards(folding, Gathering(store, facts, channels, clerk) if config.memory.facts == "gathered" else None)


def _handlers(of_channel: ChannelCommands, of_memory: MemoryCommands) -> dict[str, Handler]:
    return {
        "follow": of_channel.follow,
        "settings": of_channel.settings,
        "memory": of_memory.memory,
        "forget": of_memory.forget,
        "my-data": of_memory.my_data,
        "forget-me": of_memory.forget_me,
        "link": of_memory.link,
        "unlink": of_memory.unlink,
    }
