"""Gathering: facts that people say in passing, where that is configured, and never where they should not be."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core import skill
from core.audience import readers_of
from core.channels import Channels
from core.clerk import Clerk
from core.errors import ModelError
from core.facts import LONGEST, Facts
from core.gathering import Gathering
from core.items import Answer, Usage
from core.messages import DirectCall, Message
from core.store import Store
from core.usage import Usages
from tests.house import House, house
from tests.scripted import ScriptedModel, SteadyModel, Step, message, says
from tests.waiting import until

SAID = message("By the way, the standup is at 9:30 from now on.")
STANDUP = "The standup is at 9:30."


@skill
def roll() -> int:
    """Roll one die."""
    return 6


def gathering(clerk: ScriptedModel) -> Callable[[Store], Gathering]:
    return lambda store: Gathering(
        store, Facts(store), Channels(store), Clerk(store, clerk, cost=lambda usage: usage.input / 100)
    )


@asynccontextmanager
async def gathered(folder: Path, *steps: Step) -> AsyncIterator[House]:
    """A house in which the model is asked for facts with these steps, no more and no less."""
    clerk = ScriptedModel(*steps)
    async with house(folder, SteadyModel(says("Fine.")), roll, gathering=gathering(clerk)) as opened:
        yield opened
    await clerk.close()


async def texts(opened: House, said: Message = SAID) -> list[str]:
    await opened.settle()
    return [fact.text for fact in await Facts(opened.store).list(readers_of(said.conversation, said.audience), most=50)]


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps([STANDUP]),
        f"Here are the facts:\n```json\n{json.dumps([STANDUP])}\n```\nAnything else?",
        f"From the message [1] I take: {json.dumps([STANDUP, 7, None])} [end]",
    ],
    ids=["bare", "with a fence", "with brackets around"],
)
async def test_the_facts_of_a_message_are_kept_as_its_authors(tmp_path: Path, answer: str) -> None:
    async with gathered(tmp_path, says(answer)) as opened:
        await opened.answer(SAID)
        assert await texts(opened) == [STANDUP]
        [fact] = await Facts(opened.store).list(readers_of(SAID.conversation, SAID.audience), most=5)
        assert fact.author == "test/U1"
        assert opened.outlet.texts == ["Fine."], "people are told nothing of it"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        "There are none.",
        "[",
        "]",
        '["The standup',
        '{"facts": 3}',
        "[" * 100_000,
        '["", "  "]',
        json.dumps(["x" * (LONGEST + 1)]),
    ],
    ids=lambda answer: answer[:12],
)
async def test_an_answer_without_facts_keeps_none(tmp_path: Path, answer: str) -> None:
    async with gathered(tmp_path, says(answer)) as opened:
        await opened.answer(SAID)
        assert await texts(opened) == []


async def test_of_many_facts_a_few_are_kept_and_one_that_is_refused_hinders_no_other(tmp_path: Path) -> None:
    many = ["x" * (LONGEST + 1), *(f"fact {number}" for number in range(100))]
    async with gathered(tmp_path, says(json.dumps(many))) as opened:
        await opened.answer(SAID)
        assert await texts(opened) == ["fact 0", "fact 1", "fact 2", "fact 3"]


async def test_what_gathering_costs_is_charged(tmp_path: Path) -> None:
    async with gathered(tmp_path, Answer(text="[]", usage=Usage(input=50, output=2))) as opened:
        await opened.answer(SAID)
        await opened.settle()
        bill = await Usages(opened.store).this_month(frozenset({"test/U1"}))
    assert (bill.usage.input, bill.cost) == (50, 0.5)


async def test_a_model_that_fails_keeps_nothing_and_hinders_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with gathered(tmp_path, ModelError("It is out of reach."), says(json.dumps([STANDUP]))) as opened:
        await opened.answer(SAID)
        assert await texts(opened) == []
        await opened.answer(message(SAID.text))
        assert await texts(opened) == [STANDUP]
    assert "turn 1: what is done after its answer failed: ModelError" in caplog.text
    assert "standup" not in caplog.text


async def in_silence(opened: House) -> None:
    await opened.channels.set(SAID.conversation, "memory", "off", SAID.author)
    await opened.answer(SAID)


async def called(opened: House) -> None:
    await opened.answer(replace(SAID, direct=DirectCall(skill="roll")))


async def short(opened: House) -> None:
    await opened.answer(message("thanks a lot"))


@pytest.mark.parametrize("say", [in_silence, called, short], ids=["memory is off", "a direct call", "too short"])
async def test_the_model_is_not_even_asked(tmp_path: Path, say: Callable[[House], Awaitable[None]]) -> None:
    async with gathered(tmp_path) as opened:
        await say(opened)
        assert await texts(opened) == []


def held(clerk: ScriptedModel, folder: Path) -> AbstractAsyncContextManager[House]:
    return house(folder, SteadyModel(says("Fine.")), gathering=gathering(clerk))


@pytest.mark.parametrize("change", ["delete", "forget me", "forget the channel"])
async def test_nothing_is_kept_of_what_is_forgotten_while_the_model_is_asked(tmp_path: Path, change: str) -> None:
    clerk = SteadyModel(says(json.dumps([STANDUP])))
    async with held(clerk, tmp_path) as opened:
        clerk.hold.clear()
        await opened.answer(SAID)
        await until(lambda: clerk.busy)
        if change == "delete":
            await opened.desk.deleted(SAID.id)
        elif change == "forget me":
            await opened.forgetting.person(frozenset({SAID.account}))
        else:
            await opened.forgetting.place(SAID.conversation)
        await opened.turns.idle()
        clerk.hold.set()
        assert await texts(opened) == []


async def test_of_an_edited_message_the_facts_are_those_of_what_it_says_now(tmp_path: Path) -> None:
    clerk = ScriptedModel(says(json.dumps([STANDUP])), says(json.dumps(["The standup is at ten."])))
    async with held(clerk, tmp_path) as opened:
        clerk.hold.clear()
        await opened.answer(SAID)
        await until(lambda: clerk.busy)
        await opened.desk.edited(replace(SAID, text="By the way, the standup is at ten from now on."))
        await opened.turns.idle()
        clerk.hold.set()
        assert await texts(opened) == ["The standup is at ten."]
    await clerk.close()


async def test_a_message_edited_before_its_turn_came_is_asked_about_once(tmp_path: Path) -> None:
    other = message("Something else altogether, which takes long.")
    clerk = ScriptedModel(says("[]"), says(json.dumps(["The standup is at ten."])))
    async with held(clerk, tmp_path) as opened:
        clerk.hold.clear()
        await opened.answer(other, SAID)
        await until(lambda: clerk.busy)
        await opened.desk.edited(replace(SAID, text="By the way, the standup is at ten from now on."))
        await opened.turns.idle()
        clerk.hold.set()
        assert await texts(opened) == ["The standup is at ten."]
    await clerk.close()


async def test_gathered_facts_are_recalled_for_the_next_answer(tmp_path: Path) -> None:
    async with gathered(tmp_path, says(json.dumps([STANDUP]))) as opened:
        await opened.answer(SAID)
        await opened.settle()
        await opened.answer(message("when is it?"))
        assert STANDUP in opened.model.asked[-1].items[0].text
