"""A field for crashes: Steward is a process that is killed and started again; everything else lives in the test's."""

import asyncio
import contextlib
import json
import signal
import socket
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, Self, TypeAlias

from bots.simulator.discord import DiscordSimulator
from bots.simulator.model import ModelSimulator
from bots.simulator.slack import SlackSimulator
from bots.simulator.transcript import ShownFile
from bots.slack.manifest import PATH
from bots.text import REPEATED
from core.boundary import Boundary
from core.config import load
from tests.crash_judge import Place, Seen, Verdict, judge, strange
from tests.crash_questions import Question, read, rule
from tests.crash_skills import EFFECTS
from tests.crashing import Life
from tests.nursery import Nursery
from tests.waiting import LIMIT, until

_INTRODUCTIONS: Final = 1000
"""The number of the first question that introduces somebody."""

_UNFINISHED: Final = (
    "SELECT (SELECT count(*) FROM turns WHERE state IN ('received', 'running'))"
    " + (SELECT count(*) FROM outbox WHERE state = 'waiting')"
    " + (SELECT count(*) FROM turns WHERE shown <> '' OR wish <> '')"
)


class Door(StrEnum):
    """A way to ask."""

    SLACK_MENTION = "slack mention"
    SLACK_DIRECT = "slack direct"
    SLACK_COMMAND = "slack command"
    DISCORD_MENTION = "discord mention"
    DISCORD_DIRECT = "discord direct"
    DISCORD_COMMAND = "discord command"


Taken: TypeAlias = Callable[[], bool]
"""Tells whether the platform holds a question for accepted: a message always, a command where it was acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question that was asked; `id` is that of its message, "" of a command."""

    question: Question
    door: Door
    place: Place
    taken: Taken
    id: str = ""


