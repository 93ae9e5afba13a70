"""Steward is killed, at every boundary of a turn's life and at any moment, and each question is answered once.

Most of the time of a life is waiting. So what the tests of this file are about happens side by side, in a few
nurseries, from the first test on; each test waits for its own part.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final, Literal, TypeAlias

import pytest
import pytest_asyncio

from core.boundary import Boundary
from tests.crash_field import Asked, Door, Field
from tests.crash_judge import Fate, Verdict
from tests.crash_questions import Question
from tests.crash_storm import storm
from tests.nursery import Nursery, nursery

pytestmark = pytest.mark.asyncio(loop_scope="module")

NURSERIES: Final = 6

QUESTION: Final = Question(number=1, skills=("publish", "count", "picture"), lines=24, file=True)
"""It goes through every boundary; its answer has two parts on both platforms."""

ONCE: Final = Counter({"publish 1": 1, "count 1": 1, "picture 1": 1})

MENTIONS: Final = (Door.SLACK_MENTION, Door.DISCORD_MENTION)
OTHERS: Final = tuple(door for door in Door if door not in MENTIONS)

BESIDE: Final = (Boundary.SHOWING, Boundary.SHOWN)
"""Reached beside the work on an answer, wherever that has come to."""

WAY: Final = tuple(boundary for boundary in Boundary if boundary not in (Boundary.WISHED, Boundary.RENEWED, *BESIDE))
"""The boundaries on the way from a question to its answer."""

EDITED: Final = (
    *(Boundary.WISHED, Boundary.RENEWED, Boundary.ANSWERED, Boundary.CLOSED),
    *(Boundary.SENT, Boundary.MARKED, Boundary.TIDIED, Boundary.CLEARED),
)
DELETED: Final = (Boundary.WISHED, Boundary.RENEWED, Boundary.TIDIED, Boundary.CLEARED)

IN_DOUBT: Final = (Boundary.BEGUN, Boundary.CALLED)
"""Where the skill with effects has begun and its result is not stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A question, and where Steward is killed: at the first boundary, and at the next ones while it recovers.

    Attributes:
        time: at the first boundary it is killed when it is there for the how many'th time.
        http: Slack comes by HTTP.
        change: what becomes of the question once it is answered, before the first kill; or, where it is changed `late`,
            after the last.
    """

    door: Door
    kills: tuple[Boundary, ...]
    time: int = 1
    http: bool = False
    change: Literal["", "edit", "delete"] = ""
    late: bool = False

    def __str__(self) -> str:
        named = [self.door.replace(" ", "-"), *filter(None, ["late" * self.late, self.change]), *self.kills]
        return "-".join([*named, *([str(self.time)] if self.time > 1 else [])])


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a scenario.

    Attributes:
        verdict: on the last question, None where it was taken back.
        requests: those to the model, counted by the number of results they had.
    """

    verdict: Verdict | None
    requests: Mapping[int, int]
    effects: Mapping[str, int]


Outcomes: TypeAlias = Mapping[Scenario, "asyncio.Task[Outcome]"]


async def play(scenario: Scenario, folder: Path, nursery: Nursery) -> Outcome:
    """Go through a scenario."""
    first, *more = scenario.kills
    question = replace(QUESTION, file="command" not in scenario.door)
    async with Field(folder, nursery, platforms=[scenario.door.split()[0]], http=scenario.http) as field:
        if first is Boundary.ARRIVED:
            await field.introduce()
        if scenario.change and not scenario.late:
            await answer_and_change(scenario, field)
        else:
            await field.start(first, scenario.time)
            await field.online()
            await field.ask(question, scenario.door)
        await field.died()
        for again in more:
            await field.start(again)
            await field.died()
        await field.start()
        if scenario.late:
            await field.online()
            await change(field.asked[0], scenario, field)
        verdicts = await field.verdicts()
        return Outcome(
            verdict=verdicts[-1] if verdicts else None, requests=field.requests(question), effects=field.effects
        )


