"""Finding what is remembered by its words: only what its readers may see, the best first, nothing that is gone."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import passages
from core.audience import Readers, Table, visible
from core.passages import LONGEST, MOST_PIECES, Kind, Passage, Passages, excerpt
from core.store import Store, open_store
from core.store.index import BUCKET
from core.unicode import well_formed
from core.words import words
from tests.rule import may_use
from tests.scripted import PATIENT

DAY = 86_400.0
NOW = time.time()
HERE = Readers(channel="test/W/C1", here=frozenset({"workspace:test/W"}))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(tmp_path / "steward.db")
    yield store
    await store.close()


def passage(
    text: str,
    *,
    ref: str = "1",
    kind: Kind = "turn",
    channel: str = "test/W/C1",
    audience: str = "workspace:test/W",
    at: float = NOW,
) -> Passage:
    return Passage(
        kind=kind, ref=ref, conversation=channel, channel=channel, audience=audience, text=text, link=f"at:{ref}", at=at
    )


async def keep(store: Store, *kept: Passage) -> None:
    async with store.transaction() as transaction:
        await passages.add(transaction, kept)


async def found(store: Store, text: str, readers: Readers = HERE, *, most: int = 10) -> list[str]:
    return [each.ref for each in await Passages(store, patience=PATIENT).search(readers, text, most=most)]


def numbered(*texts: str, at: float = NOW) -> list[Passage]:
    return [passage(text, ref=str(number), at=at) for number, text in enumerate(texts)]


# who finds what

keys = st.sampled_from(["a/W/1", "a/W/2", "b/W/1", "workspace:a/W", "channel:a/W/1", "person:a/W/U1"])
someone = st.builds(
    lambda channel, here, beyond, more: Readers(channel=channel, here=here, beyond=beyond | more),
    keys,
    st.frozensets(keys, max_size=2),
    st.frozensets(keys, max_size=2),
    st.sampled_from([frozenset[str](), frozenset(f"channel:a/W/{number}" for number in range(90, 200))]),
)
said = st.text(st.sampled_from('ab é日本กß 🎉🤣ͺ"*'), max_size=12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(said, keys, keys), max_size=10), st.lists(st.tuples(said, someone), min_size=1, max_size=4))
def test_exactly_what_may_be_used_is_found(rows: list[tuple[str, str, str]], asked: list[tuple[str, Readers]]) -> None:
    async def answers() -> list[set[int]]:
        with tempfile.TemporaryDirectory() as folder:
            store = await open_store(Path(folder) / "steward.db")
            kept = [
                passage(text, ref=str(number), channel=channel, audience=audience)
                for number, (text, channel, audience) in enumerate(rows)
            ]
            await keep(store, *kept)
            refs = [{int(ref) for ref in await found(store, text, readers)} for text, readers in asked]
            await store.close()
            return refs

    for (text, readers), refs in zip(asked, asyncio.run(answers()), strict=True):
        expected = {
            number
            for number, (held, channel, audience) in enumerate(rows)
            if may_use(readers, channel=channel, audience=audience) and holds(held, text)
        }
        assert refs == expected


def holds(text: str, wanted: str) -> bool:
    """Tell whether one word of `wanted` stands in a text; one character of a script without spaces begins a word."""
    held = words(text)
    return any(
        word in held or (word in "日本ก" and any(each.startswith(word) for each in held)) for word in words(wanted)
    )


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(get_args(Table)), st.lists(st.tuples(keys, keys), max_size=12), someone)
def test_what_is_visible_in_a_query_is_what_may_be_used(
    table: Table, rows: list[tuple[str, str]], readers: Readers
) -> None:
    async def seen() -> list[tuple[str, str]]:
        with tempfile.TemporaryDirectory() as folder:
            store = await open_store(Path(folder) / "steward.db")
            async with store.transaction() as transaction:
                await transaction.execute(f"ALTER TABLE {table} RENAME TO kept")
                await transaction.execute(f"CREATE TABLE {table} (channel TEXT, audience TEXT)")
                for row in rows:
                    await transaction.execute(f"INSERT INTO {table} VALUES (?, ?)", row)
            source, values = visible(table, readers)
            result = await store.fetch(f"SELECT channel, audience FROM {source}", values)
            await store.close()
            return [(row["channel"], row["audience"]) for row in result]

    expected = [
        (channel, audience) for channel, audience in rows if may_use(readers, channel=channel, audience=audience)
    ]
    assert sorted(asyncio.run(seen())) == sorted(expected)


@pytest.mark.parametrize("table", get_args(Table))
async def test_every_table_of_what_is_remembered_knows_its_channel_and_audience(store: Store, table: Table) -> None:
    source, values = visible(table, HERE)
    assert await store.fetch(f"SELECT channel, audience FROM {source}", values) == []


async def test_a_small_channel_is_found_in_however_much_is_said_elsewhere(store: Store) -> None:
    await keep(store, passage("the garden plan", ref="old"))
    elsewhere = [passage("the garden plan", ref=f"e{number}", channel="test/W/C2") for number in range(1000)]
    await keep(store, *elsewhere)
    assert await found(store, "garden plan") == ["old"]


async def test_what_is_of_the_channel_but_was_said_to_others_is_not_found(store: Store) -> None:
    await keep(store, passage("secret", audience="person:test/W/U9"))
    assert await found(store, "secret") == []


async def test_what_all_readers_see_elsewhere_is_found(store: Store) -> None:
    await keep(store, passage("roadmap", channel="test/W/C2", audience="channel:test/W/C2"))
    beyond = Readers(channel="test/W/C1", here=HERE.here, beyond=frozenset({"channel:test/W/C2"}))
    assert await found(store, "roadmap", beyond) == ["1"]
    assert await found(store, "roadmap") == []


# what is gone

removals = st.lists(st.tuples(st.sampled_from(["add", "remove", "channel"]), st.integers(0, 3), said), max_size=12)


@settings(max_examples=30, deadline=None)
@given(removals)
def test_what_was_removed_is_not_found_by_any_of_its_words(steps: list[tuple[str, int, str]]) -> None:
    async def check() -> None:
        with tempfile.TemporaryDirectory() as folder:
            store = await open_store(Path(folder) / "steward.db")
            kept: dict[tuple[str, int], list[str]] = {}
            for number, (action, ref, text) in enumerate(steps):
                channel = f"test/W/C{number % 2}"
                async with store.transaction() as transaction:
                    if action == "add":
                        await passages.add(transaction, [passage(text, ref=str(ref), channel=channel)])
                        kept.setdefault((channel, ref), []).append(text)
                    elif action == "remove":
                        await passages.remove(transaction, "turn", [str(ref)])
                        kept = {key: texts for key, texts in kept.items() if key[1] != ref}
                    else:
                        await passages.remove_where(transaction, "channel = ?", channel)
                        kept = {key: texts for key, texts in kept.items() if key[0] != channel}
            everywhere = Readers(channel="", here=frozenset(), beyond=frozenset({"workspace:test/W"}))
            for word in {word for _, _, text in steps for word in words(text)}:
                expected = {str(ref) for (_, ref), texts in kept.items() if any(holds(text, word) for text in texts)}
                assert set(await found(store, word, everywhere, most=50)) == expected, word
            rows = await store.fetch("SELECT key FROM scopes")
            assert {row["key"] for row in rows} == scopes(kept)
            await store.close()

    asyncio.run(check())


def scopes(kept: dict[tuple[str, int], list[str]]) -> set[str]:
    left = {channel for (channel, _), texts in kept.items() if any(text.strip() for text in texts)}
    return left | {"workspace:test/W"} if left else set()


async def test_the_index_knows_nothing_of_a_removed_passage(store: Store) -> None:
    await keep(store, passage("Café 日本語 Straße हिन्दी", ref="gone"), passage("tea", ref="left"))
    async with store.transaction() as transaction:
        assert await passages.remove(transaction, "turn", ["gone"]) == 1
        await transaction.execute("CREATE VIRTUAL TABLE seen USING fts5vocab (found, 'col')")
        left = {row["term"] for row in await transaction.execute("SELECT term FROM seen WHERE col = 'text'")}
        assert left == {"tea"}


@pytest.mark.parametrize("text", ["🤣", "ͺ", "🤣 tea", "ͺtea", "\u0301"])
async def test_a_text_that_the_tokenizer_reads_otherwise_is_removed_without_a_trace(store: Store, text: str) -> None:
    await keep(store, passage(text))
    async with store.transaction() as transaction:
        await passages.move(transaction, "test/W/C1", "workspace:test/W", "channel:test/W/C1")
        assert await passages.remove(transaction, "turn", ["1"]) == 1
        await transaction.execute("CREATE VIRTUAL TABLE seen USING fts5vocab (found, 'row')")
        assert await transaction.execute("SELECT term FROM seen") == []


async def test_what_comes_back_after_it_was_removed_is_found(store: Store) -> None:
    await keep(store, passage("tea"))
    async with store.transaction() as transaction:
        await passages.remove_where(transaction, "channel = ?", "test/W/C1")
    await keep(store, passage("tea", ref="2"))
    assert await found(store, "tea") == ["2"]


async def test_a_channel_that_has_the_name_of_its_audience_is_removed_without_a_trace(store: Store) -> None:
    same = Readers(channel="x", here=frozenset({"x"}))
    await keep(store, passage("tea", channel="x", audience="x"))
    assert await found(store, "tea", same) == ["1"]
    async with store.transaction() as transaction:
        await passages.remove(transaction, "turn", ["1"])
    assert await found(store, "tea", same) == []


# what is searched for

HOSTILE: Sequence[str] = (
    "",
    '"',
    '"""',
    "AND",
    "OR NOT",
    "NEAR(tea cup, 2)",
    "tea*",
    "^tea",
    "text:tea",
    "scope:s1",
    "{text scope}:s1",
    "s1",
    "tea\x00cup",
    "\x00",
    "(((",
    "-tea +cup",
    "'; DROP TABLE passages; --",
    "𞤀𞤁",
    "\ud800",
    "\u0301",
)