class Field:
    """The platforms, the model, and a Steward.

    Args:
        platforms: the ones that Steward is connected to.
        http: Slack's events come by HTTP.
    """

    def __init__(
        self, folder: Path, nursery: Nursery, *, platforms: Sequence[str] = ("slack", "discord"), http: bool = False
    ) -> None:
        self.slack = SlackSimulator(retry_scale=0.01, deadline=1.0, message_events=True)
        self.discord = DiscordSimulator()
        self.model = ModelSimulator(rule)
        self.asked: list[Asked] = []
        self.taken_back: list[Question] = []
        self.kills = 0
        self._folder = folder
        self._nursery = nursery
        self._platforms = platforms
        self._port = _free_port() if http else None
        self._commands: list[asyncio.Task[object]] = []
        self._people = [self.discord.person(name) for name in ("Ada", "Grace")]
        self._channels = [self.discord.channel(name) for name in ("general", "random")]
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        for simulator in (self.slack, self.discord, self.model):
            await self._stack.enter_async_context(simulator)
        self._stack.push_async_callback(self._nursery.end)
        if self._port:
            self.slack.webhook.url = f"http://127.0.0.1:{self._port}{PATH}"
        self._config.write_text(json.dumps(self._settings()))  # JSON is YAML
        return self

    async def __aexit__(self, *error: object) -> None:
        for command in self._commands:
            command.cancel()
        await asyncio.gather(*self._commands, return_exceptions=True)
        await self._stack.__aexit__(*error)  # type: ignore[arg-type]  # what this method was given

    # -- Steward

    async def start(self, boundary: Boundary | None = None, time: int = 1, *, linger: float = 0.0) -> None:
        """Start Steward; the arguments are those of `Life`."""
        config, log = str(self._config), str(self.log)
        await self._nursery.begin(Life(config=config, log=log, boundary=boundary or "", time=time, linger=linger))

    async def introduce(self) -> None:
        """Let Steward run once and be told something in every place; what it never heard of it cannot catch up with."""
        await self.start()
        await self.online()
        for number, door in enumerate(door for door in Door if door.split()[0] in self._platforms):
            for user in range(2):
                await self.ask(Question(number=_INTRODUCTIONS + 2 * number + user), door)
        await self.verdicts()

    async def online(self) -> None:
        """Wait until Steward is connected to all platforms, or dead."""
        await until(lambda: self._connections == len(self._platforms) or not self._nursery.alive, "it is connected")

    async def died(self) -> None:
        """Wait until Steward was killed."""
        try:
            code = await self._nursery.ended()
        except TimeoutError:
            raise AssertionError(f"the boundary was never reached; {self._tail()}") from None
        assert code == -signal.SIGKILL, f"it ended with {code}; {self._tail()}"
        self.kills += 1
        await until(lambda: not self._connections, "the connections of the dead are closed")

    async def kill(self) -> None:
        """Kill Steward now."""
        self._nursery.signal(signal.SIGKILL)
        await self.died()

    async def stop(self) -> None:
        """Tell Steward to stop, and wait until it has."""
        self._nursery.signal(signal.SIGTERM)
        code = await self._nursery.ended()
        assert code == 0, f"it stopped with {code}; {self._tail()}"

    # -- questions

    async def ask(self, question: Question, door: Door) -> Asked:
        """Ask a question, without waiting for its answer."""
        ask = self._ask_slack if door.startswith("slack") else self._ask_discord
        place, taken, message = await ask(question, door)
        self.asked.append(Asked(question=question, door=door, place=place, taken=taken, id=message))
        return self.asked[-1]

    async def edit(self, asked: Asked, question: Question) -> None:
        """Make another question of one that was asked by a mention; of the first no answer is to be left."""
        self._withdraw(asked)
        self.asked.append(replace(asked, question=question))
        if asked.door is Door.SLACK_MENTION:
            await self.slack.edit(asked.place.channel, asked.id, f"<@{self.slack.world.bot}> {question.text}")
        else:
            await self.discord.edit(self.discord.world.messages[asked.id], f"<@{self.discord.bot.id}> {question.text}")

    async def delete(self, asked: Asked) -> None:
        """Delete a question that was asked by a mention; no answer is to be left."""
        self._withdraw(asked)
        if asked.door is Door.SLACK_MENTION:
            self.slack.delete(asked.place.channel, asked.id)
        else:
            await self.discord.delete(self.discord.world.messages[asked.id])

    def _withdraw(self, asked: Asked) -> None:
        self.asked.remove(asked)
        self.taken_back.append(asked.question)

    async def verdicts(self) -> list[Verdict]:
        """Wait until everything is answered, stop Steward, and judge.

        Raises:
            AssertionError: something is wrong; it says what, and shows the end of the log.
        """
        found = await self.judged()
        wrong = self.complaints(found)
        assert not wrong, "\n\n".join([*wrong, self._tail()])
        return found

    async def judged(self) -> list[Verdict]:
        """Wait until everything is answered, but not for ever, stop Steward, and judge whatever there is."""
        await self.online()
        await self.slack.settled(timeout=LIMIT)
        with contextlib.suppress(AssertionError):  # what is missing is for the judge
            await until(self._is_done, "everything is answered")
        await self.stop()
        return [self.judge(asked) for asked in self.asked]

    def complaints(self, verdicts: Sequence[Verdict]) -> list[str]:
        """Say what is wrong."""
        wrong = [self._report(verdict) for verdict in verdicts if verdict.reasons]
        withdrawn = {question.number for question in self.taken_back}
        wrong += [f"an answer to what was taken back is left: {seen}" for seen in self.seen if seen.numbers & withdrawn]
        return wrong + [f"the bot said something else: {seen}" for seen in strange(self.seen)]

    def judge(self, asked: Asked) -> Verdict:
        """Judge the answer to a question as it stands now."""
        return judge(asked.question, asked.place, self.seen, self.effects, must=asked.taken())

    @property
    def seen(self) -> list[Seen]:
        """What the bot said on both platforms, in order."""
        slack, discord = self.slack.transcript.messages, self.discord.transcript.messages
        replies = {id: message.reply_to for id, message in self.discord.world.messages.items()}
        return [
            Seen(shown=shown, to=replies.get(shown.id), marked=REPEATED in shown.text)
            for shown in (*slack, *discord)
            if shown.author in (self.slack.world.bot, self.discord.bot.id) and not shown.deleted
        ]

    @property
    def effects(self) -> Counter[str]:
        """How often each skill was carried out, by "name number"."""
        file = self._folder / EFFECTS
        return Counter(file.read_text().splitlines() if file.exists() else ())

    def requests(self, question: Question) -> Counter[int]:
        """How often the model was asked about a question, by the number of results it was given."""
        requests = (request for request in self.model.requests if read(request.question) == question)
        return Counter(len(request.results) for request in requests)

    @property
    def log(self) -> Path:
        """What Steward logged in all its lives."""
        return self._folder / "steward.log"

    # -- inside

    @property
    def _config(self) -> Path:
        return self._folder / "config.yaml"

    def _settings(self) -> dict[str, object]:
        slack: dict[str, object] = {"bot_token": self.slack.bot_token, "api_url": self.slack.url}
        if self._port:
            slack |= {"signing_secret": self.slack.signing_secret, "port": self._port}
        else:
            slack |= {"app_token": self.slack.app_token}
        urls = {"api_url": self.discord.api_url, "gateway_url": self.discord.gateway_url}
        platforms = {"slack": slack, "discord": {"token": self.discord.token, **urls}}
        return {
            "model": {"base_url": self.model.base_url},
            "memory": {"turns": 2},
            "workers": {"processes": 2},
            "skills": {"crash": {"folder": str(self._folder)}},
            "log": {"level": "DEBUG"},
            **{name: platforms[name] for name in self._platforms},
        }

    @property
    def _connections(self) -> int:
        slack = _is_open(self._port) if self._port else bool(self.slack.sockets.open)
        return slack + any(session.connection for session in self.discord.gateway.sessions.values())

    def _is_done(self) -> bool:
        waiting = [command for command in self._commands if not command.done()]
        left = {number for seen in self.seen for number in seen.numbers} & {each.number for each in self.taken_back}
        if left:
            return False
        return not waiting and not self._unfinished and all(self.judge(asked).fate != "lost" for asked in self.asked)

    @property
    def _unfinished(self) -> int:
        path = load(self._config, {}).database
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return int(database.execute(_UNFINISHED).fetchone()[0])

    async def _ask_slack(self, question: Question, door: Door) -> tuple[Place, Taken, str]:
        user = ("U1", "U2")[question.number % 2]
        files = [ShownFile(name=question.filename, media_type="text/plain", content=b"notes")] if question.file else []
        if door is Door.SLACK_MENTION:
            ts = await self.slack.mention("C1", user, question.text, files=files)
            return Place(channel="C1", thread=ts), lambda: True, ts
        if door is Door.SLACK_DIRECT:
            await self.slack.say(user, question.text, files=files)
            return Place(channel=self.slack.world.direct(user).id), lambda: True, ""
        command = asyncio.create_task(self.slack.command("C1", user, f"ask {question.text}"))
        self._commands.append(command)
        return Place(channel="C1"), lambda: command.done() and command.result().acknowledged, ""

    async def _ask_discord(self, question: Question, door: Door) -> tuple[Place, Taken, str]:
        person, channel = self._people[question.number % 2], self._channels[question.number // 2 % 2]
        files = [(question.filename, b"notes")] if question.file else []
        if door is Door.DISCORD_MENTION:
            message = await self.discord.mention(channel, person, question.text, files=files)
            return Place(channel=channel.id, to=message.id), lambda: True, message.id
        if door is Door.DISCORD_DIRECT:
            message = await self.discord.dm(person, question.text, files=files)
            return Place(channel=message.channel.id, to=message.id), lambda: True, message.id
        used = await self.discord.command(channel, person, "ask", {"question": question.text})
        return Place(channel=channel.id), lambda: used.response is not None, ""

    def _report(self, verdict: Verdict) -> str:
        door = next(asked.door for asked in self.asked if asked.question == verdict.question)
        said = [f"  {seen.shown.id}: {', '.join(seen.pieces)}; {seen.shown.text[:60]!r}" for seen in verdict.seen]
        reasons = "; ".join(verdict.reasons)
        return "\n".join([f"{door}: {verdict.question.text!r} is {verdict.fate}: {reasons}", *said])

    def _tail(self, lines: int = 60) -> str:
        found = self.log.read_text().splitlines()[-lines:] if self.log.exists() else ["nothing"]
        return "\n".join(["the log ends with", *found])


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _is_open(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0
