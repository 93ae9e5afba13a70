"""What is recalled: one's own turns whole, the channel's in brief, nothing of other audiences, within the budget."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import Finished
from core.facts import Facts
from core.items import Answer, Call, Item, Question, Result
from core.journal import Journal
from core.memory import Memory, estimate
from core.messages import Audience, Conversation, Reply
from core.store import Store, open_store
from core.summaries import Place, Summaries
from core.traces import erase
from tests.scripted import message

WORKSPACE = Audience(scope="workspace", id="test/W")
PRIVATE = Audience(scope="channel", id="test/W/C1")
ANA = Audience(scope="person", id="test/U1")


def place(channel: str = "C1", thread: str | None = None) -> Conversation:
    return Conversation(platform="test", workspace="W", channel=channel, thread=thread)


def turn_of(name: str, *, size: int = 1) -> list[Item]:
    """A turn in which a skill was called; `size` is the length of its result."""
    call = Call(id=f"c{name}", name="roll", arguments="{}")
    return [
        Question(text=f"question {name}"),
        Answer(calls=(call,)),
        Result(call_id=call.id, name="roll", text="6" * size),
        Answer(text=f"answer {name}"),
    ]


def brief_of(name: str) -> list[Item]:
    return [Question(text=f"question {name}"), Answer(text=f"answer {name}")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """A store with turns to remember."""

    store: Store
    turns: int = 24
    tokens: int = 12_000

    @property
    def memory(self) -> Memory:
        return Memory(self.store, turns=self.turns, tokens=self.tokens)

    async def remember(self, items: Sequence[Item], where: Conversation, audience: Audience = WORKSPACE) -> None:
        asked = replace(message("?"), conversation=where, audience=audience)
        journal = Journal(self.store, self.memory)
        accepted = await journal.accept(asked)
        assert accepted is not None
        turn = (await journal.start(accepted)).turn
        await journal.close(turn, Finished(reply=Reply(text="."), items=tuple(items)), [])

    async def recall(self, where: Conversation, audience: Audience = WORKSPACE) -> list[Item]:
        return list((await self.memory.recall(where, audience)).items)


@contextlib.asynccontextmanager
async def kept(folder: Path, turns: int = 24, tokens: int = 12_000) -> AsyncIterator[Keeper]:
    store = await open_store(folder / "steward.db")
    try:
        yield Keeper(store=store, turns=turns, tokens=tokens)
    finally:
        await store.close()


async def test_nothing_is_recalled_where_nothing_was_said(tmp_path: Path) -> None:
    async with kept(tmp_path) as keeper:
        assert await keeper.recall(place()) == []


async def test_turns_are_recalled_whole_and_oldest_first(tmp_path: Path) -> None:
    async with kept(tmp_path) as keeper:
        await keeper.remember(turn_of("1"), place())
        await keeper.remember(turn_of("2"), place())

        assert await keeper.recall(place()) == turn_of("1") + turn_of("2")


async def test_what_is_remembered_is_there_after_a_restart(tmp_path: Path) -> None:
    async with kept(tmp_path) as keeper:
        await keeper.remember(turn_of("1"), place())
    async with kept(tmp_path) as keeper:
        assert await keeper.recall(place()) == turn_of("1")


async def test_a_thread_sees_the_channel_in_brief_and_then_its_own_turns_whole(tmp_path: Path) -> None:
    async with kept(tmp_path) as keeper:
        await keeper.remember(turn_of("channel"), place())
        await keeper.remember(turn_of("other thread"), place(thread="T2"))
        await keeper.remember(turn_of("thread"), place(thread="T1"))

        assert await keeper.recall(place(thread="T1")) == (
            brief_of("channel") + brief_of("other thread") + turn_of("thread")
        )


async def test_the_channel_sees_its_threads_in_brief(tmp_path: Path) -> None:
    async with kept(tmp_path) as keeper:
        await keeper.remember(turn_of("thread"), place(thread="T1"))
        await keeper.remember(turn_of("channel"), place())

        assert await keeper.recall(place()) == brief_of("thread") + turn_of("channel")


async def test_what_is_said_elsewhere_while_people_talk_in_a_thread_changes_nothing_before_its_turns(
    tmp_path: Path,
) -> None:
    async with kept(tmp_path) as keeper:
        await keeper.remember(turn_of("before"), place())
        await keeper.remember(turn_of("thread 1"), place(thread="T1"))
        first = await keeper.recall(place(thread="T1"))
        await keeper.remember(turn_of("meanwhile"), place())
        await keeper.remember(turn_of("thread 2"), place(thread="T1"))

        assert await keeper.recall(place(thread="T1")) == first + turn_of("thread 2")


async def test_after_a_pause_a_thread_sees_what_was_said_elsewhere_meanwhile(tmp_path: Path) -> None:
    async with kept(tmp_path) as keeper:
        await keeper.remember(turn_of("thread 1"), place(thread="T1"))
        await keeper.remember(turn_of("meanwhile"), place())
        await keeper.store.write("UPDATE memory SET at = at - 700")

        seen = brief_of("meanwhile") + turn_of("thread 1")
        assert await keeper.recall(place(thread="T1")) == seen, "before the next turn"
        await keeper.remember(turn_of("thread 2"), place(thread="T1"))
        await keeper.remember(turn_of("later"), place())
        assert await keeper.recall(place(thread="T1")) == seen + turn_of("thread 2"), "and after it"


async def test_a_thread_sees_the_latest_of_its_channel(tmp_path: Path) -> None:
    async with kept(tmp_path, turns=8) as keeper:
        for number in range(5):
            await keeper.remember(turn_of(str(number)), place())

        assert await keeper.recall(place(thread="T1")) == brief_of("3") + brief_of("4"), "a quarter of 8, the newest"


@pytest.mark.parametrize(
    "elsewhere",
    [
        place("C2"),
        place("C2", "T1"),
        place("C"),
        place("C1/T1"),
        replace(place(), workspace="V"),
        replace(place(), platform="tests"),
    ],
)
async def test_other_channels_are_never_seen(tmp_path: Path, elsewhere: Conversation) -> None:
    async with kept(tmp_path) as keeper:
        await keeper.remember(turn_of("elsewhere"), elsewhere)

        assert await keeper.recall(place()) == []
        assert await keeper.recall(place(thread="T1")) == []
        assert await keeper.recall(place(thread="T2")) == []


@pytest.mark.parametrize(
    ("said_to", "read_by", "seen"),
    [
        (WORKSPACE, WORKSPACE, True),
        (WORKSPACE, PRIVATE, True),
        (WORKSPACE, ANA, True),
        (PRIVATE, PRIVATE, True),
        (PRIVATE, WORKSPACE, False),
        (PRIVATE, ANA, False),
        (ANA, ANA, True),
        (ANA, WORKSPACE, False),
        (ANA, PRIVATE, False),
        (ANA, Audience(scope="person", id="test/U2"), False),
        (Audience(scope="workspace", id="test/V"), WORKSPACE, False),
    ],
)
async def test_what_was_said_is_used_only_where_every_reader_could_see_it(
    tmp_path: Path, said_to: Audience, read_by: Audience, seen: bool
) -> None:
    async with kept(tmp_path) as keeper:
        await keeper.remember(turn_of("1"), place(), said_to)

        assert bool(await keeper.recall(place(), read_by)) is seen, "as its own turn"
        assert bool(await keeper.recall(place(thread="T1"), read_by)) is seen, "in brief"


async def test_no_more_turns_are_recalled_than_the_limit_and_the_newest_are_kept(tmp_path: Path) -> None:
    async with kept(tmp_path, turns=2) as keeper:
        for number in range(4):
            await keeper.remember(turn_of(str(number)), place())

        assert await keeper.recall(place()) == turn_of("2") + turn_of("3")


@pytest.mark.parametrize(("turns", "tokens"), [(0, 12_000), (24, 0)])
async def test_a_limit_of_nothing_recalls_nothing(tmp_path: Path, turns: int, tokens: int) -> None:
    async with kept(tmp_path, turns=turns, tokens=tokens) as keeper:
        await keeper.remember(turn_of("1"), place())

        assert await keeper.recall(place()) == []


async def test_the_first_turn_that_does_not_fit_is_recalled_in_brief(tmp_path: Path) -> None:
    async with kept(tmp_path, tokens=150) as keeper:
        await keeper.remember(turn_of("oldest"), place())
        await keeper.remember(turn_of("large", size=900), place())
        await keeper.remember(turn_of("newest"), place())

        assert await keeper.recall(place()) == brief_of("large") + turn_of("newest")


async def test_a_newest_turn_that_is_too_large_is_shortened_and_not_lost(tmp_path: Path) -> None:
    said: list[Item] = [Question(text="what? " * 500), Answer(text="größer " * 500)]
    async with kept(tmp_path, tokens=100) as keeper:
        await keeper.remember(said, place())

        question, answer = await keeper.recall(place())
    assert question.text.startswith("what? what? ")
    assert question.text.endswith(" …")
    assert answer.text.startswith("größer größer ")
    assert answer.text.endswith(" …")
    assert 80 < estimate([question, answer]) <= 100


async def test_a_channel_does_not_push_out_the_turns_of_a_thread(tmp_path: Path) -> None:
    async with kept(tmp_path, tokens=160) as keeper:
        await keeper.remember(turn_of("thread"), place(thread="T1"))
        for number in range(6):
            await keeper.remember([Question(text="loud " * 99), Answer(text=f"noise {number}")], place())

        recalled = await keeper.recall(place(thread="T1"))

    assert recalled[-4:] == turn_of("thread")
    assert estimate(recalled[:-4]) <= 40, "a quarter"


async def test_a_thread_that_fills_the_budget_leaves_nothing_for_the_channel(tmp_path: Path) -> None:
    async with kept(tmp_path, tokens=1000) as keeper:
        await keeper.remember(turn_of("thread", size=2790), place(thread="T1"))
        await keeper.remember(turn_of("channel", size=2790), place())

        assert estimate(turn_of("thread", size=2790)) > 950, "it fills the budget"
        assert await keeper.recall(place(thread="T1")) == turn_of("thread", size=2790)


async def test_erasing_turns_erases_nothing_else(tmp_path: Path) -> None:
    async with kept(tmp_path) as keeper:
        await keeper.remember(turn_of("1"), place())
        await keeper.remember(turn_of("2"), place(thread="T1"))
        await keeper.remember(turn_of("3"), place("C2"))

        async with keeper.store.transaction() as transaction:
            await erase(transaction, [1, 2])

        assert await keeper.recall(place()) == []
        assert await keeper.recall(place(thread="T1")) == []
        assert await keeper.recall(place("C2")) == turn_of("3")


async def test_a_turn_without_items_is_not_remembered(tmp_path: Path) -> None:
    async with kept(tmp_path) as keeper:
        await keeper.remember([], place())

        assert await keeper.store.fetch("SELECT * FROM memory") == []


@pytest.mark.parametrize(
    ("item", "tokens"),
    [
        (Question(text=""), 4),
        (Question(text="abc"), 5),
        (Question(text="字"), 5),
        (Result(call_id="1", name="roll", text="abcdef"), 6),
        (Answer(text="abc", calls=(Call(id="1", name="roll", arguments='{"a":1}'),)), 12),
        (Answer(reasoning=({"text": "x" * 298},)), 107),
    ],
)
def test_the_estimate_counts_bytes_items_calls_and_reasoning(item: Item, tokens: int) -> None:
    assert estimate([item]) == tokens
    assert estimate([item, item]) == 2 * tokens


# Whatever was said


texts = st.text(st.sampled_from("a 字😀\n"), max_size=400)
made_calls = st.lists(st.builds(Call, id=st.just("1"), name=st.just("roll"), arguments=texts), max_size=2).map(tuple)
between = st.one_of(
    st.builds(Answer, text=texts, calls=made_calls),
    st.builds(Result, call_id=st.just("1"), name=st.just("roll"), text=texts),
)
said = st.tuples(texts, st.lists(between, max_size=3), texts).map(
    lambda parts: [Question(text=parts[0]), *parts[1], Answer(text=parts[2])]
)
places = st.builds(place, st.sampled_from(["C1", "C2"]), st.sampled_from([None, "T1", "T2"]))
audiences = st.sampled_from([WORKSPACE, PRIVATE, ANA, Audience(scope="person", id="test/U2")])


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(said, st.sampled_from([None, "T1", "T2"])), max_size=8),
    st.integers(0, 12),
    st.integers(0, 700),
)
def test_the_budget_is_never_exceeded_and_a_turn_is_whole_or_brief(
    history: list[tuple[list[Item], str | None]], turns: int, tokens: int
) -> None:
    async def recalled() -> list[Item]:
        with tempfile.TemporaryDirectory() as folder:
            async with kept(Path(folder), turns, tokens) as keeper:
                for items, thread in history:
                    await keeper.remember(items, place(thread=thread))
                return await keeper.recall(place(thread="T1"))

    items = asyncio.run(recalled())

    assert estimate(items) <= tokens, "over the budget"
    groups = grouped(items)
    assert len(groups) <= turns + turns // 4, "too many turns"
    assert all(any(same_turn(group, whole) for whole, _ in history) for group in groups), "neither whole nor brief"


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(said, st.sampled_from([None, "T1", "T2"])), min_size=1, max_size=6),
    st.lists(st.text(st.sampled_from("a 字"), max_size=300).map(lambda text: f"fact {text}"), max_size=4),
    st.lists(st.tuples(st.sampled_from([None, "T1"]), st.integers(1, 6), texts), max_size=3),
    st.integers(0, 1_200),
)
def test_the_budget_is_never_exceeded_with_facts_and_summaries_either(
    history: list[tuple[list[Item], str | None]],
    facts: list[str],
    folded: list[tuple[str | None, int, str]],
    tokens: int,
) -> None:
    async def recalled() -> list[Item]:
        with tempfile.TemporaryDirectory() as folder:
            async with kept(Path(folder), tokens=tokens) as keeper:
                for items, thread in history:
                    await keeper.remember(items, place(thread=thread))
                for text in facts:
                    await Facts(keeper.store).remember(text, message("?"), 99)
                for thread, upto, text in folded:
                    where = Place(key=place(thread=thread).key, channel=place().key, audience=WORKSPACE.key)
                    left = await Summaries(keeper.store).left(where, most=upto)
                    if left.turns:
                        await Summaries(keeper.store).extend(left, left.turns, text, 0)
                return await keeper.recall(place(thread="T1"))

    assert estimate(asyncio.run(recalled())) <= tokens


def grouped(items: Sequence[Item]) -> list[list[Item]]:
    groups: list[list[Item]] = []
    for item in items:
        if isinstance(item, Question):
            groups.append([])
        groups[-1].append(item)
    return groups


def same_turn(group: Sequence[Item], whole: Sequence[Item]) -> bool:
    """Whether this is the turn, or its question and final answer, shortened or not."""
    if list(group) == list(whole):
        return True
    return len(group) == 2 and all(
        part.type == of.type and (part.text == of.text or of.text.startswith(part.text.removesuffix(" …")))
        for part, of in zip(group, (whole[0], whole[-1]), strict=True)
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(places, audiences), min_size=1, max_size=10), places, audiences)
def test_s4_no_canary_of_another_channel_or_audience_is_ever_seen(
    rows: list[tuple[Conversation, Audience]], where: Conversation, reader: Audience
) -> None:
    async def recalled() -> list[Item]:
        with tempfile.TemporaryDirectory() as folder:
            async with kept(Path(folder)) as keeper:
                for number, (said_in, audience) in enumerate(rows):
                    await keeper.remember(turn_of(f"canary {number}."), said_in, audience)
                return await keeper.recall(where, reader)

    seen = "\n".join(item.text for item in asyncio.run(recalled()))

    for number, (said_in, audience) in enumerate(rows):
        allowed = said_in.channel_key == where.channel_key and audience in (reader, WORKSPACE)
        assert allowed or f"canary {number}." not in seen


async def test_a_turn_that_cannot_be_read_is_logged_and_the_others_are_recalled(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with kept(tmp_path) as keeper:
        for where in (place(thread="T"), place()):
            await keeper.remember(turn_of("a"), where)
            await keeper.remember(turn_of("b"), where)
        await keeper.store.write("UPDATE memory SET items = '{' WHERE turn IN (1, 3)")

        assert await keeper.recall(place()) == [*brief_of("b"), *turn_of("b")]
        assert "what turn 1 said cannot be read" in caplog.text
