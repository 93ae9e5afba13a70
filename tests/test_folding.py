"""Folding: older turns become a summary before there is no room for them, in the background; nothing is lost by it."""

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from core.clerk import Clerk
from core.config import MemoryConfig
from core.errors import ContextOverflowError, ModelError
from core.folding import Folding
from core.items import Answer, Item, Usage
from core.memory import estimate
from core.messages import Attachment, Audience, Message
from core.reading.excerpt import Excerpt, fenced
from core.usage import Usages
from tests.house import House, house
from tests.scripted import Asked, ScriptedModel, SteadyModel, message, says
from tests.secretary import careful, dropping, folding, material, secretary
from tests.waiting import until

SMALL = MemoryConfig(turns=10, tokens=2_000)
"""Folded are the turns that are more than 7, down to 4."""


def writer() -> SteadyModel:
    return SteadyModel(secretary(careful))


def answering() -> SteadyModel:
    return SteadyModel(says("Fine."))


async def talk(opened: House, *texts: str, thread: str | None = None) -> None:
    for text in texts:
        await opened.answer(message(text, thread=thread))
        await opened.settle()


def numbered(first: int, last: int) -> list[str]:
    return [f"said {number}." for number in range(first, last + 1)]


def before(asked: Asked) -> tuple[Item, ...]:
    """What the model is given to read before the question."""
    return asked.items[:-1]


async def kept_of(opened: House) -> list[tuple[str, int]]:
    rows = await opened.store.fetch("SELECT text, upto FROM summaries ORDER BY place, audience, upto")
    return [(row["text"], row["upto"]) for row in rows]


async def test_older_turns_are_folded_before_the_budget_is_reached_and_the_latest_stay_whole(tmp_path: Path) -> None:
    clerk = writer()
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        await talk(opened, *numbered(1, 7))
        assert clerk.asked == [], "there is room for three more"
        await talk(opened, "said 8.")
        assert len(clerk.asked) == 1, "once"
        await talk(opened, "said 9.")

        head, read, *kept = before(opened.model.asked[-1])
        assert [item.text for item in kept[::2]] == [f"Ana: said {number}." for number in range(5, 9)]
    assert all(f"Ana: said {number}." in head.text for number in range(1, 5)), "the first four are in the summary"
    assert "said 5." not in head.text, "and no others"
    assert read.type == "answer"
    assert opened.outlet.drafts[-1].finished.report.summarized


async def test_a_long_turn_is_folded_for_its_tokens(tmp_path: Path) -> None:
    clerk = writer()
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        await talk(opened, "long. " * 700)
        assert clerk.asked == [], "of a single turn nothing can be folded"
        await talk(opened, "short.")
    assert len(clerk.asked) == 1
    assert "short." not in clerk.asked[0].text


async def test_the_next_summary_is_made_of_the_one_before_and_the_turns_since(tmp_path: Path) -> None:
    clerk = writer()
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        await talk(opened, *numbered(1, 12))
    (first, since_first), (second, since) = map(material, clerk.asked)
    assert first == ""
    assert since_first.count("Ana: ") == 4
    assert "said 1." in second
    assert "said 5." not in second
    assert since.count("Ana: ") == 4
    assert since.count("Assistant: Fine.") == 4, "with the answers"


async def test_raw_turns_stay_searchable(tmp_path: Path) -> None:
    clerk = SteadyModel(says("They talked."))
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        await talk(opened, "Let us name the robot Zebedee.", *numbered(2, 9))
        readers = await opened.keeper.readers(message("?"), opened.outlet.sees)
        found = await opened.keeper.passages.search(readers, "name of the robot", most=3)
    assert "Zebedee" in found[0].text
    assert found[0].kind == "turn"


@pytest.mark.parametrize(
    "failure", [says(""), says("  \n"), ModelError("It is out of reach."), RuntimeError("a bug")], ids=repr
)
async def test_a_failed_or_empty_summary_changes_nothing_and_is_tried_again_after_the_next_answer(
    tmp_path: Path, failure: Answer | Exception
) -> None:
    clerk = ScriptedModel(failure, secretary(careful))
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        await talk(opened, *numbered(1, 8))
        assert await kept_of(opened) == []
        await talk(opened, "said 9.")
        assert opened.model.asked[-1].text.count("Ana: said") == 9, "all are recalled as they are"
        assert len(await kept_of(opened)) == 1
        await talk(opened, "said 10.")
    await clerk.close()
    assert opened.outlet.texts == ["Fine."] * 10, "answers know nothing of it"


