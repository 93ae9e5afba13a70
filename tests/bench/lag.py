"""How late the bot's event loop is while skills work hard, and what a call in a worker process costs.

    python -m tests.bench.lag [--seconds 60] [--rounds 2] [--calls 300]

A task sleeps for 5 ms again and again, and measures how much later than that it wakes up: while nothing happens, and
while eight charts at a time are drawn and one skill spins in code that lets nothing else run in its process. Idle and
loaded stretches alternate. To reach: 99.9 % of the wakings less than 100 ms late.

The cost is that of a skill that does next to nothing, called in a process and in a thread of this one by turns.
"""

import argparse
import asyncio
import json
import logging
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from statistics import median

import skills
from core.config import WorkersConfig
from core.discovery import discover
from core.items import Call
from core.skill import Skill, Skillset
from core.workers import Workers
from tests.house import Threads
from tests.shelf import CONTEXT
from tests.worker_skills import hang_hard

STEP = 0.005
CHARTS = 8
CHART = json.dumps({"kind": "bar", "labels": list("abcdefgh"), "values": [3, 5, 4, 8, 1, 2, 7, 6], "title": "Letters"})


class Lag:
    """How late a sleeping task woke up, in milliseconds."""

    def __init__(self) -> None:
        self.late: list[float] = []

    async def during(self, work: Awaitable[object]) -> None:
        watching = asyncio.create_task(self._watch())
        try:
            await work
        finally:
            watching.cancel()

    async def _watch(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(STEP)
            self.late.append((time.perf_counter() - before - STEP) * 1000)

    def __str__(self) -> str:
        late = sorted(self.late)
        shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
        shown = [f"{name} {late[min(int(len(late) * share), len(late) - 1)]:6.2f}" for name, share in shares.items()]
        return f"{'  '.join(shown)}  max {late[-1]:6.2f} ms  ({len(late)} wakings)"


async def call(skillset: Skillset, name: str, arguments: str) -> str:
    outcome = await skillset.call(Call(id="c1", name=name, arguments=arguments), CONTEXT)
    assert outcome.ok, outcome.reply.text
    return outcome.reply.text


async def spin(skillset: Skillset, folder: Path) -> None:
    """Let the hostile skill run into its time limit."""
    arguments = json.dumps({"pid_file": str(folder / "pid")})
    outcome = await skillset.call(Call(id="c1", name="hang_hard", arguments=arguments), CONTEXT)
    assert outcome.reply.text.endswith("s and was stopped."), outcome.reply.text


async def load(skillset: Skillset, folder: Path) -> int:
    """Draw eight charts at a time until the hostile skill is stopped; return how many."""
    drawn, spinning = 0, asyncio.create_task(spin(skillset, folder))
    while not spinning.done():
        await asyncio.gather(*(call(skillset, "draw_chart", CHART) for _ in range(CHARTS)))
        drawn += CHARTS
    await spinning
    return drawn


async def measure_lag(skillset: Skillset, folder: Path, seconds: float, rounds: int) -> None:
    idle, loaded = Lag(), Lag()
    for number in range(1, rounds + 1):
        await idle.during(asyncio.sleep(seconds / 2))
        loading = asyncio.create_task(load(skillset, folder))
        await loaded.during(loading)
        print(f"round {number}: {loading.result()} charts drawn beside a skill that spun for {seconds:g} s")
    print(f"idle    {idle}\nloaded  {loaded}")


async def measure_cost(processes: Skillset, threads: Skillset, calls: int) -> None:
    cost: dict[str, list[float]] = {"process": [], "thread": []}
    for _ in range(calls):
        for name, skillset in (("process", processes), ("thread", threads)):
            before = time.perf_counter()
            await call(skillset, "calculate", '{"expression": "1 + 2"}')
            cost[name].append((time.perf_counter() - before) * 1000)
    for name, taken in cost.items():
        print(f"a call in a {name:<8} {median(taken):5.2f} ms  (p99 {sorted(taken)[int(calls * 0.99)]:.2f} ms)")


async def measure(seconds: float, rounds: int, calls: int, folder: Path) -> None:
    found = discover(skills)
    hostile = Skill.of(hang_hard, topic="bench")
    hostile = replace(hostile, options=replace(hostile.options, timeout=seconds))
    workers = Workers(
        WorkersConfig(cpu_seconds=seconds * 2),
        scratch=folder / "scratch",
        preload=(*found.preload, hang_hard.__module__),
    )
    began = time.perf_counter()
    await workers.start()
    print(f"start returned after {(time.perf_counter() - began) * 1000:.1f} ms")
    try:
        await call(found.with_runner(workers), "calculate", '{"expression": "1 + 2"}')
        print(f"the first call was answered after {(time.perf_counter() - began) * 1000:.0f} ms")
        await measure_cost(found.with_runner(workers), found.with_runner(Threads()), calls)
        await measure_lag(Skillset((*found, hostile), runner=workers), folder, seconds, rounds)
    finally:
        await workers.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="for which the hostile skill spins, in each round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--calls", type=int, default=300, help="to measure what one costs")
    arguments = parser.parse_args()
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(arguments.seconds, arguments.rounds, arguments.calls, Path(folder)))


if __name__ == "__main__":
    main()
