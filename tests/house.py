"""The core put together around fakes, as `bots.app` does around the real ones."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from core.agent import Agent
from core.config import FilesConfig
from core.delivery import Delivery
from core.files import Files
from core.journal import Journal
from core.memory import Memory
from core.messages import Message
from core.skill import Skill, Skillset
from core.store import Store, open_store
from core.turns import Turns
from tests.scripted import KeptOutlet, ScriptedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    store: Store
    files: Files
    memory: Memory
    journal: Journal
    turns: Turns
    outlet: KeptOutlet
    model: ScriptedModel

    async def answer(self, *messages: Message) -> None:
        """Accept messages and wait until they are answered."""
        for message in messages:
            assert await self.turns.accept(message), f"{message.id} is taken for a duplicate"
        await self.turns.idle()


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
) -> AsyncIterator[House]:
    """Open a house; at the end it fails where the script was not followed."""
    store = await open_store(folder / "steward.db")
    memory = Memory(store, turns=24, tokens=12_000)
    files = Files(store, folder / "files", FilesConfig())
    journal = Journal(store, memory)
    agent = Agent(
        model=model,
        skills=Skillset(tuple(Skill.of(function, topic="test") for function in skills)),
        memory=memory,
        files=files,
        name="Steward",
        max_iterations=max_iterations,
    )
    turns = Turns(
        journal=journal,
        files=files,
        agent=agent,
        delivery=Delivery(journal, files, first_wait=0.001),
        parallel=parallel,
        first_pause=first_pause,
        longest=longest,
        look_every=0.01,
    )
    outlet = outlet or KeptOutlet()
    opened = House(store=store, files=files, memory=memory, journal=journal, turns=turns, outlet=outlet, model=model)
    try:
        if start:
            await turns.start({"test": outlet})
        yield opened
        await turns.idle()
        await model.close()
    finally:
        await turns.close()
        await store.close()