async def test_an_overlong_summary_is_cut_to_its_share(tmp_path: Path) -> None:
    clerk = SteadyModel(says("very long " * 5_000))
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        await talk(opened, *numbered(1, 9))
        [(text, _)] = await kept_of(opened)
    assert len(text.encode()) <= SMALL.tokens // 4 * 3
    assert estimate(before(opened.model.asked[-1])) <= SMALL.tokens


async def test_what_the_model_left_out_of_numbers_and_files_is_put_back(tmp_path: Path) -> None:
    clerk = SteadyModel(says("They talked."))
    sent = message("The budget is 4,800 euros until 2027-03-01. See the file")
    file = "[file f0123456789ab: plan, final.txt, text/plain, 2 kB]"
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        await talk(opened, f"{sent.text}\n{file}", *numbered(2, 9))
        [(text, _)] = await kept_of(opened)
    assert "- Ana: The budget is 4,800 euros until 2027-03-01\n" in text
    assert text.endswith("\n\n[file f0123456789ab: plan, final.txt]")


async def test_what_was_read_of_files_counts_as_nothing_that_people_named(tmp_path: Path) -> None:
    clerk = SteadyModel(says("They talked."))
    file = Attachment(filename="a.txt", media_type="text/plain", id="f0123456789ab")
    excerpt = Excerpt(text="31415926", name="text", unit="line", first=1, last=1, total=1)
    read = f"look at this\n[file f0123456789ab: a.txt, text/plain, 2 kB]\n{fenced(excerpt, file)}"
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        await talk(opened, read, *numbered(2, 9))
        [(text, _)] = await kept_of(opened)
    assert "31415926" not in text
    assert "text/plain" not in text


# Edits, deletions, forgetting


async def first_of(opened: House, text: str = "The code name is Walrus.") -> Message:
    first = message(text)
    await opened.answer(first)
    await talk(opened, *numbered(2, 8))
    assert text in (await kept_of(opened))[-1][0], "it is in the summary"
    return first


async def test_an_edited_turn_leaves_every_summary_that_knows_of_it_and_the_next_is_made_without(
    tmp_path: Path,
) -> None:
    clerk = writer()
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        first = await first_of(opened)
        await talk(opened, *numbered(9, 12))
        assert len(await kept_of(opened)) == 2
        await opened.desk.edited(replace(first, text="The code name is Otter."))
        await opened.settle()
        assert not [text for text, _ in await kept_of(opened) if "Walrus" in text]
        assert "Otter" in (await kept_of(opened))[-1][0], "it was made anew after the new answer"
        await talk(opened, "which name?", "again?")
        assert "Otter" in opened.model.asked[-1].text
        assert "Walrus" not in opened.model.asked[-1].text


async def test_of_versions_only_those_go_that_know_of_the_edited_turn(tmp_path: Path) -> None:
    clerk = writer()
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        sixth = message("said six.")
        await talk(opened, *numbered(1, 5))
        await opened.answer(sixth)
        await talk(opened, *numbered(7, 12))
        (older, upto), _ = await kept_of(opened)
        asked = len(clerk.asked)
        await opened.desk.edited(replace(sixth, text="said half a dozen."))
        await opened.settle()
        assert (await kept_of(opened))[0] == (older, upto)
        assert material(clerk.asked[asked])[0] == older, "the next is made from the one that does not know of it"
        assert "half a dozen" in (await kept_of(opened))[1][0]


async def test_a_deleted_turn_leaves_every_summary(tmp_path: Path) -> None:
    clerk = writer()
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        first = await first_of(opened)
        await opened.desk.deleted(first.id)
        await opened.settle()
        assert await kept_of(opened) == []
        await talk(opened, "said 9.", "said 10.")
        assert "Walrus" not in opened.model.asked[-1].text
        assert "said 2." in opened.model.asked[-1].text
        rows = await opened.store.fetch("SELECT text FROM passages")
        assert not [row for row in rows if "Walrus" in row["text"]]


