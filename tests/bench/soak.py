"""Whether Steward stays as it is while many conversations go on: memory, open files, threads and processes.

    python -m tests.bench.soak [--conversations 40] [--minutes 2] [--pause 2] [--csv FILE]

`steward run` is a process of its own, connected to a simulated Slack, a simulated Discord and a simulated model, which
live in this one. In each conversation somebody asks, waits for the answer, pauses, and asks again: plain questions,
charts, files, and questions with long answers. Every second the process and, apart from it, those it started are looked
at in /proc. The first sixth of the time is for warming up; start, middle and end are the second, the fourth and the
last sixth, each with its median. Flat is what grows between middle and end by no more than one, or a twentieth; the
children's RSS, which goes up and down with the age of workers, by no more than a quarter. It counts what they share
once for each. The database grows with what is said; that is shown for each question. The exit code is 1 where something
grows, a question had no answer, or a process was left behind.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import astuple, dataclass, fields
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from typing import Final, TypeAlias

from bots.simulator.discord import DiscordSimulator
from bots.simulator.model import ModelSimulator, Said, calls, says
from bots.simulator.model.request import Request
from bots.simulator.slack import SlackSimulator
from bots.simulator.transcript import ShownFile, Transcript
from tests.command import command, environment

PATIENCE: Final = 60.0
"""Seconds after which a question counts as not answered."""

GROWTH: Final = 0.05
"""The share of the middle by which the end may be more."""

GROWTH_OF_CHILDREN: Final = 0.25
"""The same of their RSS, which goes up and down: a worker grows until it is replaced after a hundred calls."""

KINDS: Final = ("plain", "chart", "plain", "file", "plain", "long", "plain", "count")
"""What is asked, in turn."""

NUMBERS: Final = {"labels": ["apples", "pears", "plums"], "values": [3, 5, 2], "title": "Fruit"}
NOTES: Final = "The garden was quiet in the morning, and a robin sang in the old apple tree. " * 30

Ask: TypeAlias = Callable[[str, bool], Awaitable[object]]
"""Asks a question, with or without a file."""


def answer(request: Request) -> Said:
    """Do what the question's kind says, then say the question's number."""
    found = re.search(r"question (\d+), (\w+)", request.question)
    assert found, f"not a question: {request.question!r}"
    number, kind = found.groups()
    done = f"answer {number}."
    if kind == "long":
        return says("A paragraph that is about as long as paragraphs are in an answer of some length.\n\n" * 90 + done)
    if kind == "plain" or request.results:
        return says(done)
    if kind == "chart":
        return calls(("draw_chart", NUMBERS))
    file = re.search(r"\[file (\w+):", request.question)
    return calls(("analyze_text", {"file": file[1]} if file else {"text": request.question}))


class Answers:
    """The numbers of the questions that were answered in a transcript."""

    def __init__(self, transcript: Transcript, bot: str) -> None:
        self._transcript = transcript
        self._bot = bot
        self._read = 0
        self._waiting: dict[int, asyncio.Event] = {}

    async def follow(self) -> None:
        """Read what is said, for ever; each message once, however many wait."""
        while True:
            for shown in self._transcript.messages[self._read :]:
                self._read += 1
                found = re.search(r"answer (\d+)\.$", shown.text) if shown.author == self._bot else None
                if found and int(found[1]) in self._waiting:
                    self._waiting[int(found[1])].set()
                shown.files.clear()  # nobody looks at the pictures
            await asyncio.sleep(0.02)

    async def to(self, number: int) -> bool:
        """Wait for an answer; return whether it came."""
        self._waiting[number] = asyncio.Event()
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._waiting[number].wait()
        except TimeoutError:
            return False
        finally:
            del self._waiting[number]


class Crowd:
    """People who keep on asking."""

    def __init__(self, pause: float) -> None:
        self.seconds: list[float] = []
        self.asked: Counter[str] = Counter()
        self.unanswered: list[str] = []
        self._pause = pause

    async def converse(self, ask: Ask, answers: Answers, *, until: float) -> None:
        """Hold one conversation until some time."""
        await asyncio.sleep(self._pause * self.asked.total() % 1)
        for kind in cycle(KINDS):
            if time.monotonic() > until:
                return
            number = self.asked.total() + 1
            self.asked[kind] += 1
            begun = time.monotonic()
            answered = asyncio.create_task(answers.to(number))
            await ask(f"question {number}, {kind}", kind == "file")
            if await answered:
                self.seconds.append(time.monotonic() - begun)
            else:
                self.unanswered.append(f"question {number}, {kind}")
            await asyncio.sleep(self._pause)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one look showed; memory in MB."""

    rss: float
    files: float
    threads: float
    children: float
    children_rss: float
    children_files: float
    database: float