@pytest.mark.parametrize("text", HOSTILE)
async def test_whatever_is_searched_for_finds_only_what_holds_its_words(store: Store, text: str) -> None:
    kept = ["tea cup", "near the and or not", "s2 tools", "drop the table of passages", "𞤀𞤁 adlam"]
    await keep(store, *numbered(*kept))
    expected = {str(number) for number, each in enumerate(kept) if set(words(each)) & set(words(text))}
    assert set(await found(store, text)) == expected


@pytest.mark.parametrize("text", ["x" * 1_000_000, "tea " * 250_000, "日" * 1_000_000, '"' * 1_000_000])
async def test_a_megabyte_can_be_searched_for(store: Store, text: str) -> None:
    await keep(store, passage("tea"))
    assert await found(store, text) == (["1"] if "tea" in text else [])


async def test_where_nothing_was_ever_said_nothing_is_found(store: Store) -> None:
    await store.write("INSERT INTO scopes (key) VALUES (?)", ("workspace:test/W",))
    await store.write("INSERT INTO scopes (key) VALUES (?)", (HERE.channel,))
    assert await found(store, "tea") == []


async def test_hostile_texts_are_kept_and_found(store: Store) -> None:
    storable = [text for text in HOSTILE if text == well_formed(text)]
    await keep(store, *(passage(f"{text} canary", ref=text) for text in storable))
    assert len(await found(store, "canary", most=50)) == len(storable)