async def test_what_a_person_has_forgotten_leaves_the_summaries_of_threads_and_channel(tmp_path: Path) -> None:
    clerk = writer()
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        await opened.answer(message("The code name is Walrus.", author="U2", thread="T"))
        await talk(opened, *numbered(2, 8), thread="T")
        assert len(await kept_of(opened)) == 2, "one of the thread and one of the channel"
        receipt = await opened.forgetting.person(frozenset({"test/U2"}))
        assert receipt.erased.summaries == 2
        assert await kept_of(opened) == []
        await talk(opened, "said 9.", "said 10.", thread="T")
        assert "Walrus" not in opened.model.asked[-1].text
        assert "Walrus" not in "".join(text for text, _ in await kept_of(opened))


@pytest.mark.parametrize("change", ["edit", "delete", "forget"])
async def test_a_summary_during_which_one_of_its_turns_changes_is_not_kept(tmp_path: Path, change: str) -> None:
    clerk = writer()
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        first = message("The code name is Walrus.")
        await opened.answer(first, *map(message, numbered(2, 7)))
        clerk.hold.clear()
        await opened.answer(message("said 8."))
        await until(lambda: clerk.busy)
        if change == "edit":
            await opened.desk.edited(replace(first, text="The code name is Otter."))
        elif change == "delete":
            await opened.desk.deleted(first.id)
        else:
            await opened.forgetting.person(frozenset({"test/U1"}))
        await opened.turns.idle()
        clerk.hold.set()
        await opened.settle()
        assert not [text for text, _ in await kept_of(opened) if "Walrus" in text]
        await talk(opened, "said 9.", "said 10.")
        assert "Walrus" not in opened.model.asked[-1].text


def sent(opened: House, count: int) -> bool:
    return len(opened.outlet.texts) == count


# Order, places, audiences, restarts


