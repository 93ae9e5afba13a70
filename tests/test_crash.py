"""Steward is killed, at every boundary of a turn's life and at any moment, and each question is answered once."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

import pytest
import pytest_asyncio

from core.boundary import Boundary
from tests.crash_field import Door, Field
from tests.crash_judge import Verdict
from tests.crash_questions import Question
from tests.crash_storm import storm
from tests.nursery import Nursery, nursery

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLATFORMS: Final = {"slack": Door.SLACK_MENTION, "discord": Door.DISCORD_MENTION}

QUESTION: Final = Question(number=1, skills=("publish", "count", "picture"), lines=30, file=True)
"""It goes through every boundary; its answer has two parts on both platforms."""

ONCE: Final = Counter({"publish 1": 1, "count 1": 1, "picture 1": 1})

IN_DOUBT: Final = (Boundary.BEGUN, Boundary.CALLED)
"""Where the skill with effects has begun and its result is not stored."""

INTAKE: Final = (Boundary.ARRIVED, Boundary.ACCEPTED)
DELIVERY: Final = (Boundary.STARTED, Boundary.SENT, Boundary.MARKED)

AGAIN: Final = [
    *((each, each) for each in Boundary if each not in (Boundary.ACCEPTED, Boundary.BEGUN, Boundary.CLOSED)),
    *((Boundary.NOTED, second) for second in Boundary if second not in (*INTAKE, Boundary.NOTED)),
    *((first, second) for first in (Boundary.CLOSED, *DELIVERY[1:]) for second in DELIVERY if first is not second),
]
"""Pairs of which the second is reached on the way from the first: no turn is accepted, begun or closed twice."""


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="lives")
async def open_nursery(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nursery]:
    async with nursery(tmp_path_factory.mktemp("nursery")) as opened:
        yield opened


async def killed(field: Field, door: Door, *boundaries: tuple[Boundary, int], question: Question = QUESTION) -> Verdict:
    """Ask, and kill at each of the boundaries in turn when it is there for the given time; judge in the end."""
    first, *more = boundaries
    if first[0] is Boundary.ARRIVED:
        await field.introduce()
    await field.start(*first)
    await field.online()
    await field.ask(question, door)
    await field.died()
    for again in more:
        await field.start(*again)
        await field.died()
    await field.start()
    *_, verdict = await field.verdicts()
    return verdict


@pytest.mark.parametrize("boundary", Boundary)
@pytest.mark.parametrize("platform", PLATFORMS)
async def test_killed_at_a_boundary_a_question_is_answered_once(
    tmp_path: Path, lives: Nursery, platform: str, boundary: Boundary
) -> None:
    async with Field(tmp_path, lives, platforms=[platform]) as field:
        verdict = await killed(field, PLATFORMS[platform], (boundary, 1))
        again = {Boundary.TOLD: 0, Boundary.ANSWERED: 3}
        asked = Counter({results: 1 + (again.get(boundary) == results) for results in range(4)})
        assert field.requests(QUESTION) == asked, "the model is not asked again for a stored answer"
        assert field.effects == (ONCE - Counter(["publish 1"]) if boundary is Boundary.BEGUN else ONCE)
    assert verdict.fate == "answered"
    assert verdict.doubt == (boundary in IN_DOUBT)


@pytest.mark.parametrize(
    ("boundary", "time", "repeated"),
    [
        (Boundary.NOTED, 2, ()),
        (Boundary.CALLED, 2, ["count 1"]),
        (Boundary.RECORDED, 2, ()),
        (Boundary.CALLED, 3, ["picture 1"]),
        (Boundary.RECORDED, 3, ()),
        (Boundary.SENT, 2, ()),
        (Boundary.MARKED, 2, ()),
    ],
)
async def test_only_a_skill_without_a_stored_result_is_run_again(
    tmp_path: Path, lives: Nursery, boundary: Boundary, time: int, repeated: Sequence[str]
) -> None:
    async with Field(tmp_path, lives, platforms=["slack"]) as field:
        verdict = await killed(field, Door.SLACK_MENTION, (boundary, time))
        assert field.effects == ONCE + Counter(repeated)
    assert (verdict.fate, verdict.doubt) == ("answered", False)


@pytest.mark.parametrize(("first", "second"), AGAIN)
@pytest.mark.parametrize("platform", PLATFORMS)
async def test_killed_again_while_it_recovers_a_question_is_answered_once(
    tmp_path: Path, lives: Nursery, platform: str, first: Boundary, second: Boundary
) -> None:
    async with Field(tmp_path, lives, platforms=[platform]) as field:
        verdict = await killed(field, PLATFORMS[platform], (first, 1), (second, 1))
    assert verdict.fate == "answered"
    assert verdict.doubt == (second in IN_DOUBT)


@pytest.mark.parametrize("boundary", [Boundary.ACCEPTED, Boundary.CLOSED, Boundary.SENT, Boundary.MARKED])
@pytest.mark.parametrize("door", [Door.SLACK_DIRECT, Door.SLACK_COMMAND, Door.DISCORD_DIRECT, Door.DISCORD_COMMAND])
async def test_killed_a_question_that_was_asked_another_way_is_answered_once(
    tmp_path: Path, lives: Nursery, door: Door, boundary: Boundary
) -> None:
    async with Field(tmp_path, lives, platforms=[door.split()[0]]) as field:
        verdict = await killed(field, door, (boundary, 1), question=replace(QUESTION, file=False))
    assert verdict.fate == "answered"
    assert verdict.seen, "what was stored is answered, acknowledged or not"


@pytest.mark.parametrize("boundary", [Boundary.ARRIVED, Boundary.ACCEPTED, Boundary.SENT])
async def test_killed_while_slack_comes_by_http_a_question_is_answered_once(
    tmp_path: Path, lives: Nursery, boundary: Boundary
) -> None:
    async with Field(tmp_path, lives, platforms=["slack"], http=True) as field:
        verdict = await killed(field, Door.SLACK_MENTION, (boundary, 1))
    assert verdict.fate == "answered"


async def test_killed_at_random_moments_every_question_is_answered_once(
    tmp_path: Path, lives: Nursery, kills: int, seed: int
) -> None:
    print(f"to see it again: --kills {kills} --seed {seed}")
    async with Field(tmp_path, lives) as field:
        await storm(field, Random(seed), kills)
        await field.verdicts()
        assert field.kills == kills
