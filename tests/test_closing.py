"""A channel that was public is its members' own: what was said there before is found by them, and by nobody else."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core import Attachment, skill
from core.audience import Readers, readers_of
from core.closing import Closing
from core.facts import Facts
from core.messages import Audience, Conversation
from core.passages import Passages
from core.store import Store
from core.summaries import Place, Summaries
from tests.house import House, house
from tests.scripted import PATIENT, ScriptedModel, calls, message, says
from tests.waiting import until

HERE = Conversation(platform="test", workspace="W", channel="C1")
EVERYBODY = HERE.workspace_audience
MEMBERS = Audience(scope="channel", id="test/C1")
OUTSIDE = readers_of(Conversation(platform="test", workspace="W", channel="C2"), EVERYBODY).seeing([EVERYBODY])
INSIDE = readers_of(HERE, MEMBERS)

CHANNEL = Place(key=HERE.key, channel=HERE.key, audience=EVERYBODY.key)
KINDS = {"turn", "fact", "summary", "file"}
TABLES = ("turns", "memory", "summaries", "facts", "files", "passages", "cache")


@skill(cache="1h")
def look_up(word: str) -> str:
    """Look a word up."""
    return f"cached {word}"


@skill
def draw(title: str) -> Attachment:
    """Draw something."""
    return Attachment(filename=f"{title}.png", media_type="image/png", content=title.encode(), spec={"kind": "chart"})


def obliging(*words: str) -> ScriptedModel:
    """A model that draws something and looks something up for each word, and says it."""
    steps = [
        step
        for word in words
        for step in (calls(("draw", f'{{"title": "{word}"}}'), ("look_up", f'{{"word": "{word}"}}')), says(f"{word}!"))
    ]
    return ScriptedModel(*steps)


@pytest.fixture
async def steward(tmp_path: Path) -> AsyncIterator[House]:
    """A house in which "inner" was said in the channel, "outer" in another one: of both every kind of row is kept."""
    async with house(tmp_path, obliging("inner", "outer"), look_up, draw) as steward:
        for number, (word, channel) in enumerate((("inner", "C1"), ("outer", "C2")), start=1):
            asked = message(f"say {word}", channel=channel)
            await steward.answer(asked)
            await Facts(steward.store).remember(f"{word} is a fact", asked, number)
            await fold(steward.store, asked.conversation, f"{word} in short")
        yield steward


async def fold(store: Store, place: Conversation, text: str, audience: Audience = EVERYBODY) -> None:
    kept = Summaries(store)
    left = await kept.left(Place(key=place.key, channel=place.channel_key, audience=audience.key), most=100)
    assert await kept.extend(left, left.turns, text, 10)


async def audiences(store: Store, channel: str = "C1") -> dict[str, set[str]]:
    """Return the audiences that the rows of a channel have in each table."""
    return {
        table: {
            row["audience"]
            for row in await store.fetch(f"SELECT audience FROM {table} WHERE channel = ?", (f"test/W/{channel}",))
        }
        for table in TABLES
    }


async def found(store: Store, readers: Readers, text: str) -> set[str]:
    """Return the kinds of passages with a word that readers find."""
    passages = Passages(store, patience=PATIENT)
    return {each.kind for each in await passages.search(readers, text, most=50)}


async def index_is_whole(store: Store) -> None:
    """Fail where the index holds something else than what the passages say."""
    rows = await store.fetch(
        "SELECT p.id FROM passages AS p, scopes AS c, scopes AS a WHERE c.key = p.channel AND a.key = p.audience"
        " AND NOT EXISTS (SELECT 1 FROM found WHERE found MATCH 'scope:(s' || c.id || ' AND s' || a.id || ')'"
        " AND rowid = p.id)"
    )
    assert not rows, "passages that are not found by their channel and audience"
    for scope in await store.fetch("SELECT id, key FROM scopes"):
        hits = await store.fetch("SELECT rowid AS id FROM found WHERE found MATCH ?", (f"scope:s{scope['id']}",))
        held = await store.fetch("SELECT id FROM passages WHERE ?1 IN (channel, audience)", (scope["key"],))
        assert {row["id"] for row in hits} == {row["id"] for row in held}, f"what is found under {scope['key']}"


async def test_every_kind_of_row_becomes_the_members_own(steward: House) -> None:
    before = await audiences(steward.store)
    assert before == {table: {EVERYBODY.key} for table in TABLES}, "nothing to be changed: the test would prove nothing"
    await steward.desk.closed(HERE, MEMBERS)
    # what is cached is found by its audience alone, so it would be of no use to them
    assert await audiences(steward.store) == {table: {MEMBERS.key} for table in TABLES if table != "cache"} | {
        "cache": set()
    }


async def test_nothing_is_found_from_elsewhere_and_everything_from_inside(steward: House) -> None:
    assert await found(steward.store, OUTSIDE, "inner") == KINDS
    await steward.desk.closed(HERE, MEMBERS)
    assert await found(steward.store, OUTSIDE, "inner") == set()
    assert await found(steward.store, INSIDE, "inner") == KINDS
    assert [fact.text for fact in await Facts(steward.store).list(OUTSIDE, most=9)] == ["outer is a fact"]
    assert await steward.files.latest("chart", HERE, EVERYBODY) is None
    assert await steward.files.latest("chart", HERE, MEMBERS) is not None


async def test_what_is_recalled_is_recalled_for_the_members_alone(steward: House) -> None:
    await steward.desk.closed(HERE, MEMBERS)
    inside = await steward.memory.recall(HERE, MEMBERS)
    assert "inner is a fact" in inside.items[0].text
    assert "inner in short" in inside.items[0].text
    assert (await steward.memory.recall(HERE, EVERYBODY)).items == ()


async def test_other_channels_are_left_as_they_are(steward: House) -> None:
    before = [await steward.store.fetch(f"SELECT * FROM {table} WHERE channel = 'test/W/C2'") for table in TABLES]
    await steward.desk.closed(HERE, MEMBERS)
    after = [await steward.store.fetch(f"SELECT * FROM {table} WHERE channel = 'test/W/C2'") for table in TABLES]
    assert after == before
    assert await found(steward.store, OUTSIDE, "outer") == KINDS


async def test_the_index_holds_what_the_passages_say(steward: House) -> None:
    await index_is_whole(steward.store)
    await steward.desk.closed(HERE, MEMBERS)
    await index_is_whole(steward.store)
    await steward.forgetting.place(HERE)
    await index_is_whole(steward.store)
    assert await found(steward.store, INSIDE, "inner") == set()


async def test_a_passage_keeps_its_number_and_so_its_vector(steward: House) -> None:
    numbers = "SELECT id FROM passages WHERE channel = 'test/W/C1' ORDER BY id"
    before = await steward.store.fetch(numbers)
    await steward.desk.closed(HERE, MEMBERS)
    assert await steward.store.fetch(numbers) == before


async def test_closing_twice_changes_nothing_more(steward: House) -> None:
    closing = Closing(steward.store)
    await closing.close(HERE, MEMBERS)
    once = [await steward.store.fetch(f"SELECT * FROM {table}") for table in TABLES]
    assert await closing.close(HERE, MEMBERS) == []
    assert [await steward.store.fetch(f"SELECT * FROM {table}") for table in TABLES] == once


async def test_closing_twice_at_once_is_closing_once(steward: House) -> None:
    await asyncio.gather(*(Closing(steward.store).close(HERE, MEMBERS) for _ in range(2)))
    assert await found(steward.store, INSIDE, "inner") == KINDS
    assert await found(steward.store, OUTSIDE, "inner") == set()


async def test_a_summary_is_extended_and_dropped_under_its_new_audience(steward: House) -> None:
    await steward.desk.closed(HERE, MEMBERS)
    left = await Summaries(steward.store).left(replace(CHANNEL, audience=MEMBERS.key), most=9)
    assert (left.text, len(left.turns)) == ("inner in short", 0)
    await steward.forgetting.place(HERE)
    assert await found(steward.store, INSIDE, "short") == set()


async def test_summaries_are_made_anew_where_members_said_something_among_themselves_before(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(says("one!"), says("two!"))) as steward:
        await steward.answer(replace(message("one"), audience=MEMBERS))
        await steward.answer(message("two"))
        await fold(steward.store, HERE, "two in short")
        await steward.desk.closed(HERE, MEMBERS)
        left = await Summaries(steward.store).left(replace(CHANNEL, audience=MEMBERS.key), most=9)
        assert (left.text, [row["turn"] for row in left.turns]) == ("", [1, 2])
        assert await found(steward.store, INSIDE, "short") == set()
        await index_is_whole(steward.store)


async def test_a_question_that_is_being_answered_is_answered_for_the_members_alone(tmp_path: Path) -> None:
    model = ScriptedModel(says("never heard"), says("among us"))
    async with house(tmp_path, model) as steward:
        model.hold.clear()
        await steward.turns.accept(message("a word"))
        await until(lambda: model.busy)
        await steward.desk.closed(HERE, MEMBERS)
        model.hold.set()
        await steward.turns.idle()
        assert steward.outlet.texts == ["among us"]
        assert steward.outlet.drafts[-1].turn.message.audience == MEMBERS
        assert (await audiences(steward.store))["memory"] == {MEMBERS.key}
        assert await found(steward.store, OUTSIDE, "word") == set()
        assert await found(steward.store, INSIDE, "word") == {"turn"}


async def test_a_question_that_is_answered_once_more_stays_among_the_members(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(says("one"), says("two"))) as steward:
        asked = message("a word")
        await steward.answer(asked)
        await steward.desk.closed(HERE, MEMBERS)
        keys = {control.action: control.key for _, part in steward.outlet.sent for control in part.controls}
        await steward.desk.press(keys["again"], replace(asked, text=""))
        await steward.turns.idle()
        assert (await audiences(steward.store))["memory"] == {MEMBERS.key}


async def test_a_fact_that_is_kept_late_is_the_members_own(steward: House) -> None:
    await steward.desk.closed(HERE, MEMBERS)
    await Facts(steward.store).remember("late inner", message("say inner"), 1)
    assert (await audiences(steward.store))["facts"] == {MEMBERS.key}


async def test_a_channel_that_nothing_was_said_in_is_not_written(steward: House) -> None:
    before = [await steward.store.fetch(f"SELECT * FROM {table}") for table in TABLES]
    empty = replace(HERE, channel="C3")
    assert await Closing(steward.store).close(empty, Audience(scope="channel", id="test/C3")) == []
    assert [await steward.store.fetch(f"SELECT * FROM {table}") for table in TABLES] == before