async def test_a_turn_that_closes_late_with_a_lower_number_is_not_lost(tmp_path: Path) -> None:
    clerk = writer()
    model = SteadyModel(says("Fine."))
    async with house(tmp_path, model, folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        model.hold.clear()
        await opened.turns.accept(message("The slow one says Walrus.", thread="slow"))
        await until(lambda: model.busy)
        model.step, waiting = says("Quick."), model.hold
        model.hold = asyncio.Event()
        model.hold.set()
        for place, text in enumerate(numbered(2, 13)):
            await opened.turns.accept(message(text))
            await until(partial(sent, opened, place + 1))
        await until(lambda: len(clerk.asked) == 2)
        await opened.afterwards.idle()
        assert len(await kept_of(opened)) == 2
        assert "Walrus" not in (await kept_of(opened))[-1][0]
        waiting.set()
        await opened.settle()
        assert "Walrus" in (await kept_of(opened))[-1][0]
        assert "said 2." in (await kept_of(opened))[-1][0]


async def test_a_thread_and_its_channel_have_a_summary_each(tmp_path: Path) -> None:
    clerk = writer()
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        await talk(opened, *[f"thread {number}." for number in range(1, 9)], thread="T")
        await talk(opened, *[f"channel {number}." for number in range(1, 9)])
        await talk(opened, "what of the thread?", thread="T")
        await talk(opened, "what of another thread?", thread="U")
    own, other = (before(asked)[0].text for asked in opened.model.asked[-2:])
    assert "thread 1." in own
    assert "channel 1." in own, "a thread sees the channel's summary too"
    assert "channel 1." in other
    assert "thread 5." in other
    assert "thread 1." in other, "the channel's summary says what was said in its threads"


async def test_two_audiences_of_one_channel_never_mix(tmp_path: Path) -> None:
    clerk = writer()
    private = Audience(scope="channel", id="test/W/C1")
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        await talk(opened, *[f"open {number}." for number in range(1, 9)])
        for number in range(1, 10):
            await opened.answer(replace(message(f"secret {number}."), audience=private))
            await opened.settle()
        await talk(opened, "what was said in public?", "once more?")
    assert not [asked for asked in clerk.asked if "secret" in asked.text and "open" in asked.text]
    inside, outside = opened.model.asked[16], opened.model.asked[-1]
    assert "secret 1." in inside.text
    assert "open 1." in inside.text, "who is in the private channel could see what was said before it was one"
    assert "secret" not in outside.text
    assert "open 1." in outside.text


async def test_folding_goes_on_after_a_restart(tmp_path: Path) -> None:
    clerk = writer()
    async with house(tmp_path, answering()) as opened:
        await talk(opened, *numbered(1, 8))
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        await talk(opened, "said 9.")
        assert [upto for _, upto in await kept_of(opened)] == [5]
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        await talk(opened, *numbered(10, 14))
        assert "said 1." in opened.model.asked[0].text
        assert material(clerk.asked[-1])[0].startswith("Ana: said 1.")


async def test_a_conversation_far_beyond_the_budget_is_caught_up_with_in_bounded_steps_that_are_charged(
    tmp_path: Path,
) -> None:
    spent = Usage(input=700, output=60)
    async with house(tmp_path, answering()) as opened:
        await opened.answer(*[message(f"said {number}. " + "words " * 100) for number in range(1, 121)])
    clerk = SteadyModel(lambda asked: replace(secretary(careful)(asked), usage=spent))
    async with house(
        tmp_path,
        answering(),
        recalled=SMALL,
        folding=lambda store: Folding(
            store, Clerk(store, clerk, cost=lambda usage: usage.input / 1000), turns=SMALL.turns, tokens=SMALL.tokens
        ),
    ) as opened:
        await talk(opened, "where were we?", "and now?")
        steps = len(clerk.asked)
        assert steps > 5
        assert all(estimate(asked.items) <= 2 * SMALL.tokens for asked in clerk.asked), "each step is bounded"
        assert max(upto for _, upto in await kept_of(opened)) >= 117
        assert "said 117." in opened.model.asked[-1].text
        bill = await Usages(opened.store).this_month(frozenset({"test/U1"}))
    assert bill.usage.input == steps * 700
    assert bill.cost == pytest.approx(steps * 0.7)


async def test_other_places_do_not_wait_for_one_that_is_caught_up_with(tmp_path: Path) -> None:
    async with house(tmp_path, answering()) as opened:
        await opened.answer(*[message(f"said {number}. " + "words " * 100) for number in range(1, 113)])
        await opened.answer(*[message(f"elsewhere {number}.", channel="C2") for number in range(8)])
    clerk = writer()
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        clerk.hold.clear()
        await opened.answer(message("where were we?"), message("here?", channel="C2"))
        clerk.hold.set()
        await opened.settle()
    assert "elsewhere 1." in clerk.asked[1].text, "second, not last"
    assert len(clerk.asked) > 5


async def test_turns_that_the_model_cannot_read_together_are_folded_in_smaller_steps(tmp_path: Path) -> None:
    def narrow(asked: Asked) -> Answer:
        if material(asked)[1].count("Ana:") > 1:
            raise ContextOverflowError("It is too long for the model.")
        return secretary(careful)(asked)

    clerk = SteadyModel(narrow)
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        await talk(opened, *numbered(1, 9))
        assert (await kept_of(opened))[-1][1] >= 1
        assert "said 1." in (await kept_of(opened))[-1][0]


async def test_an_answer_does_not_wait_for_a_summary_and_closing_ends_it_at_once(tmp_path: Path) -> None:
    clerk = writer()

    async def interrupted() -> None:
        async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
            clerk.hold.clear()
            await opened.answer(*map(message, numbered(1, 9)))
            assert len(opened.outlet.texts) == 9
            await until(lambda: clerk.busy)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await interrupted()
    assert clerk.busy == 0, "the request was ended"


async def test_nothing_of_what_was_said_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "steward")
    clerk = ScriptedModel(says(""), secretary(careful))
    async with house(tmp_path, answering(), folding=folding(clerk, SMALL), recalled=SMALL) as opened:
        await talk(opened, *[f"Walrus {number}." for number in range(9)])
    assert "5 turns of test/W/C1 were summarized" in caplog.text
    assert "Walrus" not in caplog.text