TITLES: Final = ("RSS MB", "open files", "threads", "children", "their RSS MB", "their open files", "database MB")


def look(pid: int, folder: Path) -> Sample:
    """Look at a process and those it started."""
    children = list(descendants(pid))
    seen = [each for each in map(details, children) if each]
    rss, files, threads = details(pid) or (0.0, 0, 0)
    database = sum(path.stat().st_size for path in folder.glob("data/steward.db*"))
    return Sample(
        rss=rss,
        files=files,
        threads=threads,
        children=len(seen),
        children_rss=sum(each[0] for each in seen),
        children_files=sum(each[1] for each in seen),
        database=database / 1e6,
    )


def details(pid: int) -> tuple[float, int, int] | None:
    """Return resident MB, open files and threads of a process; None where it has just ended."""
    try:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        files = len(os.listdir(f"/proc/{pid}/fd"))
    except (FileNotFoundError, ProcessLookupError):
        return None
    if "VmRSS" not in status:
        return None
    return int(status["VmRSS"].split()[0]) / 1000, files, int(status["Threads"])


def descendants(pid: int) -> Iterator[int]:
    """Yield the processes that a process started, and those that they did."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from descendants(child)


async def watch(pid: int, folder: Path, samples: list[Sample]) -> None:
    """Look every second."""
    while True:
        samples.append(look(pid, folder))
        await asyncio.sleep(1.0)


def settings(slack: SlackSimulator, discord: DiscordSimulator, model: ModelSimulator) -> str:
    """Return the configuration; JSON is YAML."""
    return json.dumps(
        {
            "model": {"base_url": model.base_url},
            "slack": {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.url},
            "discord": {"token": discord.token, "api_url": discord.api_url, "gateway_url": discord.gateway_url},
        }
    )


def asks(slack: SlackSimulator, discord: DiscordSimulator, conversations: int) -> list[tuple[Ask, bool]]:
    """Make the conversations: channels, where each question in Slack opens a thread, and direct messages.

    Each comes with whether it is one in Slack.
    """
    made: list[tuple[Ask, bool]] = []
    for number in range(conversations):
        if number % 4 < 2:
            user, channel = slack.add_user(f"U9{number}", f"Ada {number}").id, f"C9{number}"
            slack.add_channel(channel, f"channel-{number}", members=[user, slack.world.bot])
            made.append((_in_slack(slack, user, channel if number % 4 else ""), True))
        else:
            made.append((_in_discord(discord, number, direct=number % 4 == 2), False))
    return made


def _in_slack(slack: SlackSimulator, user: str, channel: str) -> Ask:
    async def ask(text: str, with_file: bool) -> object:
        file = ShownFile(name="notes.txt", media_type="text/plain", content=NOTES.encode())
        files = [file] if with_file else []
        if channel:
            return await slack.mention(channel, user, text, files=files)
        return await slack.say(user, text, files=files)

    return ask


def _in_discord(discord: DiscordSimulator, number: int, *, direct: bool) -> Ask:
    person, channel = discord.person(f"Grace {number}"), discord.channel(f"channel-{number}")

    async def ask(text: str, with_file: bool) -> object:
        files = [("notes.txt", NOTES.encode())] if with_file else []
        if direct:
            return await discord.dm(person, text, files=files)
        return await discord.mention(channel, person, text, files=files)

    return ask


async def soak(conversations: int, minutes: float, pause: float, csv: Path | None) -> bool:
    """Run everything; return whether all was well."""
    crowd = Crowd(pause)
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with SlackSimulator() as slack, DiscordSimulator() as discord, ModelSimulator(answer) as model:
            made = asks(slack, discord, conversations)
            (folder / "config.yaml").write_text(settings(slack, discord, model))
            with running(folder) as bot:
                await asyncio.gather(slack.connected(timeout=PATIENCE), discord.connected(timeout=PATIENCE))
                await _talk(crowd, samples, (slack, discord, model), made, bot.pid, folder, minutes * 60)
                started = list(descendants(bot.pid))
                bot.send_signal(signal.SIGTERM)
                code = await asyncio.to_thread(bot.wait, PATIENCE)
        await asyncio.sleep(1.0)
        left = [pid for pid in started if details(pid)]
        if code or crowd.unanswered:
            print((folder / "steward.log").read_text()[-5000:])
    print(f"stopped with {code}, {len(left)} processes left behind")
    if csv:
        record(samples, csv)
    return report(crowd, samples) and not code and not left


@contextlib.contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `steward run`; it is killed where it did not stop by itself."""
    with (folder / "steward.log").open("w") as log:
        bot = subprocess.Popen(command("run"), cwd=folder, env=environment(), stderr=log, stdout=log)
        try:
            yield bot
        finally:
            if bot.poll() is None:
                bot.kill()
                bot.wait()


