"""The core put together around fakes, as `bots.app` does around the real ones."""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.afterwards import Afterwards
from core.agent import Agent
from core.cache import Cache
from core.channels import Channels
from core.closing import Closing
from core.company import Companies
from core.config import AgentConfig, FilesConfig, MemoryConfig
from core.context import Context
from core.delivery import Delivery
from core.desk import Desk
from core.facts import Facts
from core.feedback import Feedback
from core.files import Files
from core.folding import Folding
from core.forgetting import SMALL, Forgetting
from core.gathering import Gathering
from core.identity import Identity
from core.journal import Journal
from core.memory import Memory
from core.messages import Attachment, JsonObject, Message, Reply
from core.notebook import Keeper
from core.passages import Passages
from core.policy import Admins
from core.reading import Reader
from core.returned import as_reply
from core.skill import Skill, Skillset
from core.store import Store, open_store
from core.threads import in_thread
from core.turns import Turns
from core.usage import Usages
from core.wishes import Wishes
from tests.scripted import PATIENT, KeptOutlet, ScriptedModel


class Threads:
    """Runs blocking skills in threads, for those written inside of a test, where no process would find them."""

    async def run(self, skill: Skill, given: JsonObject, files: Mapping[str, Attachment], context: Context) -> Reply:
        work = partial(skill.function, **skill.bind(given, files, context))
        limit = asyncio.timeout(skill.options.timeout)
        try:
            async with limit:
                returned = await in_thread(work, name=f"skill {skill.tool.name}")
                return as_reply(await returned if inspect.isawaitable(returned) else returned)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise skill.too_long() from error


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    store: Store
    files: Files
    memory: Memory
    keeper: Keeper
    channels: Channels
    afterwards: Afterwards
    forgetting: Forgetting
    journal: Journal
    turns: Turns
    desk: Desk
    outlet: KeptOutlet
    model: ScriptedModel

    async def answer(self, *messages: Message) -> None:
        """Accept messages and wait until they are answered."""
        for message in messages:
            assert await self.turns.accept(message), f"{message.id} is taken for a duplicate"
        await self.turns.idle()

    async def settle(self) -> None:
        """Wait until what is done after answers is done."""
        await self.turns.idle()
        await self.afterwards.idle()


@contextlib.asynccontextmanager
async def house(
    folder: Path,
    model: ScriptedModel,
    *skills: Callable[..., object],
    outlet: KeptOutlet | None = None,
    max_iterations: int = 5,
    parallel: int = 8,
    start: bool = True,
    first_pause: float = 60.0,
    longest: float = 600.0,
    config: AgentConfig | None = None,
    opening: Callable[[Path], Awaitable[Store]] = open_store,
    folding: Callable[[Store], Folding] | None = None,
    gathering: Callable[[Store], Gathering] | None = None,
    recalled: MemoryConfig | None = None,
    keep_days: float = 0.0,
    small: int = SMALL,
) -> AsyncIterator[House]:
    """Open a house; at the end it fails where the script was not followed."""
    store = await opening(folder / "steward.db")
    recalled = recalled or MemoryConfig()
    memory = Memory(store, turns=recalled.turns, tokens=recalled.tokens)
    files = Files(store, folder / "files", FilesConfig())
    journal = Journal(store, memory)
    runner = Threads()
    channels, facts = Channels(store), Facts(store)
    keeper = Keeper(facts=facts, passages=Passages(store, patience=PATIENT), identity=Identity(store), admins=Admins())
    afterwards = Afterwards(folding(store) if folding else None, gathering(store) if gathering else None)
    forgetting = Forgetting(
        store=store,
        files=files,
        journal=journal,
        companies=Companies(store),
        config=MemoryConfig(keep_days=keep_days),
        small=small,
    )
    agent = Agent(
        model=model,
        skills=Skillset(tuple(Skill.of(function, topic="test") for function in skills), runner=runner),
        memory=memory,
        files=files,
        name="Steward",
        max_iterations=max_iterations,
        model_name="scripted",
        reader=Reader(runner, model),
        keeper=keeper,
        channels=channels,
        cache=Cache(store),
    )
    wishes = Wishes(store, files)
    turns = Turns(
        journal=journal,
        files=files,
        agent=agent,
        delivery=Delivery(journal, files, first_wait=0.001),
        wishes=wishes,
        parallel=parallel,
        first_pause=first_pause,
        longest=longest,
        look_every=0.01,
        answered=afterwards.answered,
    )
    outlet = outlet or KeptOutlet()
    desk = Desk(
        turns=turns,
        wishes=wishes,
        forgetting=forgetting,
        closing=Closing(store),
        files=files,
        feedback=Feedback(store),
        usages=Usages(store),
        config=config or AgentConfig(),
    )
    opened = House(
        store=store,
        files=files,
        memory=memory,
        keeper=keeper,
        channels=channels,
        afterwards=afterwards,
        forgetting=forgetting,
        journal=journal,
        turns=turns,
        desk=desk,
        outlet=outlet,
        model=model,
    )
    working = asyncio.create_task(afterwards.run())
    try:
        if start:
            await turns.start({"test": outlet})
        yield opened
        await opened.settle()
        await model.close()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await turns.close()
        await store.close()
