"""How much of a long conversation is still known: facts planted early, asked about at the end, by several writers.

    python -m tests.bench.long [--turns 2000] [--facts 50] [--seed 1]

The facts (decisions, names, numbers, open questions, files) are planted in the first tenth. Summaries are written by
models that are scripted to leave things out. Of each fact it is looked whether the last request still holds it, and
whether it does once the model has called `recall` with the words of the question. No request may exceed the budget.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from core.config import MemoryConfig
from core.items import Answer, Item
from core.memory import estimate
from tests.house import House, house
from tests.scripted import Asked, SteadyModel, message, says
from tests.secretary import CHATTER, Writer, careful, clipping, dropping, folding, secretary, silent

KINDS: Final = ("decision", "name", "number", "question", "file")
_SYLLABLES: Final = ("ba", "do", "fi", "ka", "lu", "me", "no", "pi", "ra", "su", "te", "vo")
_THINGS: Final = ("shed", "ferry", "roof", "bridge", "garden", "archive", "kitchen", "server", "office", "tower")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A fact: how it was said, how it is asked for, and what the answer has to hold."""

    kind: str
    said: str
    asked: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was held at the end, by kind, of how many; and what it took."""

    held: dict[str, int]
    answered: dict[str, int]
    folds: int
    largest: int
    seconds: float


def plant(count: int, chance: random.Random) -> list[Planted]:
    """Make facts of all kinds, each about something of its own."""
    facts = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        about = f"{word(chance)} {_THINGS[number % len(_THINGS)]}"
        what = word(chance)
        said, answer = {
            "decision": (f"We decided to have the {about} built by the firm {what}.", what),
            "name": (f"The person to ask about the {about} is {what.title()}.", what.title()),
            "number": (f"The {about} costs {20_000 + 37 * number:,} euros.", f"{20_000 + 37 * number:,}"),
            "question": (f"It is still open whether the {about} needs a {what}.", what),
            "file": (
                f"The plan of the {about} is [file f{number:012x}: {what}.pdf, application/pdf, 9 kB]",
                f"{what}.pdf",
            ),
        }[kind]
        facts.append(Planted(kind=kind, said=said, asked=f"what about the {about}", answer=answer))
    return facts


def word(chance: random.Random) -> str:
    return "".join(chance.choices(_SYLLABLES, k=4))


def chatter(chance: random.Random) -> str:
    """Something not worth keeping; now and then with a number."""
    numbered = f" and {chance.randrange(10, 99)}% of {chance.randrange(100, 999)}" if chance.random() < 0.1 else ""
    return f"We are {CHATTER} about {word(chance)}, {word(chance)} and the {chance.choice(_THINGS)}{numbered}."


async def converse(folder: Path, write: Writer, turns: int, facts: Sequence[Planted], seed: int) -> Outcome:
    chance, began = random.Random(seed), time.perf_counter()
    recalled, clerk, model = MemoryConfig(), SteadyModel(secretary(write)), SteadyModel(answer)
    places = dict(zip(sorted(chance.sample(range(turns // 10), len(facts))), facts, strict=True))
    async with house(folder, model, folding=folding(clerk, recalled), recalled=recalled) as opened:
        largest = 0
        for number in range(turns):
            said = places[number].said if number in places else chatter(chance)
            await opened.answer(message(said, author=chance.choice(("U1", "U2"))))
            await opened.settle()
            largest = max(largest, estimate(before(model.asked[-1])))
            assert largest <= recalled.tokens, f"turn {number} was given {largest} tokens"
            model.asked.clear()
        held, answered = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
        await opened.answer(message("what do you know?"))
        request = model.asked[-1].text
        for fact in facts:
            found = await recall(opened, fact.asked)
            held[fact.kind] += fact.answer in request
            answered[fact.kind] += fact.answer in request or fact.answer in found
    seconds = time.perf_counter() - began
    return Outcome(held=held, answered=answered, folds=len(clerk.asked), largest=largest, seconds=seconds)


def answer(asked: Asked) -> Answer:
    return says("I see, thank you for telling me about it.")


def before(asked: Asked) -> tuple[Item, ...]:
    return asked.items[:-1]


async def recall(opened: House, words: str) -> str:
    readers = await opened.keeper.readers(message("?"), opened.outlet.sees)
    return "\n".join(found.text for found in await opened.keeper.passages.search(readers, words, most=8))


async def measure(turns: int, count: int, seed: int) -> None:
    chance = random.Random(seed)
    facts = plant(count, chance)
    writers: dict[str, Writer] = {
        "careful": careful,
        "8 words a line": clipping,
        "drops a third": partial(dropping, chance=random.Random(seed)),
        "keeps nothing": silent,
    }
    print(f"{turns} turns, {count} facts in the first {turns // 10}; held by the request / answered with recall, in %")
    print(
        f"{'writer':<15}" + "".join(f"{kind:>12}" for kind in KINDS) + f"{'all':>12}{'folds':>7}{'largest':>9}{'s':>6}"
    )
    for name, write in writers.items():
        with tempfile.TemporaryDirectory() as folder:
            outcome = await converse(Path(folder), write, turns, facts, seed)
        cells = [(outcome.held[kind], outcome.answered[kind], count // len(KINDS)) for kind in KINDS]
        cells.append((sum(outcome.held.values()), sum(outcome.answered.values()), count))
        shown = "".join(f"{f'{100 * held // all_} / {100 * known // all_}':>12}" for held, known, all_ in cells)
        print(f"{name:<15}{shown}{outcome.folds:>7}{outcome.largest:>9}{outcome.seconds:>6.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=2000)
    parser.add_argument("--facts", type=int, default=50, help="a multiple of 5")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.turns, arguments.facts, arguments.seed))


if __name__ == "__main__":
    main()
