"""A fault of the database at every operation of a turn's life: answered all the same, once, and nothing half-written.

The faults are real ones where SQLite can be made to have them: another program keeps the database locked, no page more
fits into it, no file may grow. A turn is carried out once for each operation, which then meets the fault.
"""

import asyncio
import contextlib
import itertools
import resource
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pytest

from core import skill
from core.errors import OperatorError
from core.items import Item, Question, Result
from core.messages import Attachment, Message, Turn
from core.model import NO_PICTURES, Delta, Pictures, Tool
from core.outlet import Note, Part, unnoted
from core.store import Row, Store, Transaction, Value, open_store
from tests.house import House, house
from tests.scripted import KeptDraft, KeptOutlet, ScriptedModel, calls, message, says

PATIENCE = 0.02
LARGE = "what a long story " * 1000
"""Text that takes pages of its own, so that a full database has no place for it."""

Fault: TypeAlias = Callable[["FaultyStore"], contextlib.AbstractAsyncContextManager[None]]


class FaultyStore(Store):
    """A store of which some operations meet a fault; the looks for turns that are asked for again are not counted."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.path = inner.path
        self.fault: Fault | None = None
        self.fated: range = range(0)
        self.number = 0
        self.met: list[str] = []
        self.failed = 0

    def expect(self, fault: Fault, first: int, lasting: int) -> None:
        """Have this fault from the n-th operation from now on."""
        self.fault, self.fated, self.number = fault, range(first, first + lasting), 0

    @contextlib.asynccontextmanager
    async def _operation(self, name: str) -> AsyncIterator[None]:
        number, self.number = self.number, self.number + 1
        if self.fault is None or number not in self.fated:
            yield
            return
        self.met.append(f"operation {number}: {name}")
        try:
            async with self.fault(self):
                yield
        except OperatorError:
            self.failed += 1
            raise

    async def close(self) -> None:
        await self.inner.close()

    async def fetch(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        if "retry_at" in sql:
            return await self.inner.fetch(sql, parameters)
        async with self._operation(sql):
            return await self.inner.fetch(sql, parameters)

    async def write(self, sql: str, parameters: Sequence[Value] = (), *, durable: bool = False) -> list[Row]:
        async with self._operation(sql):
            return await self.inner.write(sql, parameters, durable=durable)

    @contextlib.asynccontextmanager
    async def transaction(self, *, durable: bool = False) -> AsyncIterator[Transaction]:
        async with self._operation("transaction"), self.inner.transaction(durable=durable) as transaction:
            yield transaction


# The faults


@contextlib.asynccontextmanager
async def locked(store: FaultyStore) -> AsyncIterator[None]:
    """Another program writes, for longer than is waited for."""
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None, check_same_thread=False)) as other:
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")  # after what is being written
        try:
            yield
        finally:
            other.execute("ROLLBACK")


@contextlib.asynccontextmanager
async def full(store: FaultyStore) -> AsyncIterator[None]:
    """There is no space for another page; what fits into those that are there goes through."""
    await store.inner.write("PRAGMA max_page_count = 1")
    try:
        yield
    finally:
        await store.inner.write("PRAGMA max_page_count = 1000000")


@contextlib.asynccontextmanager
async def no_growth(_: FaultyStore) -> AsyncIterator[None]:
    """No file of this process may grow, so that each write to the log is an I/O error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.asynccontextmanager
async def refused(store: FaultyStore) -> AsyncIterator[None]:
    """The operation fails before it begins; unlike the others, reading does too."""
    raise OperatorError(f"The database {store.path}: the disk reports an error; check it, and the space on it.")
    yield


# The house


@dataclass(slots=True, kw_only=True)
class Model(ScriptedModel):
    """Pays, draws, and answers in two parts, however often it is asked."""

    def __post_init__(self) -> None:
        ScriptedModel.__init__(self)

    async def stream(
        self, instructions: str, items: Sequence[Item], tools: Sequence[Tool], pictures: Pictures = NO_PICTURES
    ) -> AsyncGenerator[Delta, None]:
        last = max(number for number, item in enumerate(items) if isinstance(item, Question))
        results = [item for item in items[last:] if isinstance(item, Result)]
        await asyncio.sleep(0)
        if "next" in items[last].text:
            yield says("the next answer")
        elif len(results) < 2:
            yield calls(("draw", "{}")) if results else calls(("pay", '{"amount": 5}'), text=LARGE)
        else:
            yield says(f"one {LARGE}\ftwo{'' if results[1].ok else ' without a drawing'}")


@dataclass(slots=True, kw_only=True)
class LookingDraft(KeptDraft):
    """A draft that looks for what it may have sent already, as every platform's does."""

    async def send(self, part: Part) -> str:
        if part.repeated:
            for number, (_, sent) in enumerate(self.outlet.sent, 1):
                if sent.key == part.key:
                    return f"m{number}"
        return await KeptDraft.send(self, part)


class Outlet(KeptOutlet):
    def draft(self, turn: Turn, note: Note = unnoted) -> KeptDraft:
        draft = LookingDraft(turn=turn, outlet=self)
        self.drafts.append(draft)
        return draft


