"""Results of skills that are used again."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core import Attachment, Context, SkillError, skill
from core.cache import Cache
from core.errors import SkillDefinitionError
from core.items import Call
from core.messages import Message
from core.reports import Ran, Report, explain
from core.usage import Usages
from tests.house import House, house
from tests.scripted import ScriptedModel, calls, message, says

asked_for: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_asked_for() -> None:
    asked_for.clear()


@skill(cache="1h")
async def price(of: str) -> str:
    """Look a price up."""
    asked_for.append(of)
    if of == "nothing":
        raise SkillError("There is no such thing.")
    return f"{of} costs {len(asked_for)}"


@skill(cache="1h")
async def drawn(of: str) -> Attachment:
    """Draw something."""
    asked_for.append(of)
    return Attachment(filename="a.txt", media_type="text/plain", content=b"x")


def asks(of: str, name: str = "price") -> ScriptedModel:
    step = calls((name, f'{{"of": "{of}"}}'))
    return ScriptedModel(step, says("one"), step, says("two"))


async def results(steward: House) -> list[str]:
    return [item.text for asked in steward.model.asked for item in asked.items if item.type == "result"]


async def test_the_same_call_in_the_same_place_is_answered_from_the_cache_and_that_is_told(tmp_path: Path) -> None:
    async with house(tmp_path, asks("apple"), price) as steward:
        await steward.answer(message("a"), message("b"))
        assert asked_for == ["apple"]
        assert set(await results(steward)) == {"apple costs 1"}
        report = await Usages(steward.store).report(2)
    assert report is not None
    assert "(cached)" in explain(report)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("another channel", lambda asked: message("b", channel="C2")),
        ("another person", lambda asked: message("b", author="U2")),
        ("another audience", lambda asked: replace(asked, audience=message("", scope="person").audience)),
    ],
)
async def test_a_result_is_not_used_elsewhere(tmp_path: Path, name: str, change: Callable[[Message], Message]) -> None:
    async with house(tmp_path, asks("apple"), price) as steward:
        await steward.answer(message("a"))
        await steward.answer(change(message("b")))
    assert asked_for == ["apple", "apple"], f"{name} was given the result"


@pytest.mark.parametrize("model", [asks("nothing"), asks("apple", "drawn")])
async def test_failures_and_files_are_not_cached(tmp_path: Path, model: ScriptedModel) -> None:
    async with house(tmp_path, model, price, drawn) as steward:
        await steward.answer(message("a"), message("b"))
    assert len(asked_for) == 2


async def test_nothing_is_cached_where_memory_is_off(tmp_path: Path) -> None:
    async with house(tmp_path, asks("apple"), price) as steward:
        await steward.channels.set(message("").conversation, "memory", "off", message("").author)
        await steward.answer(message("a"), message("b"))
    assert asked_for == ["apple", "apple"]


@skill(cache="1h")
async def looked_up(of: str, context: Context) -> str:
    """Look something up in the memory."""
    asked_for.append(of)
    return await context.memory.recall(of, 5)


async def test_what_a_skill_recalled_is_not_cached(tmp_path: Path) -> None:
    async with house(tmp_path, asks("apple", "looked_up"), looked_up) as steward:
        await steward.answer(message("a"))
        await steward.answer(message("b"))
    assert asked_for == ["apple", "apple"]


async def test_what_is_too_old_is_looked_up_again_and_swept(tmp_path: Path) -> None:
    async with house(tmp_path, asks("apple"), price) as steward:
        await steward.answer(message("a"))
        await steward.store.write("UPDATE cache SET expires_at = ?", (time.time() - 1,))
        await Cache(steward.store).sweep()
        assert await steward.store.fetch("SELECT * FROM cache") == []
        await steward.answer(message("b"))
    assert asked_for == ["apple", "apple"]


async def test_a_removed_question_takes_its_result_out_of_the_cache(tmp_path: Path) -> None:
    async with house(tmp_path, asks("apple"), price) as steward:
        first = message("a")
        await steward.answer(first)
        await steward.desk.deleted(first.id)
        await steward.turns.idle()
        await steward.answer(message("b"))
    assert asked_for == ["apple", "apple"]


@pytest.mark.parametrize(("cache", "effects"), [("1 hour", "none"), ("0m", "none"), ("1h", "posts")])
def test_a_cache_that_makes_no_sense_is_refused(cache: str, effects: str) -> None:
    with pytest.raises(SkillDefinitionError, match="cache"):
        skill(cache=cache, effects=effects)(price)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("age", "told"), [(5.0, "5 seconds"), (61.0, "1 minute"), (7_300.0, "2 hours"), (200_000.0, "2 days")]
)
def test_the_age_of_a_result_is_told(age: float, told: str) -> None:
    ran = Ran(call=Call(id="1", name="price", arguments="{}"), ok=True, age=age)
    assert f"done, as {told} ago (cached)" in explain(Report(ran=(ran,)))
