"""From an accepted message to a delivered answer."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core import Attachment, skill
from core.errors import PlatformError
from core.forgetting import forget
from core.items import Answer, Result
from tests.house import house
from tests.scripted import Asked, KeptOutlet, ScriptedModel, calls, message, says


async def test_a_message_delivered_again_is_answered_once(tmp_path: Path) -> None:
    """F1."""
    async with house(tmp_path, ScriptedModel(says("once"))) as steward:
        asked = message("hi")
        accepted = await asyncio.gather(*(steward.turns.accept(asked) for _ in range(8)))
        await steward.turns.idle()
        assert sorted(accepted) == [False] * 7 + [True]
        assert steward.outlet.texts == ["once"]


async def test_a_message_delivered_again_after_a_restart_is_answered_once(tmp_path: Path) -> None:
    asked = message("hi")
    async with house(tmp_path, ScriptedModel(says("once"))) as steward:
        await steward.answer(asked)
    async with house(tmp_path, ScriptedModel()) as steward:
        assert not await steward.turns.accept(asked)


async def test_a_message_is_in_the_database_when_accept_returns(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(says("x"))) as steward:
        asked = message("hi")
        await steward.turns.accept(asked)
        assert [turn.message for turn in await steward.journal.unfinished()] == [asked]


async def test_turns_of_one_conversation_are_answered_in_order(tmp_path: Path) -> None:
    """F37."""
    model = ScriptedModel(*(says(str(number)) for number in range(5)))
    async with house(tmp_path, model) as steward:
        await steward.answer(*(message(f"question {number}") for number in range(5)))
        assert [asked.items[-1].text for asked in model.asked] == [f"Ana: question {number}" for number in range(5)]
        assert model.busiest == 1


async def test_conversations_are_answered_side_by_side_up_to_the_limit(tmp_path: Path) -> None:
    model = ScriptedModel(*(says("x") for _ in range(6)))
    model.hold.clear()
    async with house(tmp_path, model, parallel=4) as steward:
        for number in range(6):
            await steward.turns.accept(message("hi", channel=f"C{number}"))
        await until(lambda: model.busy == 4)
        model.hold.set()
        await steward.turns.idle()
        assert model.busiest == 4
        assert len(steward.outlet.sent) == 6


async def test_an_accepted_message_is_answered_after_a_restart(tmp_path: Path) -> None:
    """F6."""
    async with house(tmp_path, ScriptedModel(), start=False) as steward:
        await steward.turns.accept(message("hi"))
        await steward.turns.idle()
    async with house(tmp_path, ScriptedModel(says("hello again"))) as steward:
        await steward.turns.idle()
        assert steward.outlet.texts == ["hello again"]


async def test_a_turn_cut_off_goes_on_with_its_stored_steps(tmp_path: Path) -> None:
    """F51."""
    ran: list[str] = []

    @skill
    def work(part: str) -> Attachment:
        """Do a part."""
        ran.append(part)
        return Attachment(filename=f"{part}.txt", media_type="text/plain", content=part.encode())

    def then_hang(_: Asked) -> Answer:
        first.hold.clear()
        return calls(("work", '{"part": "one"}'))

    first = ScriptedModel(then_hang, says("never heard"))
    async with house(tmp_path, first, work) as steward:
        await steward.turns.accept(message("work"))
        await until(lambda: len(first.asked) == 2)
        await steward.turns.close()
    second = ScriptedModel(calls(("work", '{"part": "two"}')), says("both"))
    async with house(tmp_path, second, work) as steward:
        await steward.turns.idle()
        assert ran == ["one", "two"]
        assert [type(item) for item in second.asked[0].items[1:]] == [Answer, Result]
        assert [part.text for part in steward.outlet.attempts] == ["both", "", ""]
        assert [part.attachments[0].content for part in steward.outlet.attempts[1:]] == [b"one", b"two"]


async def test_a_turn_whose_steps_cannot_be_read_ends_in_a_sentence(tmp_path: Path) -> None:
    first = ScriptedModel(says("never heard"))
    first.hold.clear()
    async with house(tmp_path, first) as steward:
        await steward.turns.accept(message("work"))
        await until(lambda: first.busy == 1)
        await steward.store.write("INSERT INTO steps (turn, number, item) VALUES (1, 0, '{')")
        await steward.turns.close()
    async with house(tmp_path, ScriptedModel()) as steward:
        await steward.turns.idle()
        assert [text[:28] for text in steward.outlet.texts] == ["Something went wrong inside "]
        assert await steward.journal.unfinished() == []


async def test_a_stale_worker_is_refused_and_says_nothing(tmp_path: Path) -> None:
    """F8."""
    model = ScriptedModel(says("too late"))
    model.hold.clear()
    async with house(tmp_path, model) as steward:
        await steward.turns.accept(message("hi"))
        await until(lambda: model.busy == 1)
        [turn] = await steward.journal.unfinished()
        await steward.journal.start(turn)
        model.hold.set()
        await steward.turns.idle()
        assert steward.outlet.sent == []
        assert [left.id for left in await steward.journal.unfinished()] == [turn.id]


async def test_a_part_that_was_not_sent_is_tried_again_with_its_key(tmp_path: Path) -> None:
    outlet = KeptOutlet()
    outlet.failures = [PlatformError("slow down", retry_after=0.001), PlatformError("connection lost"), None]
    async with house(tmp_path, ScriptedModel(says("hello")), outlet=outlet) as steward:
        await steward.answer(message("hi"))
        assert [part.key for part in outlet.attempts] == ["1.0", "1.0", "1.0"]
        assert outlet.texts == ["hello"]


async def test_parts_left_at_a_restart_are_delivered_and_sent_ones_are_not_repeated(tmp_path: Path) -> None:
    """F7."""
    outlet = KeptOutlet()
    outlet.failures = [None, *(PlatformError("connection lost") for _ in range(8))]
    async with house(tmp_path, ScriptedModel(says("first\fsecond")), outlet=outlet) as steward:
        await steward.answer(message("hi"))
        assert outlet.texts == ["first"]
    async with house(tmp_path, ScriptedModel()) as steward:
        await steward.turns.idle()
        assert steward.outlet.texts == ["second"]
        assert [part.repeated for part in (*outlet.attempts[:1], *steward.outlet.attempts)] == [False, True]
        assert await steward.journal.unfinished() == []


async def test_when_an_upload_is_refused_the_text_lands_with_a_note(tmp_path: Path) -> None:
    """F46."""

    @skill
    def draw() -> Attachment:
        """Draw."""
        return Attachment(filename="big.png", media_type="image/png", content=b"PNG")

    outlet = KeptOutlet()
    outlet.failures = [None, PlatformError("the file is too large", permanent=True)]
    async with house(tmp_path, ScriptedModel(calls(("draw", "{}")), says("here")), draw, outlet=outlet) as steward:
        await steward.answer(message("draw"))
        assert outlet.texts == ["here", "(I could not upload big.png: the file is too large)"]


async def test_a_part_refused_for_good_does_not_keep_the_rest(tmp_path: Path) -> None:
    outlet = KeptOutlet()
    outlet.failures = [PlatformError("not allowed here", permanent=True)]
    async with house(tmp_path, ScriptedModel(says("one\ftwo")), outlet=outlet) as steward:
        await steward.answer(message("hi"))
        assert outlet.texts == ["two"]
        assert await steward.journal.unfinished() == []


async def test_a_fault_inside_is_said_with_the_turn_to_look_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """F45: and the next turn works."""
    async with house(tmp_path, ScriptedModel(RuntimeError("secret detail"), says("fine"))) as steward:
        await steward.answer(message("first"), message("second"))
        assert "under turn 1" in steward.outlet.texts[0]
        assert "secret detail" not in steward.outlet.texts[0]
        assert steward.outlet.texts[1] == "fine"
        assert "secret detail" in caplog.text


FAULTS = {
    "start": "BEFORE UPDATE OF attempt ON turns",
    "close": "BEFORE INSERT ON outbox",
}


@pytest.mark.parametrize("step", ["start", "close"])
async def test_a_turn_cut_off_by_a_passing_fault_is_answered_without_a_restart_and_in_order(
    tmp_path: Path, step: str
) -> None:
    model = ScriptedModel(*[says("lost")] * (step == "close"), says("one"), says("two"), says("elsewhere"))
    async with house(tmp_path, model, first_pause=0.1) as steward:
        await steward.store.write(
            f"CREATE TRIGGER fault {FAULTS[step]} WHEN NEW.{'id' if step == 'start' else 'turn'} = 1"
            " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
        await steward.answer(message("first"), message("second"))
        assert steward.outlet.texts == [], "the second was answered before the first"
        assert steward.outlet.drafts[0].closed
        await steward.store.write("DROP TRIGGER fault")
        await until(lambda: len(steward.outlet.sent) == 2)
        assert steward.outlet.texts == ["one", "two"]
        await steward.answer(message("third", channel="C2"))
        assert await steward.journal.unfinished() == []


async def test_a_fault_that_does_not_pass_stops_neither_other_conversations_nor_the_end(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(says("elsewhere")), first_pause=0.001, parallel=1) as steward:
        await steward.store.write(
            "CREATE TRIGGER fault BEFORE UPDATE OF attempt ON turns WHEN NEW.id = 1"
            " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
        await steward.answer(message("first"))
        await steward.answer(message("hi", channel="C2"))
        assert steward.outlet.texts == ["elsewhere"]
        assert [turn.id for turn in await steward.journal.unfinished()] == [1]


async def test_a_part_that_a_platform_would_not_take_for_long_is_sent_without_a_restart(tmp_path: Path) -> None:
    outlet = KeptOutlet()
    outlet.failures = [*(PlatformError("connection lost") for _ in range(9))]
    async with house(tmp_path, ScriptedModel(says("hello")), outlet=outlet, first_pause=0.001) as steward:
        await steward.answer(message("hi"))
        await until(lambda: outlet.texts == ["hello"])
        assert [draft.turn.attempt for draft in outlet.drafts] == [0, 1], "the platform must look for what was sent"


async def test_a_file_that_comes_with_its_bytes_outlives_a_restart(tmp_path: Path) -> None:
    @skill
    def read(file: Attachment) -> str:
        """Read a file."""
        return (file.content or b"").decode()

    sent = Attachment(filename="notes.txt", media_type="text/plain", content=b"keep me")
    async with house(tmp_path, ScriptedModel(), start=False) as steward:
        await steward.turns.accept(message("read", attachments=(sent,)))
        await steward.turns.idle()
    model = ScriptedModel(
        lambda asked: calls(("read", f'{{"file": "{asked.text.split("[file ")[1].split(":")[0]}"}}')), says("read")
    )
    async with house(tmp_path, model, read) as steward:
        await steward.turns.idle()
        assert "keep me" in model.asked[1].text


async def test_a_platform_that_takes_nothing_does_not_hold_up_the_others(tmp_path: Path) -> None:
    stuck, sound = KeptOutlet(), KeptOutlet()
    stuck.failures = [PlatformError("the network is down", retry_after=60.0)]
    async with house(tmp_path, ScriptedModel(says("one"), says("two")), start=False, parallel=1) as steward:
        await steward.turns.start({"stuck": stuck, "test": sound})
        asked = message("hi")
        await steward.turns.accept(replace(asked, conversation=replace(asked.conversation, platform="stuck")))
        await until(lambda: stuck.attempts)
        await steward.turns.accept(message("hi"))
        await until(lambda: sound.texts)
        await steward.turns.close()
    assert (stuck.texts, len(sound.texts)) == ([], 1)


async def test_what_is_being_answered_when_a_channel_is_forgotten_is_not_remembered(tmp_path: Path) -> None:
    model = ScriptedModel(says("the canary sings"), says("which bird?"))
    model.hold.clear()
    async with house(tmp_path, model) as steward:
        await steward.turns.accept(message("what does the canary do?"))
        await until(lambda: model.busy == 1)
        here = message("").conversation
        await forget(here, store=steward.store, memory=steward.memory, files=steward.files, journal=steward.journal)
        model.hold.set()
        await steward.turns.idle()
        assert steward.outlet.texts == ["the canary sings"]
        await steward.answer(message("and the bird?"))
        assert "canary" not in model.asked[1].text


async def test_drafts_are_closed(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(says("x"), RuntimeError("y"))) as steward:
        await steward.answer(message("one"), message("two"))
        assert [draft.closed for draft in steward.outlet.drafts] == [True, True]


async def test_forgetting_leaves_nothing_of_a_channel_and_everything_of_the_others(tmp_path: Path) -> None:
    @skill
    def make() -> Attachment:
        """Make a file."""
        return Attachment(filename="a", media_type="text/plain", content=b"x")

    model = ScriptedModel(calls(("make", "{}")), says("made"), says("other"), says("who?"), says("still here"))
    async with house(tmp_path, model, make) as steward:
        await steward.answer(message("canary", channel="C1", thread="t"), message("elsewhere", channel="C2"))
        here = message("", channel="C1").conversation
        counts = await forget(
            here, store=steward.store, memory=steward.memory, files=steward.files, journal=steward.journal
        )
        assert counts == (1, 1)
        await steward.answer(message("again", channel="C1", thread="t"), message("again", channel="C2"))
        assert "canary" not in model.asked[3].text
        assert "elsewhere" in model.asked[4].text
        assert list((tmp_path / "files").iterdir()) == []


async def until(reached: Callable[[], object]) -> None:
    """Wait until something has happened."""
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110  # what is waited for are plain values of a fake
            await asyncio.sleep(0.001)