# what is best

LONG_AGO = NOW - 400 * DAY


async def test_a_passage_with_all_words_is_before_newer_ones_with_some(store: Store) -> None:
    await keep(store, passage("tea cup saucer spoon sugar", ref="all", at=LONG_AGO))
    await keep(store, *numbered("tea cup saucer spoon", "cup saucer spoon sugar", "tea"))
    assert (await found(store, "tea cup saucer spoon sugar"))[0] == "all"


async def test_a_rare_word_counts_more_than_a_common_one(store: Store) -> None:
    await keep(store, *numbered(*["the report of the day"] * 50))
    await keep(store, passage("zeppelin report", ref="rare", at=LONG_AGO))
    assert (await found(store, "the zeppelin"))[0] == "rare"


async def test_the_newer_wins_where_both_fit_alike(store: Store) -> None:
    await keep(store, passage("tea cup", ref="new"), passage("tea cup", ref="old", at=LONG_AGO))
    assert await found(store, "tea cup") == ["new", "old"]


async def test_no_more_are_returned_than_wanted(store: Store) -> None:
    await keep(store, *numbered(*["tea"] * 20))
    assert await found(store, "tea", most=3) == ["19", "18", "17"]


async def test_a_passage_with_all_words_is_found_behind_many_newer_ones_with_one(store: Store) -> None:
    await keep(store, passage("budget zeppelin", ref="both", at=LONG_AGO))
    await keep(store, *numbered(*["budget only", "zeppelin only"] * 600))
    assert (await found(store, "budget zeppelin"))[0] == "both"


