"""What durable commits cost: many writers whose commits share a sync, against one sync for each commit.

    python -m tests.bench.store [--rounds 40] [--commits 400] [--folder FOLDER]

The other side is plain `aiosqlite` with the same settings: a lock, and BEGIN, the statements, COMMIT. Both write the
same rows, one statement (`write`) or five (`transaction`) for each commit, one block of each in every round, into
databases in the same folder: which disk that is on decides. With one writer the figure is what the grouping costs.
"""

import argparse
import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Final

import aiosqlite

from core.store import Store, open_store

WRITERS: Final = (1, 10, 50)
STATEMENTS: Final = (1, 5)
INSERT: Final = (
    "INSERT INTO turns (key, platform, conversation, channel, audience, author, message, received_at)"
    " VALUES (?, 'test', 'test/W/C1', 'test/W/C1', 'test/W', 'U1', ?, 0) RETURNING id"
)
MESSAGE: Final = "What is the weather like in the garden, and who has seen the robin in the apple tree? " * 3

Commit = Callable[[str], Awaitable[object]]


class Plain:
    """One transaction after the other, each with its own commit."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._lock = asyncio.Lock()

    async def write(self, key: str) -> None:
        async with self._lock:
            await self._connection.execute_fetchall(INSERT, (key, MESSAGE))

    async def transaction(self, key: str) -> None:
        async with self._lock:
            await self._connection.execute_fetchall("BEGIN IMMEDIATE")
            for number in range(5):
                await self._connection.execute_fetchall(INSERT, (f"{key}.{number}", MESSAGE))
            await self._connection.execute_fetchall("COMMIT")


class Grouped:
    """The store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def write(self, key: str) -> None:
        await self._store.write(INSERT, (key, MESSAGE), durable=True)

    async def transaction(self, key: str) -> None:
        async with self._store.transaction(durable=True) as transaction:
            for number in range(5):
                await transaction.execute(INSERT, (f"{key}.{number}", MESSAGE))


@contextlib.asynccontextmanager
async def plain(path: Path) -> AsyncIterator[Plain]:
    await (await open_store(path)).close()  # makes the tables
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF", "busy_timeout = 10000"):
            await connection.execute_fetchall(f"PRAGMA {pragma}")
        yield Plain(connection)


async def rate(commit: Commit, writers: int, commits: int, name: str) -> float:
    """Return commits a second."""

    async def work(number: int) -> None:
        for one in range(commits // writers):
            await commit(f"{name}/{number}/{one}")

    began = time.perf_counter()
    await asyncio.gather(*(work(number) for number in range(writers)))
    return commits / (time.perf_counter() - began)


async def measure(folder: Path, rounds: int, commits: int) -> None:
    store = await open_store(folder / "grouped.db")
    found: dict[tuple[int, int], list[tuple[float, float]]] = {}
    async with plain(folder / "plain.db") as other:
        ours = Grouped(store)
        for number in range(-2, rounds):
            for statements in STATEMENTS:
                for writers in WRITERS:
                    name = f"{number}/{statements}/{writers}"
                    pair = (ours.write, other.write) if statements == 1 else (ours.transaction, other.transaction)
                    order = (0, 1) if number % 2 else (1, 0)
                    rates = {side: await rate(pair[side], writers, commits, name) for side in order}
                    if number >= 0:
                        found.setdefault((statements, writers), []).append((rates[0], rates[1]))
    await store.close()
    report(found, rounds)


def report(found: dict[tuple[int, int], list[tuple[float, float]]], rounds: int) -> None:
    print(f"{rounds} rounds, interleaved; medians of durable commits a second, and of their ratios")
    print(f"{'statements':>10} {'writers':>8} {'grouped':>9} {'one each':>9} {'ratio':>7}   by quarter of the run")
    for (statements, writers), pairs in found.items():
        ratios = [ours / theirs for ours, theirs in pairs]
        step = max(1, len(ratios) // 4)
        quarters = [median(ratios[at : at + step]) for at in range(0, len(ratios) - step + 1, step)]
        print(
            f"{statements:>10} {writers:>8} {median(ours for ours, _ in pairs):9.0f}"
            f" {median(theirs for _, theirs in pairs):9.0f} {median(ratios):7.2f}   "
            + " ".join(f"{quarter:.2f}" for quarter in quarters)
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--commits", type=int, default=400, help="in each block")
    parser.add_argument("--folder", type=Path, help="where the databases are made; else with temporary files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        asyncio.run(measure(Path(folder), arguments.rounds, arguments.commits))


if __name__ == "__main__":
    main()