@dataclass(slots=True, kw_only=True)
class Scene:
    """What one turn did, in all the houses it was carried out in."""

    folder: Path
    outlet: KeptOutlet = field(default_factory=Outlet)
    paid: list[int] = field(default_factory=list)
    question: Message = field(
        default_factory=lambda: message(
            f"pay and draw {LARGE}",
            attachments=(Attachment(filename="bill.txt", media_type="text/plain", source="bill"),),
        )
    )
    store: FaultyStore | None = None

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[House]:
        async def opening(path: Path) -> Store:
            self.store = FaultyStore(await open_store(path, patience=PATIENCE))
            return self.store

        @skill(effects="outside")
        async def pay(amount: int) -> str:
            """Pay money."""
            self.paid.append(amount)
            return f"paid {amount}"

        @skill
        async def draw() -> Attachment:
            """Draw."""
            return Attachment(filename="drawing.txt", media_type="text/plain", content=b"a drawing")

        self.outlet.downloads["bill"] = b"a bill"
        async with house(
            self.folder, Model(), pay, draw, outlet=self.outlet, first_pause=0.001, opening=opening
        ) as steward:
            yield steward

    async def settled(self, steward: House) -> bool:
        """Return whether nothing is left to do."""
        unfinished = "SELECT 1 FROM turns WHERE closed_at IS NULL UNION SELECT 1 FROM outbox WHERE state = 'waiting'"
        return not await steward.store.fetch(f"{unfinished} -- retry_at")

    async def settle(self, steward: House) -> None:
        """Wait until nothing is left to do, pauses included."""
        async with asyncio.timeout(20):
            while not await self.settled(steward):  # noqa: ASYNC110  # the database tells nobody
                await asyncio.sleep(0.001)
            await steward.turns.idle()

    def check(self, where: str) -> None:
        """Fail where the question is not answered once, or something half is left."""
        told = any("whether `pay` was carried out" in text for text in self.outlet.texts)
        assert len(self.paid) == 1 or (told and not self.paid), f"{where}: paid {len(self.paid)} times"
        texts = [text.partition("\n")[0].partition(" what a")[0] for text in self.outlet.texts]
        drawn = ["two", ""] if "" in texts else ["two without a drawing"]
        assert texts == ["one", *drawn, "the next answer"], where
        with contextlib.closing(sqlite3.connect(self.folder / "steward.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], where
            assert not database.execute("PRAGMA foreign_key_check").fetchall(), where
            found = database.execute(
                "SELECT state, parked_at, (SELECT count(*) FROM steps WHERE turn = id),"
                " (SELECT count(*) FROM memory WHERE turn = id),"
                " (SELECT group_concat(state) FROM outbox WHERE turn = id) FROM turns ORDER BY id"
            ).fetchall()
        sent = ",".join(["sent"] * (1 + len(drawn)))
        assert found == [("answered", None, 0, 1, sent), ("answered", None, 0, 1, "sent")], where


async def accept(steward: House, asked: Message) -> None:
    """Have a message accepted, as a platform does: where it is not acknowledged, it comes again."""
    while True:
        try:
            await steward.turns.accept(asked)
            return
        except OperatorError:
            rows = await steward.store.fetch("SELECT 1 FROM turns WHERE key = ? -- retry_at", (asked.id,))
            assert not rows, "it was refused and is there"


async def ask_another(scene: Scene, steward: House) -> None:
    assert scene.store is not None
    scene.store.fault = None
    await steward.answer(message("and the next?"))
    await scene.settle(steward)


@pytest.mark.parametrize("lasting", [1, 4], ids=["once", "for a while"])
@pytest.mark.parametrize(
    ("fault", "least"),
    [(locked, 10), (full, 3), (no_growth, 10), (refused, 14)],
    ids=["busy", "full", "I/O error", "any operation"],
)
async def test_f45_a_fault_at_any_operation_costs_no_answer_and_doubles_none(
    tmp_path: Path, fault: Fault, least: int, lasting: int
) -> None:
    failed = 0
    for first in itertools.count(step=max(1, lasting - 1)):
        scene = Scene(folder=tmp_path / str(first))
        async with scene.open() as steward:
            assert scene.store is not None
            scene.store.expect(fault, first, lasting)
            await accept(steward, scene.question)
            await scene.settle(steward)
            await ask_another(scene, steward)
        if not scene.store.met:
            break
        failed += scene.store.failed
        scene.check(", ".join(scene.store.met))

    assert first > 15, "it had too few operations to be the whole life of a turn"
    assert failed >= least, "it failed too seldom"


@pytest.mark.parametrize("steps", [0, 4])
async def test_f44_stopping_at_any_operation_costs_no_answer_and_doubles_none(tmp_path: Path, steps: int) -> None:
    for first in itertools.count():
        scene = Scene(folder=tmp_path / str(first))
        stopping: list[asyncio.Task[None]] = []
        async with scene.open() as steward:
            assert scene.store is not None
            accepting = asyncio.create_task(accept(steward, scene.question))

            async def stop(steward: House = steward, accepting: "asyncio.Task[None]" = accepting) -> None:
                for _ in range(steps):
                    await asyncio.sleep(0)
                accepting.cancel()
                await steward.turns.close()

            @contextlib.asynccontextmanager
            async def stopped(_: FaultyStore, stopping: "list[asyncio.Task[None]]" = stopping) -> AsyncIterator[None]:
                stopping.append(asyncio.create_task(stop()))
                yield

            scene.store.expect(stopped, first, 1)
            await asyncio.wait([accepting])
            while not (stopping or await scene.settled(steward)):  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.001)
            await asyncio.gather(*stopping)
            met = ", ".join(scene.store.met)
        async with scene.open() as steward:
            if accepting.cancelled():
                await accept(steward, scene.question)
            await scene.settle(steward)
            await ask_another(scene, steward)
        scene.check(met)
        if not met:
            break

    assert first > 15, "it had too few operations to be the whole life of a turn"
