"""Models that write the minutes of a conversation, some of which leave things out."""

import random
from collections.abc import Callable, Sequence
from functools import partial

from core.clerk import Clerk
from core.config import MemoryConfig
from core.folding import Folding
from core.items import Answer
from core.store import Store
from tests.scripted import Asked, ScriptedModel, says

CHATTER = "chatting"
"""Lines with this word are not worth keeping, to all of these models."""

Writer = Callable[[list[str], int], list[str]]
"""Makes of what was said, a line each, the lines of the minutes, in at most so many words."""


def folding(model: ScriptedModel, recalled: MemoryConfig) -> Callable[[Store], Folding]:
    """Return what a house is given to have this model write its summaries."""
    return lambda store: Folding(store, Clerk(store, model), turns=recalled.turns, tokens=recalled.tokens)


def secretary(write: Writer) -> Callable[[Asked], Answer]:
    """Return a model's step that writes minutes."""
    return partial(_minutes, write)


def material(asked: Asked) -> tuple[str, str]:
    """Return the minutes so far and what was said since, as they were given to be summarized."""
    before, _, since = asked.items[-1].text.partition("\n\nSaid since:\n")
    return before.removeprefix("Minutes so far:\n").removeprefix("(none)"), since


def careful(lines: list[str], most: int) -> list[str]:
    """Keep everything that fits, the latest."""
    kept: list[str] = []
    for line in reversed(lines):
        most -= len(line.split())
        if most < 0:
            break
        kept.insert(0, line)
    return kept


def clipping(lines: list[str], most: int, *, words: int = 8) -> list[str]:
    """Keep the beginning of each line."""
    return careful([" ".join(line.split()[:words]) for line in lines], most)


def dropping(lines: list[str], most: int, *, chance: random.Random) -> list[str]:
    """Leave out a third of the lines, at random."""
    return careful([line for line in lines if chance.random() > 1 / 3], most)


def silent(lines: Sequence[str], most: int) -> list[str]:
    """Keep nothing."""
    return ["They talked."]


def _minutes(write: Writer, asked: Asked) -> Answer:
    before, since = material(asked)
    lines = f"{before}\n{since}".splitlines()
    said = [line for line in lines if line.strip() and not line.startswith("Assistant: ") and CHATTER not in line]
    most = int(asked.instructions.partition("in at most ")[2].partition(" words")[0])
    return says("\n".join(write(said, most)))
