"""Facts: who may see them, who may change them, and what takes them away."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.audience import Readers, readers_of
from core.errors import UserError
from core.facts import LONGEST, Fact, Facts, listed
from core.messages import Audience, Message
from core.passages import Passages
from core.store import Store
from core.traces import erase
from tests.databases import opened
from tests.scripted import PATIENT, message

ANA, BEN = message("?"), message("?", author="U2")
OWN = frozenset({"test/U1"})
EVERYBODYS: frozenset[str] = frozenset()
PRIVATE = Audience(scope="channel", id="test/W/C1")


async def kept(store: Store, text: str, said: Message = ANA, turn: int = 1) -> Fact:
    fact = await Facts(store).remember(text, said, turn)
    assert fact is not None
    return fact


def here(said: Message = ANA) -> Readers:
    return readers_of(said.conversation, said.audience)


async def texts(store: Store, readers: Readers | None = None) -> list[str]:
    facts = await Facts(store).list(readers or here(), most=50)
    return [fact.text for fact in facts]


async def found(store: Store, words: str) -> list[str]:
    return [each.text for each in await Passages(store, patience=PATIENT).search(here(), words, most=5)]


async def test_a_fact_has_its_source_author_and_date_and_is_found(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        fact = await kept(store, "  The standup\n is at 9:30. ", replace(ANA, link="https://chat.test/1"))
        assert (fact.text, fact.author, fact.author_name) == ("The standup is at 9:30.", "test/U1", "Ana")
        assert fact.link == "https://chat.test/1"
        assert fact.created_at == fact.changed_at
        assert await found(store, "standup") == ["Ana: The standup is at 9:30."]
        assert listed([fact]) == f"- fact 1 (Ana, {fact.created_at:%Y-%m-%d}): The standup is at 9:30."


async def test_the_same_fact_of_the_same_turn_is_kept_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        first = await kept(store, "We meet on Mondays.")
        assert (await kept(store, "We meet on  Mondays.")).id == first.id
        assert (await kept(store, "We meet on Mondays.", turn=2)).id != first.id


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (" \n", "Say what is to be remembered."),
        ("x" * (LONGEST + 1), "A fact may have 1,000 characters; this one has 1,001."),
    ],
)
async def test_an_empty_or_too_long_fact_is_refused(tmp_path: Path, text: str, refusal: str) -> None:
    async with opened(tmp_path) as store:
        fact = await kept(store, "We meet on Mondays.")
        with pytest.raises(UserError, match=refusal):
            await kept(store, text)
        with pytest.raises(UserError, match=refusal):
            await Facts(store).edit(here(), fact.id, text, OWN, ANA)
        assert await texts(store) == ["We meet on Mondays."]


async def test_the_latest_facts_of_a_channel_are_listed_oldest_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for number in range(4):
            await kept(store, f"fact {number}")
        await kept(store, "elsewhere", message("?", channel="C2"))
        facts = await Facts(store).list(here(), most=3)
        assert [fact.text for fact in facts] == ["fact 1", "fact 2", "fact 3"]


async def test_its_author_edits_a_fact_and_it_is_found_as_it_is_now(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        fact = await kept(store, "The standup is at 9:30.")
        edited = await Facts(store).edit(here(), fact.id, "The daily is at ten.", OWN, ANA)
        assert (edited.id, edited.text, edited.created_at) == (fact.id, "The daily is at ten.", fact.created_at)
        assert edited.changed_at > fact.changed_at
        assert await found(store, "standup") == []
        assert await found(store, "daily") == ["Ana: The daily is at ten."]


async def test_its_author_deletes_a_fact_and_it_is_not_found(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        fact = await kept(store, "The standup is at 9:30.")
        assert (await Facts(store).delete(here(), fact.id, OWN)).text == fact.text
        assert await texts(store) == await found(store, "standup") == []


async def test_nobody_else_changes_a_fact_but_who_may_change_every_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        fact, facts, others = await kept(store, "It is so."), Facts(store), frozenset({"test/U2"})
        refusal = f"Only Ana, who said it, or an admin can change fact {fact.id}."
        with pytest.raises(UserError, match=refusal):
            await facts.edit(here(), fact.id, "It is not so.", others, BEN)
        with pytest.raises(UserError, match=refusal):
            await facts.delete(here(), fact.id, others)
        assert await texts(store) == ["It is so."]
        await facts.edit(here(), fact.id, "It was so.", EVERYBODYS, BEN)
        await facts.delete(here(), fact.id, EVERYBODYS)
        assert await texts(store) == []


@pytest.mark.parametrize(
    "said",
    [
        replace(ANA, audience=PRIVATE),
        message("?", channel="C2"),
        message("?", scope="person"),
        replace(ANA, conversation=replace(ANA.conversation, workspace="V")),
    ],
    ids=["private", "other channel", "direct", "other workspace"],
)
async def test_a_fact_of_another_audience_is_neither_listed_nor_changed_not_even_by_an_admin(
    tmp_path: Path, said: Message
) -> None:
    async with opened(tmp_path) as store:
        fact, facts = await kept(store, "It is a secret.", said), Facts(store)
        assert await texts(store) == []
        for accounts in (OWN, EVERYBODYS):
            with pytest.raises(UserError, match=f"There is no fact {fact.id} here."):
                await facts.edit(here(), fact.id, "Now it is none.", accounts, BEN)
            with pytest.raises(UserError, match=f"There is no fact {fact.id} here."):
                await facts.delete(here(), fact.id, accounts)
        assert await texts(store, here(said)) == ["It is a secret."]


async def test_erasing_the_turn_it_comes_from_takes_a_fact_away_also_where_it_was_edited(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        gone, edited, other = [await kept(store, text, turn=turn) for text, turn in (("a", 1), ("b", 1), ("c", 2))]
        await Facts(store).edit(here(), edited.id, "b, as Ana puts it", OWN, ANA)
        async with store.transaction() as transaction:
            assert (await erase(transaction, [1])).facts == 2
        assert await texts(store) == [other.text]
        assert await found(store, gone.text) == []


async def test_what_was_to_be_forgotten_meanwhile_is_not_remembered(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.write(
            "INSERT INTO turns (id, key, platform, conversation, channel, audience, author, message, received_at,"
            " forgotten) VALUES (7, 'k', 'test', 'c', 'c', 'a', 'U1', '{}', 1.0, 1)"
        )
        assert await Facts(store).remember("It is so.", ANA, 7) is None
        assert await texts(store) == []
