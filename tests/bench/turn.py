"""What a turn costs: three streamed model calls and two skill calls, against a bare loop on the `openai` client.

    python -m tests.bench.turn [--rounds 40] [--pieces 150]

Steward's turn includes everything it does for a message: storing it, recalling, every step, closing, the outbox. The
bare loop keeps its messages in a list and stores nothing. Both talk to the same model server, a process of its own,
one turn of each in every round, with 0 and with 48 messages of history. CPU is that of this process, all threads.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from core import skill
from core.agent import Agent
from core.cache import Cache
from core.channels import Channels
from core.client import connect
from core.config import FilesConfig, ModelConfig
from core.delivery import Delivery
from core.events import Finished
from core.facts import Facts
from core.files import Files
from core.identity import Identity
from core.items import Answer, Question
from core.journal import Journal
from core.memory import Memory
from core.messages import Message, Reply
from core.notebook import Keeper
from core.passages import Passages
from core.policy import Admins
from core.reading import Reader
from core.skill import Skill, Skillset
from core.store import open_store
from core.turns import Turns
from core.wishes import Wishes
from tests.house import Threads
from tests.scripted import KeptOutlet, message

HISTORY = 24
"""Turns of history; each is a question and an answer."""

QUESTION = "Analyze the text and tell me what you make of it, in a few sentences."
TEXT = "The garden was quiet in the morning, and a robin sang in the old apple tree by the wall. " * 5
"""What the model passes to the skill, twice: some hundred tokens, which it streams as it does any text."""

ANSWER = "It has nine words, of which eight are different; the most frequent one is the article. " * 3


@skill
def analyze_text(text: str) -> dict[str, int]:
    """Analyze a text: characters, words and lines.

    Args:
        text: the text.
    """
    return {"characters": len(text), "words": len(text.split()), "lines": len(text.splitlines())}


@skill
def draw_chart(kind: str, labels: list[str], values: list[float], title: str = "") -> str:
    """Draw a chart.

    Args:
        kind: bar, line or pie.
        labels: what stands under the values.
        values: the numbers.
        title: what stands above.
    """
    return f"{kind}: {len(labels)} {len(values)} {title}"


async def bare_turn(client: AsyncOpenAI, skills: Skillset, history: list[ChatCompletionMessageParam]) -> str:
    """The loop as it stands in tutorials: typed stream, tool calls put together, until there are none."""
    tools: list[ChatCompletionToolParam] = [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
        }
        for tool in skills.tools
    ]
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": "You are an assistant."},
        *history,
        {"role": "user", "content": QUESTION},
    ]
    while True:
        text, called = "", dict[int, list[str]]()
        stream = await client.chat.completions.create(
            model="gpt-4o-mini", messages=messages, tools=tools, stream=True, stream_options={"include_usage": True}
        )
        async for chunk in stream:
            for choice in chunk.choices:
                text += choice.delta.content or ""
                for piece in choice.delta.tool_calls or ():
                    entry = called.setdefault(piece.index, ["", "", ""])
                    entry[0] += piece.id or ""
                    if piece.function:
                        entry[1] += piece.function.name or ""
                        entry[2] += piece.function.arguments or ""
        if not called:
            return text
        messages.append(
            {
                "role": "assistant",
                "content": text,
                "tool_calls": [
                    {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
                    for id_, name, arguments in called.values()
                ],
            }
        )
        for id_, _, arguments in called.values():
            result = analyze_text(**json.loads(arguments))
            messages.append({"role": "tool", "tool_call_id": id_, "content": json.dumps(result)})


class Measured:
    """CPU and wall time of one thing, in milliseconds, one entry a round."""

    def __init__(self) -> None:
        self.cpu: list[float] = []
        self.wall: list[float] = []

    async def of(self, work: Callable[[], Awaitable[object]]) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        await work()
        self.cpu.append((time.process_time() - cpu) * 1000)
        self.wall.append((time.perf_counter() - wall) * 1000)


async def measure(base_url: str, folder: Path, rounds: int) -> None:
    functions = (Skill.of(analyze_text, topic="bench"), Skill.of(draw_chart, topic="bench"))
    skills = Skillset(functions, runner=Threads())
    store = await open_store(folder / "bench.db")
    memory = Memory(store, turns=HISTORY, tokens=100_000)
    files = Files(store, folder / "files", FilesConfig())
    journal = Journal(store, memory)
    model = connect(ModelConfig(base_url=base_url))
    agent = Agent(
        model=model,
        skills=skills,
        memory=memory,
        files=files,
        reader=Reader(Threads(), model),
        keeper=Keeper(facts=Facts(store), passages=Passages(store), identity=Identity(store), admins=Admins()),
        channels=Channels(store),
        cache=Cache(store),
        name="Steward",
    )
    turns = Turns(
        journal=journal,
        files=files,
        agent=agent,
        delivery=Delivery(journal, files),
        wishes=Wishes(store, files),
        parallel=8,
    )
    outlet = KeptOutlet()
    await turns.start({"test": outlet})
    client = AsyncOpenAI(api_key="none", base_url=base_url)
    history: list[ChatCompletionMessageParam] = []
    for number in range(HISTORY):
        history += [
            {"role": "user", "content": f"{QUESTION} ({number})"},
            {"role": "assistant", "content": ANSWER},
        ]

    async def steward_turn(asked: Message) -> None:
        sent = len(outlet.sent)
        await turns.accept(asked)
        await turns.idle()
        assert len(outlet.sent) == sent + 1, "the turn was not answered"

    async def remember(channel: str) -> None:
        for number in range(HISTORY):
            turn = await journal.accept(message(f"{QUESTION} ({number})", channel=channel))
            assert turn is not None
            started = await journal.start(turn)
            items = (Question(text=f"{QUESTION} ({number})"), Answer(text=ANSWER))
            await journal.close(started.turn, Finished(reply=Reply(), items=items), [])

    results = {name: Measured() for name in ("steward 0", "bare 0", "steward 48", "bare 48")}
    for number in range(-3, rounds):
        await remember(f"full{number}")
        kept = results if number >= 0 else {name: Measured() for name in results}
        asked_empty = message(QUESTION, channel=f"empty{number}")
        asked_full = message(QUESTION, channel=f"full{number}")
        await kept["steward 0"].of(lambda asked=asked_empty: steward_turn(asked))  # type: ignore[misc]  # a lambda's default has no hint
        await kept["bare 0"].of(lambda: bare_turn(client, skills, []))
        await kept["steward 48"].of(lambda asked=asked_full: steward_turn(asked))  # type: ignore[misc]  # as above
        await kept["bare 48"].of(lambda: bare_turn(client, skills, history))
    await turns.close()
    await model.close()
    await client.close()
    await store.close()
    report(results, rounds)


def report(results: dict[str, Measured], rounds: int) -> None:
    print(f"{rounds} rounds, interleaved; medians in ms a turn of three streamed model calls")
    print(f"{'history':>8} {'':>5} {'steward':>9} {'bare':>9} {'ratio':>7}   ratios by quarter of the run")
    for size in ("0", "48"):
        for what in ("cpu", "wall"):
            ours: list[float] = getattr(results[f"steward {size}"], what)
            theirs: list[float] = getattr(results[f"bare {size}"], what)
            step = max(1, rounds // 4)
            quarters = [
                median(ours[at : at + step]) / median(theirs[at : at + step])
                for at in range(0, rounds - step + 1, step)
            ]
            print(
                f"{size:>8} {what:>5} {median(ours):9.2f} {median(theirs):9.2f} {median(ours) / median(theirs):7.2f}   "
                + " ".join(f"{quarter:.2f}" for quarter in quarters)
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--pieces", type=int, default=150, help="tokens of the final answer, each an event")
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "bots.simulator.model", "--endless", "--pieces", str(arguments.pieces)]
    command += ["--call", f"analyze_text={json.dumps({'text': TEXT})}"] * 2
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        try:
            assert server.stdout is not None
            asyncio.run(measure(server.stdout.readline().strip(), Path(folder), arguments.rounds))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
