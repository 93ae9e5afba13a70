"""Kills at random moments, while questions come in on both platforms."""

import asyncio
import itertools
from random import Random
from typing import Final

from tests.crash_field import Door, Field
from tests.crash_questions import Question

_SKILLS: Final = ("publish", "count", "picture")

LONGEST: Final = 0.6
"""Seconds a life lasts at the most: about the time in which Steward starts and answers a few questions."""


LINGER: Final = 0.005
"""Seconds at each boundary, which a turn otherwise passes too fast to be killed there often."""


async def storm(field: Field, random: Random, kills: int) -> None:
    """Ask and kill: before Steward is connected, while it answers, while it takes up what it was killed at."""
    numbers = itertools.count()
    await field.introduce()
    await field.start(linger=LINGER)
    await field.online()
    for _ in range(kills):
        asking = asyncio.create_task(_ask(field, random, numbers))
        await asyncio.sleep(random.uniform(0.0, LONGEST))
        await field.kill()
        await asking
        await field.start(linger=LINGER)
        if random.random() < 0.5:
            await field.online()


async def _ask(field: Field, random: Random, numbers: "itertools.count[int]") -> None:
    for _ in range(random.randint(0, 3)):
        await asyncio.sleep(random.uniform(0.0, LONGEST / 3))
        door = random.choice(list(Door))
        await field.ask(_question(random, next(numbers), file="command" not in door), door)


def _question(random: Random, number: int, *, file: bool) -> Question:
    """Make up a question; a command takes no file."""
    return Question(
        number=number,
        skills=tuple(random.sample(_SKILLS, random.randint(0, 3))),
        lines=random.choice((1, 3, 30)),
        together=random.random() < 0.3,
        file=file and random.random() < 0.3,
    )