async def answer_and_change(scenario: Scenario, field: Field) -> None:
    """Have a question answered, then changed before a Steward that will be killed; its answer becomes shorter."""
    await field.start()
    await field.online()
    asked = await field.ask(Question(number=2, skills=("picture",), lines=24), scenario.door)
    await field.judged()
    await field.start(scenario.kills[0], scenario.time)
    await field.online()
    await change(asked, scenario, field)


async def change(asked: Asked, scenario: Scenario, field: Field) -> None:
    if scenario.change == "edit":
        await field.edit(asked, Question(number=3, lines=2))
    else:
        await field.delete(asked)


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="outcomes")
async def play_all(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Outcomes]:
    """Begin with the scenarios of all tests that were selected."""
    free: asyncio.Queue[Nursery] = asyncio.Queue()

    async def wait_and_play(scenario: Scenario) -> Outcome:
        lives = await free.get()
        try:
            return await play(scenario, tmp_path_factory.mktemp("field"), lives)
        finally:
            free.put_nowait(lives)

    wanted = [
        scenario
        for item in request.session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        if isinstance(scenario := item.callspec.params.get("scenario"), Scenario)
    ]
    async with contextlib.AsyncExitStack() as stack:
        for number in range(NURSERIES):
            folder = tmp_path_factory.mktemp(f"nursery{number}")
            free.put_nowait(await stack.enter_async_context(nursery(folder)))
        outcomes = {scenario: asyncio.create_task(wait_and_play(scenario)) for scenario in wanted}
        try:
            yield outcomes
        finally:
            for task in outcomes.values():
                task.cancel()
            await asyncio.gather(*outcomes.values(), return_exceptions=True)


def judged(outcome: Outcome) -> tuple[Fate, bool]:
    """Return what became of the question, and whether its answer is in doubt of what was done."""
    assert outcome.verdict is not None, "there is a question that was not taken back"
    return outcome.verdict.fate, outcome.verdict.doubt


def at(*kills: Boundary, doors: Sequence[Door] = MENTIONS, time: int = 1, http: bool = False) -> list[Scenario]:
    return [Scenario(door=door, kills=kills, time=time, http=http) for door in doors]


@pytest.mark.parametrize("scenario", [each for boundary in WAY for each in at(boundary)], ids=str)
async def test_killed_at_a_boundary_a_question_is_answered_once(scenario: Scenario, outcomes: Outcomes) -> None:
    outcome, [boundary] = await outcomes[scenario], scenario.kills
    again = {Boundary.TOLD: 0, Boundary.ANSWERED: 3}
    asked = {results: 1 + (again.get(boundary) == results) for results in range(4)}
    assert outcome.requests == asked, "the model is asked again where its answer was not stored, and nowhere else"
    assert outcome.effects == (ONCE - Counter(["publish 1"]) if boundary is Boundary.BEGUN else ONCE)
    assert judged(outcome) == ("answered", boundary in IN_DOUBT)


@pytest.mark.parametrize("scenario", [each for boundary in BESIDE for each in at(boundary)], ids=str)
async def test_f7_killed_while_progress_is_shown_the_answer_takes_its_place(
    scenario: Scenario, outcomes: Outcomes
) -> None:
    assert judged(await outcomes[scenario])[0] == "answered"


@pytest.mark.parametrize(
    ("scenario", "repeated"),
    [
        (Scenario(door=Door.SLACK_MENTION, kills=(boundary,), time=time), repeated)
        for boundary, time, repeated in [
            (Boundary.CALLED, 2, ("count 1",)),
            (Boundary.RECORDED, 2, ()),
            (Boundary.CALLED, 3, ("picture 1",)),
            (Boundary.SENT, 2, ()),
            (Boundary.MARKED, 2, ()),
        ]
    ],
    ids=str,
)
async def test_f51_only_a_skill_without_a_stored_result_is_run_again(
    scenario: Scenario, repeated: Sequence[str], outcomes: Outcomes
) -> None:
    outcome = await outcomes[scenario]
    assert outcome.effects == ONCE + Counter(repeated)
    assert judged(outcome) == ("answered", False)


