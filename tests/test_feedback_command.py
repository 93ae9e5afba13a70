"""`steward feedback`, as its user meets it."""

import asyncio
from dataclasses import replace
from pathlib import Path

from core.messages import Person
from tests.command import steward
from tests.house import house
from tests.scripted import ScriptedModel, message, says


def judged(folder: Path) -> None:
    """Leave a database behind in which two people judged an answer."""

    async def play() -> None:
        async with house(folder / "data", ScriptedModel(says("fine"))) as opened:
            asked = message("one")
            await opened.answer(asked)
            keys = {str(control.action): control.key for _, part in opened.outlet.sent for control in part.controls}
            for person, action in (("U1", "good"), ("U2", "bad")):
                press = replace(message(""), author=Person(id=person, name=person), conversation=asked.conversation)
                await opened.desk.press(keys[action], press)

    asyncio.run(play())


def test_opinions_are_listed_with_their_numbers(tmp_path: Path) -> None:
    judged(tmp_path)
    done = steward(tmp_path, "feedback")
    assert (done.returncode, done.stderr) == (0, "")
    heading, good, bad, empty, summary = done.stdout.splitlines()
    assert heading.split() == ["TURN", "FEEDBACK", "GIVEN", "(UTC)", "WHERE", "BY"]
    assert [good.split()[index] for index in (0, 1, -1)] == ["1", "👍", "U1"]
    assert [bad.split()[index] for index in (0, 1, -1)] == ["1", "👎", "U2"]
    assert (empty, summary) == ("", "1 found an answer helpful, 1 did not.")


def test_without_any_opinion_that_is_said(tmp_path: Path) -> None:
    steward(tmp_path, "chat", "--once", "What is 17% of 340?")
    assert steward(tmp_path, "feedback").stdout == "Nobody has said yet what an answer was worth.\n"


def test_without_a_database_the_operator_is_told_where_it_was_looked_for(tmp_path: Path) -> None:
    done = steward(tmp_path, "feedback")
    assert done.returncode == 2
    assert done.stderr.startswith(f"steward: There is no database {tmp_path}/data/steward.db")