# among very many

FEW = Readers(channel="test/W/C1", here=HERE.here, beyond=frozenset({"channel:test/W/P1"}))
EVERYWHERE = Readers(
    channel="test/W/C1", here=HERE.here, beyond=frozenset(f"channel:test/W/P{number}" for number in range(120))
)


@pytest.mark.parametrize("readers", [HERE, FEW, EVERYWHERE], ids=["here", "and elsewhere", "everywhere"])
async def test_all_is_found_wherever_it_lies_in_a_long_run_of_passages(store: Store, readers: Readers) -> None:
    """The index is asked for a bucket of them at a time, and for more where that was quick."""
    await fill(store, EVERYWHERE)
    for number in range(2, 14):
        await skip_to(store, number * BUCKET - 1)
        await keep(store, *(passage("tea", ref=f"{number}-{side}") for side in range(3)))
    await keep(store, *(passage("tea", ref="elsewhere", channel="test/W/C9") for _ in range(2_100)))
    rows = await store.fetch("SELECT DISTINCT id / ? AS bucket FROM passages ORDER BY bucket", (BUCKET,))
    assert [row["bucket"] for row in rows] == list(range(14))  # the first of each three is in the one before
    assert len(await found(store, "tea", readers, most=100)) == 36
    async with store.transaction() as transaction:
        await passages.move(transaction, "test/W/C1", "workspace:test/W", "channel:test/W/P1")
    assert len(await found(store, "tea", FEW, most=100)) == 36
    assert await found(store, "tea", most=100) == []


async def test_however_busy_everybody_else_is_no_word_is_left_out_for_it(store: Store) -> None:
    async def work() -> None:
        while True:
            time.sleep(0.1)  # noqa: ASYNC251  # as some program's code that awaits nothing for so long
            await asyncio.sleep(0)

    await keep(store, passage("tea", ref="1"), passage("cup", ref="2"), passage("saucer", ref="3"))
    await skip_to(store, 11 * BUCKET)
    await keep(store, passage("new"))
    busy = asyncio.create_task(work())
    try:
        refs = [each.ref for each in await Passages(store, patience=0.1).search(HERE, "tea cup saucer", most=10)]
    finally:
        busy.cancel()
    assert sorted(refs) == ["1", "2", "3"]