async def _talk(
    crowd: Crowd,
    samples: list[Sample],
    simulators: tuple[SlackSimulator, DiscordSimulator, ModelSimulator],
    made: list[tuple[Ask, bool]],
    pid: int,
    folder: Path,
    seconds: float,
) -> None:
    slack, discord, model = simulators
    in_slack = Answers(slack.transcript, slack.world.bot)
    in_discord = Answers(discord.transcript, discord.bot.id)
    until = time.monotonic() + seconds
    behind = [
        asyncio.create_task(work)
        for work in (in_slack.follow(), in_discord.follow(), watch(pid, folder, samples), _forget(model))
    ]
    try:
        async with asyncio.TaskGroup() as group:
            for ask, is_slack in made:
                group.create_task(crowd.converse(ask, in_slack if is_slack else in_discord, until=until))
    finally:
        for task in behind:
            task.cancel()
        await asyncio.gather(*behind, return_exceptions=True)


async def _forget(model: ModelSimulator) -> None:
    """Keep the simulated model from keeping whole histories; how many requests there were it has to know."""
    while True:
        model.requests[:] = [Request(api="chat", body={})] * len(model.requests)
        await asyncio.sleep(1.0)


def record(samples: list[Sample], file: Path) -> None:
    """Write down every sample."""
    file.write_text(
        "\n".join([",".join(TITLES), *(",".join(f"{value:g}" for value in astuple(one)) for one in samples)])
    )


def report(crowd: Crowd, samples: list[Sample]) -> bool:
    """Print the table; return whether all was flat and answered."""
    sixth = len(samples) // 6
    start, middle, end = (samples[sixth * at : sixth * (at + 1)] for at in (1, 3, 5))
    print(f"{crowd.asked.total()} questions ({', '.join(f'{n} {kind}' for kind, n in crowd.asked.items())}),")
    print(f"{len(crowd.unanswered)} unanswered {crowd.unanswered[:5] or ''}")
    if len(crowd.seconds) > 1:
        cuts = quantiles(crowd.seconds, n=100)
        print(f"seconds to the answer: p50 {cuts[49]:.2f}, p95 {cuts[94]:.2f}, p99 {cuts[98]:.2f}")
    print(f"{'':>18} {'start':>9} {'middle':>9} {'end':>9} {'end/middle':>11}")
    flat = True
    for title, field in zip(TITLES, fields(Sample), strict=True):
        first, second, last = (median(getattr(each, field.name) for each in part) for part in (start, middle, end))
        ratio = last / second if second else float(last > 0) + 1.0
        allowed = GROWTH_OF_CHILDREN if field.name == "children_rss" else GROWTH
        grows = field.name != "database" and last - second > max(1.0, second * allowed)
        flat = flat and not grows
        said = "" if field.name == "database" else "grows" if grows else "flat"
        print(f"{title:>18} {first:9.1f} {second:9.1f} {last:9.1f} {ratio:11.3f} {said}")
    print(f"database: {samples[-1].database * 1000 / max(1, crowd.asked.total()):.1f} kB a question")
    return flat and not crowd.unanswered


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between an answer and the next question")
    parser.add_argument("--csv", type=Path, help="where to write every sample, one a second")
    arguments = parser.parse_args()
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # the simulators' clients leave in the middle of a word
    return 0 if asyncio.run(soak(**vars(arguments))) else 1


if __name__ == "__main__":
    sys.exit(main())
