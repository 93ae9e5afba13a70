"""Versions of a summary: which turns are left for it, and which versions go when a turn does."""

from dataclasses import replace
from pathlib import Path

from core import summaries
from core.events import Finished
from core.items import Answer, Question
from core.journal import Journal
from core.memory import Memory
from core.messages import Audience, Reply, Turn
from core.store import Store
from core.summaries import Left, Place, Summaries, places_of
from core.traces import erase
from tests.databases import opened
from tests.scripted import message

CHANNEL = Place(key="test/W/C1", channel="test/W/C1", audience="workspace:test/W")
THREAD = replace(CHANNEL, key="test/W/C1/T")


async def said(store: Store, *texts: str, thread: str | None = None, audience: Audience | None = None) -> list[Turn]:
    journal = Journal(store, Memory(store, turns=24, tokens=12_000))
    turns = []
    for text in texts:
        asked = message(text, thread=thread)
        accepted = await journal.accept(replace(asked, audience=audience or asked.audience))
        assert accepted is not None
        turn = (await journal.start(accepted)).turn
        items = (Question(text=text), Answer(text="."))
        await journal.close(turn, Finished(reply=Reply(text="."), items=items), [])
        turns.append(turn)
    return turns


async def extended(store: Store, place: Place, count: int, text: str) -> bool:
    """Fold the first turns that are left of a place."""
    kept = Summaries(store)
    left = await kept.left(place, most=100)
    return await kept.extend(left, left.turns[:count], text, 10)


async def left_of(store: Store, place: Place = CHANNEL) -> Left:
    return await Summaries(store).left(place, most=100)


def numbers(left: Left) -> list[int]:
    return [row["turn"] for row in left.turns]


async def test_a_turn_in_a_thread_belongs_to_two_places_and_one_at_the_root_to_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        root, thread = *(await said(store, "a")), *(await said(store, "b", thread="T"))
    assert places_of(root) == (CHANNEL,)
    assert places_of(thread) == (THREAD, CHANNEL)


async def test_what_is_left_are_the_turns_after_the_latest_version_oldest_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await said(store, *"abcd")
        assert await extended(store, CHANNEL, 2, "a and b")
        left = await left_of(store)
        assert (left.text, left.upto, numbers(left)) == ("a and b", 2, [3, 4])
        assert numbers(await Summaries(store).left(CHANNEL, most=1)) == [3]


async def test_a_channel_has_the_turns_of_its_threads_and_a_thread_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await said(store, "a")
        await said(store, "b", thread="T")
        await said(store, "c", thread="U")
        assert numbers(await left_of(store)) == [1, 2, 3]
        assert numbers(await left_of(store, THREAD)) == [2]


async def test_each_audience_of_a_channel_has_its_own(tmp_path: Path) -> None:
    private = Audience(scope="channel", id="test/W/C1")
    async with opened(tmp_path) as store:
        await said(store, "a")
        await said(store, "b", audience=private)
        assert await extended(store, replace(CHANNEL, audience=private.key), 1, "b")
        assert numbers(await left_of(store)) == [1]
        assert (await left_of(store)).text == ""


async def test_a_version_is_not_kept_where_one_of_its_turns_went_or_one_came_between(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        turns = await said(store, *"abcd")
        kept, left = Summaries(store), await left_of(store)
        async with store.transaction() as transaction:
            await erase(transaction, [turns[1].id])
        assert not await kept.extend(left, left.turns[:3], "a, b and c", 10)
        assert await kept.extend(await left_of(store), (await left_of(store)).turns[:2], "a and c", 10)
        assert not await kept.extend(left, left.turns[:1], "a", 10), "there is another version by now"


async def test_a_dropped_turn_takes_the_versions_that_know_of_it_and_what_is_found_of_them(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await said(store, *"abcdef")
        for text in ("ab", "abcd", "abcdef"):
            assert await extended(store, CHANNEL, 2, text)
        async with store.transaction() as transaction:
            assert await summaries.drop(transaction, CHANNEL.key, 3) == 2
        left = await left_of(store)
        assert (left.text, numbers(left)) == ("ab", [3, 4, 5, 6])
        assert await store.fetch("SELECT text FROM passages WHERE kind = 'summary'") == []


async def test_one_version_is_found_and_twelve_are_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await said(store, *"abcdefghijklmno")
        for number in range(15):
            assert await extended(store, CHANNEL, 1, f"version {number}")
        rows = await store.fetch("SELECT text FROM summaries ORDER BY upto")
        assert [row["text"] for row in rows] == [f"version {number}" for number in range(3, 15)]
        found = await store.fetch("SELECT text FROM passages WHERE kind = 'summary'")
        assert [row["text"] for row in found] == ["version 14"]