@pytest.mark.parametrize("recalled", [MemoryConfig(turns=0), MemoryConfig(tokens=100)])
async def test_nothing_is_folded_where_no_summary_would_be_recalled(tmp_path: Path, recalled: MemoryConfig) -> None:
    clerk = ScriptedModel()
    async with house(tmp_path, answering(), folding=folding(clerk, recalled), recalled=recalled) as opened:
        await opened.answer(*map(message, numbered(1, 30)))
    await clerk.close()


async def test_f35_a_model_that_cannot_read_as_much_is_given_a_shorter_summary(tmp_path: Path) -> None:
    clerk = SteadyModel(says("The code name is Walrus. " * 40))
    model = ScriptedModel(*[says("Fine.")] * 8, ContextOverflowError("It is too long."), says("Walrus."))
    large = MemoryConfig(turns=10, tokens=12_000)
    async with house(tmp_path, model, folding=folding(clerk, large), recalled=large) as opened:
        await talk(opened, *[f"said {number}. {'words ' * 500}" for number in range(8)], "what is the name?")
    first, second = model.asked[-2:]
    assert estimate(before(second)) <= estimate(before(first)) // 4
    assert "Walrus" in before(second)[0].text
    assert opened.outlet.texts[-1] == "Walrus."


# The stable prefix


async def test_over_a_hundred_turns_a_request_begins_like_the_one_before_but_after_folds_and_new_facts(
    tmp_path: Path,
) -> None:
    clerk, recalled = writer(), MemoryConfig(turns=24, tokens=6_000)
    async with house(tmp_path, answering(), folding=folding(clerk, recalled), recalled=recalled) as opened:
        changes = 0
        for number in range(100):
            if number in (30, 60):
                await opened.keeper.facts.remember(f"fact {number}", message("?"), number)
                changes += 1
            await talk(opened, f"in the thread {number}.", thread="T")
            await talk(opened, f"elsewhere {number}.")
        requests = [asked for asked in opened.model.asked if "in the thread" in asked.items[-1].text]
        assert len({asked.instructions for asked in requests}) == 1
        changed = sum(not begins_like(each, last) for last, each in pairwise(requests))
        folds = len(clerk.asked)
    assert changed <= folds + changes
    assert folds < 40


def begins_like(asked: Asked, last: Asked) -> bool:
    return asked.items[: len(last.items)] == last.items


# Long conversations


FACTS: Sequence[tuple[str, str, str]] = (
    ("decision", "We decided to paint the boat shed green.", "green"),
    ("name", "The new caretaker is called Mortimer Quill.", "Mortimer Quill"),
    ("number", "The roof will cost 18,450 euros.", "18,450"),
    ("question", "It is still open whether the ferry runs in winter.", "ferry"),
    ("file", "Here is the map [file f00112233aabb: harbour-map.txt, text/plain, 2 kB]", "f00112233aabb"),
)


async def test_of_a_long_conversation_the_summary_holds_what_was_said_early_and_no_request_is_over_the_budget(
    tmp_path: Path,
) -> None:
    clerk = SteadyModel(secretary(partial(dropping, chance=random.Random(7))))
    recalled, size = MemoryConfig(turns=24, tokens=3_000), 300
    async with house(tmp_path, answering(), folding=folding(clerk, recalled), recalled=recalled) as opened:
        early = [text for _, text, _ in FACTS]
        talked = [f"chatting about this and that, {word}." for word in words_of(size - len(early))]
        await talk(opened, *talked[:20], *early, *talked[20:])
    requests = opened.model.asked
    assert max(estimate(before(asked)) for asked in requests) <= recalled.tokens
    first = next(asked for asked in requests if {"file"} <= held_in(asked))
    assert {"number", "file"} <= held_in(first), "these are put back where the model left them out at once"
    assert len(held_in(first)) > 2, "it did not leave out everything else"
    assert held_in(requests[-1]) == held_in(first), "what is in a summary once, stays"
    assert len(clerk.asked) > 20


def held_in(asked: Asked) -> set[str]:
    """The kinds of facts that a request holds in its summary."""
    head = asked.items[0].text
    return {kind for kind, _, answer in FACTS if head.startswith("What was said before") and answer in head}


def words_of(count: int) -> list[str]:
    chance = random.Random(3)
    return ["".join(chance.choices("abcdefghij", k=6)) for _ in range(count)]
