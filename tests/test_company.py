"""Who talks in a thread."""

from pathlib import Path

from core.company import Companies
from core.messages import Conversation
from tests.house import house
from tests.scripted import ScriptedModel, message, says

THREAD = message("", thread="T1").conversation
CHANNEL = message("").conversation


async def test_a_thread_in_which_nothing_was_asked_has_no_company(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel()) as steward:
        company = await Companies(steward.store).of(THREAD)
        assert (company.joined, company.people, company.answered) == (False, frozenset(), False)


async def test_the_company_is_who_asked_and_who_was_heard(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(says("hello"))) as steward:
        await steward.answer(message("hi", thread="T1"))
        companies = Companies(steward.store)
        alone = await companies.of(THREAD)
        assert (alone.joined, alone.people, alone.last, alone.answered) == (True, frozenset({"U1"}), "U1", True)
        await companies.heard(THREAD, "U2")
        together = await companies.of(THREAD)
        assert (together.people, together.last, together.answered) == (frozenset({"U1", "U2"}), "U2", False)


async def test_questions_in_a_row_end_where_somebody_else_asks(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(*[says("x")] * 4)) as steward:
        companies = Companies(steward.store)
        for author, expected in (("U1", 1), ("U1", 2), ("U2", 0), ("U1", 1)):
            await steward.answer(message("hi", author=author))
            assert await companies.in_a_row(CHANNEL, "U1") == expected


async def test_forgetting_a_channel_forgets_the_company_of_its_threads(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel()) as steward:
        companies = Companies(steward.store)
        other = Conversation(platform="test", workspace="W", channel="C11", thread="T1")
        for place in (THREAD, other):
            await companies.heard(place, "U1")
        async with steward.store.transaction() as transaction:
            await companies.forget(transaction, CHANNEL)
        assert (await companies.of(THREAD)).people == frozenset()
        assert (await companies.of(other)).people == {"U1"}