async def test_who_sees_much_of_many_places_finds_what_is_behind_all_that_is_looked_at_in_one_go(store: Store) -> None:
    await fill(store, EVERYWHERE)
    await keep(store, passage("tea cup", ref="both", at=LONG_AGO))
    await keep(store, *(passage("cup", ref=f"cup{number}") for number in range(100)))
    await keep(store, *(passage("tea", ref="elsewhere", channel="test/W/C9") for _ in range(1_400)))
    await keep(store, *(passage("tea", ref=f"tea{number}") for number in range(700)))
    assert (await found(store, "tea cup", EVERYWHERE))[0] == "both"


async def fill(store: Store, readers: Readers) -> None:
    """Have something said in each of the places that they see."""
    await keep(store, *(passage("-", ref=place, audience=place) for place in readers.beyond))


async def skip_to(store: Store, number: int) -> None:
    """Give the next passage this number."""
    await store.write("UPDATE sqlite_sequence SET seq = ? WHERE name = 'passages'", (number - 1,))


# who sees many places


async def test_who_sees_many_places_finds_what_is_behind_much_that_is_said_elsewhere(store: Store) -> None:
    await fill(store, EVERYWHERE)
    await keep(store, passage("alpha beta", ref="both", channel="test/W/P7", audience="channel:test/W/P7"))
    await keep(store, *(passage(word, ref=f"{word}{number}") for word in ("alpha", "beta") for number in range(150)))
    elsewhere = [
        passage("alpha beta", ref=f"e{number}", channel="test/W/P999", audience="channel:test/W/P999")
        for number in range(2_100)
    ]
    await keep(store, *elsewhere)
    everything = await found(store, "alpha beta", EVERYWHERE, most=100)
    assert everything[0] == "both", "it holds both words"
    assert not {each for each in everything if each.startswith("e")}
    assert "beta149" in everything


async def test_who_sees_many_places_is_told_of_rare_words_before_common_ones(store: Store) -> None:
    await fill(store, EVERYWHERE)
    await keep(store, passage("zeppelin", ref="rare"))
    await keep(store, *(passage("tea", ref=f"common{number}") for number in range(600)))
    elsewhere = [
        passage("tea", ref=f"e{number}", channel="test/W/P999", audience="channel:test/W/P999")
        for number in range(2_100)
    ]
    await keep(store, *elsewhere)
    assert (await found(store, "tea zeppelin", EVERYWHERE))[0] == "rare"


# what is shown


async def test_what_is_found_says_what_it_is_of_and_where_it_comes_from(store: Store) -> None:
    await keep(store, passage("Tea\nat  five", kind="fact", ref="7", at=5.0))
    [one] = await Passages(store, patience=PATIENT).search(HERE, "TEA", most=3)
    assert (one.kind, one.ref, one.text, one.link, one.at) == ("fact", "7", "Tea at five", "at:7", 5.0)


async def test_every_word_of_a_long_text_is_found_up_to_its_last_piece(store: Store) -> None:
    many = [f"word{number}" for number in range(9_000)]
    await keep(store, passage(" ".join(many)))
    rows = await store.fetch("SELECT text FROM passages")
    assert len(rows) == MOST_PIECES
    assert max(len(row["text"]) for row in rows) <= LONGEST
    kept = [word for row in rows for word in row["text"].split()]
    assert kept == many[: len(kept)]
    assert await found(store, kept[-1]) == ["1"]


@given(st.lists(st.sampled_from(["tea", "the", "cup", "x" * 40]), min_size=1, max_size=400), st.integers(0, 400))
def test_an_excerpt_shows_a_word_that_is_in_the_text(before: list[str], place: int) -> None:
    text = " ".join([*before[:place], "zeppelin", *before[place:]])
    shown = excerpt(text, ["zeppelin"])
    assert "zeppelin" in shown
    assert len(shown) <= 604


def test_an_excerpt_says_where_something_was_left_out() -> None:
    shown = excerpt("a " * 500 + "zeppelin" + " b" * 500, ["zeppelin"])
    assert shown.startswith("… ")
    assert shown.endswith(" …")