SLACK: Final = (Door.SLACK_MENTION,)

AGAIN: Final = [
    *at(Boundary.ARRIVED, Boundary.ARRIVED),
    *(each for boundary in (Boundary.TOLD, Boundary.CALLED) for each in at(boundary, boundary, doors=SLACK)),
    *(
        each
        for second in WAY
        if second not in (Boundary.ARRIVED, Boundary.ACCEPTED)
        for each in at(Boundary.NOTED, second)
    ),
    *(
        each
        for first in (Boundary.CLOSED, Boundary.SENT)
        for second in (Boundary.STARTED, Boundary.SENT, Boundary.MARKED)
        for each in at(first, second)
    ),
]
"""Every boundary that is reached on the way from a stored call, and from an answer in delivery; some a second time."""


@pytest.mark.parametrize("scenario", AGAIN, ids=str)
async def test_killed_again_while_it_recovers_a_question_is_answered_once(
    scenario: Scenario, outcomes: Outcomes
) -> None:
    assert judged(await outcomes[scenario]) == ("answered", any(kill in IN_DOUBT for kill in scenario.kills))


@pytest.mark.parametrize(
    "scenario",
    [each for boundary in (Boundary.ACCEPTED, Boundary.SENT) for each in at(boundary, doors=OTHERS)],
    ids=str,
)
async def test_killed_a_question_that_was_asked_another_way_is_answered_once(
    scenario: Scenario, outcomes: Outcomes
) -> None:
    assert judged(await outcomes[scenario])[0] == "answered", "also a command that was stored, but not acknowledged"


@pytest.mark.parametrize(
    "scenario",
    [
        each
        for boundary in (Boundary.ARRIVED, Boundary.ACCEPTED, Boundary.SENT)
        for each in at(boundary, doors=SLACK, http=True)
    ],
    ids=str,
)
async def test_killed_while_slack_comes_by_http_a_question_is_answered_once(
    scenario: Scenario, outcomes: Outcomes
) -> None:
    assert judged(await outcomes[scenario])[0] == "answered"


@pytest.mark.parametrize(
    "scenario",
    [Scenario(door=door, kills=(boundary,), change="edit") for boundary in EDITED for door in MENTIONS],
    ids=str,
)
async def test_f39_killed_while_an_edited_question_is_answered_anew_the_new_answer_alone_is_left(
    scenario: Scenario, outcomes: Outcomes
) -> None:
    assert judged(await outcomes[scenario]) == ("answered", False)


@pytest.mark.parametrize(
    "scenario",
    [Scenario(door=door, kills=(boundary,), change="delete") for boundary in DELETED for door in MENTIONS],
    ids=str,
)
async def test_f39_killed_while_an_answer_is_removed_nothing_is_left(scenario: Scenario, outcomes: Outcomes) -> None:
    assert (await outcomes[scenario]).verdict is None


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(door=door, kills=(Boundary.SENT,), change=change, late=True)
        for change in ("edit", "delete")
        for door in MENTIONS
    ],
    ids=str,
)
async def test_f39_a_part_that_was_sent_in_the_moment_of_a_kill_does_not_outlive_a_change_of_its_question(
    scenario: Scenario, outcomes: Outcomes
) -> None:
    outcome = await outcomes[scenario]
    assert (outcome.verdict is None) == (scenario.change == "delete")


async def test_killed_at_random_moments_every_question_is_answered_once(tmp_path: Path, kills: int, seed: int) -> None:
    print(f"to see it again: --kills {kills} --seed {seed}")
    async with nursery(tmp_path / "nursery") as lives, Field(tmp_path / "field", lives) as field:
        await storm(field, Random(seed), kills)
        await field.verdicts()
        assert field.kills == kills
