"""From an accepted message to a delivered answer."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from core import Attachment, skill
from core.errors import ModelError, PlatformError, UserError
from core.items import Answer, Result, Step, dump_step
from core.messages import Conversation, Reply, dump_message
from core.store import Store
from core.store.migrations import MIGRATIONS
from core.troubles import Troubles
from tests.house import House, house
from tests.incidents import id_in, without_id
from tests.scripted import Asked, KeptOutlet, ScriptedModel, calls, message, says
from tests.waiting import until


async def forgotten(steward: House, here: Conversation) -> tuple[int, int]:
    """Forget a channel."""
    erased = (await steward.forgetting.place(here)).erased
    return erased.turns, erased.files


async def test_f1_a_message_delivered_again_is_answered_once(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(says("once"))) as steward:
        asked = message("hi")
        accepted = await asyncio.gather(*(steward.turns.accept(asked) for _ in range(8)))
        await steward.turns.idle()
        assert sorted(accepted) == [False] * 7 + [True]
        assert steward.outlet.texts == ["once"]


async def test_f3_of_two_that_are_handed_one_message_the_one_that_stored_it_answers(tmp_path: Path) -> None:
    asked, outlet = message("hi"), KeptOutlet()
    async with (
        house(tmp_path, ScriptedModel(says("once")), outlet=outlet) as one,
        house(tmp_path, ScriptedModel(), outlet=outlet) as other,
    ):
        fresh = await one.turns.accept(asked)
        again = await other.turns.accept(asked)
        await asyncio.gather(one.turns.idle(), other.turns.idle())
        assert (fresh, again) == (True, False)
        assert outlet.texts == ["once"]
        assert len(outlet.drafts) == 1, "the one that came second showed that it works on it"


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


async def test_a_message_is_answered_although_who_handed_it_over_stopped_waiting(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(says("hello"))) as steward:
        accepting = asyncio.create_task(steward.turns.accept(message("hi")))
        await asyncio.sleep(0)
        accepting.cancel()
        await asyncio.gather(accepting, return_exceptions=True)
        await until(lambda: steward.outlet.texts == ["hello"])


async def test_f37_turns_of_one_conversation_are_answered_in_order(tmp_path: Path) -> None:
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


async def test_f6_an_accepted_message_is_answered_after_a_restart(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(), start=False) as steward:
        await steward.turns.accept(message("hi"))
        await steward.turns.idle()
    async with house(tmp_path, ScriptedModel(says("hello again"))) as steward:
        await steward.turns.idle()
        assert steward.outlet.texts == ["hello again"]


async def test_f51_a_turn_cut_off_goes_on_with_its_stored_steps(tmp_path: Path) -> None:
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


async def test_what_a_steward_of_the_first_version_left_is_answered_and_delivered(tmp_path: Path) -> None:
    running, waiting = message("look"), message("hi", channel="C2")
    steps: list[Step] = [calls(("look", "{}")), Result(call_id="c0", name="look", text="nothing there")]
    with contextlib.closing(sqlite3.connect(tmp_path / "steward.db")) as old:
        old.executescript(MIGRATIONS[0] + "PRAGMA user_version = 1")
        for asked, state in ((running, "running"), (waiting, "answered")):
            old.execute(
                "INSERT INTO turns (key, platform, conversation, channel, audience, author, message, state, attempt,"
                " received_at) VALUES (?, 'test', ?, ?, ?, 'U1', ?, ?, 1, 0)",
                (
                    asked.id,
                    asked.conversation.key,
                    asked.conversation.channel_key,
                    asked.audience.key,
                    dump_message(asked),
                    state,
                ),
            )
        for number, step in enumerate(steps):
            item = dump_step(step).replace('"unknown":false,', "")
            old.execute("INSERT INTO steps (turn, number, item) VALUES (1, ?, ?)", (number, item))
        for part, text in enumerate(("hello", "and welcome")):
            old.execute("INSERT INTO outbox (turn, part, text, files) VALUES (2, ?, ?, '[]')", (part, text))
        old.commit()
    model = ScriptedModel(says("There is nothing."))
    async with house(tmp_path, model) as steward:
        await steward.turns.idle()
        assert model.asked[0].items[1:] == tuple(steps)
        sent = {part.key: (part.text, part.opens, part.repeated) for _, part in steward.outlet.sent}
        assert sent == {
            "1.0": ("There is nothing.", True, False),
            "2.0": ("hello", True, True),
            "2.1": ("and welcome", False, False),
        }
        assert not await steward.turns.accept(waiting), "a redelivery would be answered again"


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


async def test_f8_a_stale_worker_is_refused_and_says_nothing(tmp_path: Path) -> None:
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


async def test_f7_parts_left_at_a_restart_are_delivered_and_sent_ones_are_not_repeated(tmp_path: Path) -> None:
    outlet = KeptOutlet()
    outlet.failures = [None, *(PlatformError("connection lost") for _ in range(8))]
    async with house(tmp_path, ScriptedModel(says("first\fsecond\fthird")), outlet=outlet) as steward:
        await steward.answer(message("hi"))
        assert outlet.texts == ["first"]
    async with house(tmp_path, ScriptedModel()) as steward:
        await steward.turns.idle()
        assert steward.outlet.texts == ["second", "third"]
        attempts = (*outlet.attempts[:1], *steward.outlet.attempts)
        assert [part.repeated for part in attempts] == [False, True, False], "only one can have been on its way"
        assert steward.outlet.attempts[0].known == {"m1"}
        assert await steward.journal.unfinished() == []


async def test_f4_other_answers_in_the_channel_are_known_to_be_others_when_a_part_is_looked_for(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(says("one"), says("one"), says("elsewhere"))) as steward:
        await steward.answer(message("first"), message("again"))
        await steward.answer(message("hi", channel="C2"))
        assert [part.known for part in steward.outlet.attempts] == [set(), {"m1"}, set()]


async def test_f46_when_an_upload_is_refused_the_text_lands_with_a_note(tmp_path: Path) -> None:
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


async def test_f45_a_fault_inside_is_said_with_the_turn_to_look_for_and_the_next_turn_works(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with house(tmp_path, ScriptedModel(RuntimeError("secret detail"), says("fine"))) as steward:
        await steward.answer(message("first"), message("second"))
        assert f"[{id_in(steward.outlet.texts[0])}]" in caplog.text
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
        assert all(draft.closed for draft in steward.outlet.drafts)
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
        assert [draft.turn.attempt for draft in outlet.drafts] == [1, 2], "the platform must look for what was sent"


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
        await forgotten(steward, here)
        model.hold.set()
        await steward.turns.idle()
        assert steward.outlet.texts == ["the canary sings"]
        await steward.answer(message("and the bird?"))
        assert "canary" not in model.asked[1].text


class Bank:
    """Pays once it is open; `paid` is what it paid."""

    def __init__(self) -> None:
        self.paid: list[int] = []
        self.open = asyncio.Event()

    @property
    def pay(self) -> Callable[..., Awaitable[str]]:
        """The skill."""

        @skill(effects="outside")
        async def pay(amount: int) -> str:
            """Pay money."""
            if amount < 0:
                raise RuntimeError("the bank hung up")
            await self.open.wait()
            self.paid.append(amount)
            return f"paid {amount}"

        return pay


@pytest.fixture
async def bank() -> Bank:
    opened = Bank()
    opened.open.set()
    return opened


async def cut_off_while_paying(folder: Path, bank: Bank) -> None:
    """Have a turn begin to pay, and end the program before it is known whether that was done."""
    bank.open.clear()
    async with house(folder, ScriptedModel(calls(("pay", '{"amount": 5}'))), bank.pay) as steward:
        await steward.turns.accept(message("pay 5"))
        await until_stored(steward.store, "begun")
        await steward.turns.close()
    bank.open.set()


async def until_stored(store: Store, kind: str) -> None:
    """Wait for a step of this kind."""
    async with asyncio.timeout(10):
        while not await store.fetch("SELECT 1 FROM steps WHERE item ->> 'type' = ?", (kind,)):  # noqa: ASYNC110  # a file
            await asyncio.sleep(0.005)


async def test_f50_a_skill_with_effects_that_was_cut_off_is_not_run_again_and_the_answer_says_so(
    tmp_path: Path,
    bank: Bank,
) -> None:
    await cut_off_while_paying(tmp_path, bank)
    model = ScriptedModel(says("I tried to pay."))
    async with house(tmp_path, model, bank.pay) as steward:
        await steward.turns.idle()
        assert bank.paid == []
        [told] = [item for item in model.asked[0].items if isinstance(item, Result)]
        assert (told.unknown, told.ok) == (True, False)
        [text] = steward.outlet.texts
        assert text.startswith("I tried to pay.\n\n(I do not know whether `pay` was carried out")


async def test_f50_a_model_that_calls_it_again_in_the_same_answer_is_refused(tmp_path: Path, bank: Bank) -> None:
    await cut_off_while_paying(tmp_path, bank)
    model = ScriptedModel(calls(("pay", '{"amount": 6}')), says("Sorry."))
    async with house(tmp_path, model, bank.pay) as steward:
        await steward.turns.idle()
        assert bank.paid == []
        assert "was not run" in model.asked[1].items[-1].text


async def test_f50_it_may_be_asked_for_again_in_a_new_message(tmp_path: Path, bank: Bank) -> None:
    await cut_off_while_paying(tmp_path, bank)
    model = ScriptedModel(says("I tried."), calls(("pay", '{"amount": 5}')), says("Done now."))
    async with house(tmp_path, model, bank.pay) as steward:
        await steward.turns.idle()
        await steward.answer(message("pay it again"))
        assert bank.paid == [5]
        assert steward.outlet.texts[1] == "Done now."


async def test_f50_a_skill_with_effects_that_fails_midway_is_in_doubt_too(tmp_path: Path, bank: Bank) -> None:
    model = ScriptedModel(calls(("pay", '{"amount": -1}')), says("It failed."))
    async with house(tmp_path, model, bank.pay) as steward:
        await steward.answer(message("pay"))
        assert "I do not know whether `pay` was carried out" in steward.outlet.texts[0]


async def test_two_calls_with_effects_side_by_side_are_both_run(tmp_path: Path, bank: Bank) -> None:
    model = ScriptedModel(calls(("pay", '{"amount": 1}'), ("pay", '{"amount": 2}')), says("Both."))
    async with house(tmp_path, model, bank.pay) as steward:
        await steward.answer(message("pay 1 and 2"))
        assert sorted(bank.paid) == [1, 2]
        assert steward.outlet.texts == ["Both."]


@pytest.mark.parametrize("end", [ModelError("The model is away."), RuntimeError("a bug")])
async def test_what_was_done_before_there_was_no_answer_is_said_and_known_to_the_next(
    tmp_path: Path, bank: Bank, end: Exception
) -> None:
    model = ScriptedModel(calls(("pay", '{"amount": 5}')), end, says("You have paid."))
    async with house(tmp_path, model, bank.pay) as steward:
        await steward.answer(message("pay 5"), message("did you pay?"))
        assert "(`pay` was carried out before that.)" in steward.outlet.texts[0]
        assert "paid 5" in model.asked[2].text


async def test_a_failed_turn_tried_again_is_not_known_twice(tmp_path: Path, bank: Bank) -> None:
    model = ScriptedModel(
        calls(("pay", '{"amount": 5}')), ModelError("The model is away."), says("Paid."), says("Once.")
    )
    async with house(tmp_path, model, bank.pay) as steward:
        await steward.answer(message("pay 5"))
        await Troubles(steward.store).retry(1)
        await until(lambda: len(steward.outlet.sent) == 2)
        await steward.answer(message("how often?"))
        assert [asked.text.count("paid 5") for asked in model.asked[1:]] == [1, 1, 1]


async def test_f31_a_call_that_gives_the_same_again_and_again_is_not_run_for_ever(tmp_path: Path) -> None:
    ran: list[int] = []

    @skill
    async def look() -> str:
        """Look."""
        ran.append(1)
        return "nothing"

    model = ScriptedModel(*[calls(("look", "{}"))] * 4, says("There is nothing."))
    async with house(tmp_path, model, look) as steward:
        await steward.answer(message("look"))
        assert len(ran) == 2
        assert "was not run again" in model.asked[3].items[-1].text
        assert steward.outlet.texts == ["There is nothing."]


async def test_f34_an_answer_that_takes_too_long_is_given_up_with_a_sentence(tmp_path: Path) -> None:
    model = ScriptedModel(says("never heard"), says("quick"))
    model.hold.clear()
    async with house(tmp_path, model, longest=0.05) as steward:
        await steward.answer(message("slow"))
        [text] = steward.outlet.texts
        assert text.startswith("I gave this up after 0.05 seconds. Perhaps it can be asked in smaller steps.")
        model.hold.set()
        await steward.answer(message("quick"))
        assert steward.outlet.texts[1] == "quick"


async def test_an_answer_given_up_while_a_skill_with_effects_ran_says_that_it_is_in_doubt(
    tmp_path: Path, bank: Bank
) -> None:
    bank.open.clear()
    async with house(tmp_path, ScriptedModel(calls(("pay", '{"amount": 5}'))), bank.pay, longest=0.2) as steward:
        await steward.answer(message("pay 5"))
        assert "I do not know whether `pay` was carried out" in steward.outlet.texts[0]


class Clumsy(KeptOutlet):
    def split(self, reply: Reply) -> Sequence[Reply]:
        raise RuntimeError("a bug in the splitter")


async def test_where_a_reply_cannot_be_divided_what_is_in_doubt_is_still_said(tmp_path: Path, bank: Bank) -> None:
    model = ScriptedModel(calls(("pay", '{"amount": -1}')), says("It failed."))
    async with house(tmp_path, model, bank.pay, outlet=Clumsy()) as steward:
        await steward.answer(message("pay"))
        assert "I do not know whether `pay` was carried out" in steward.outlet.texts[0]


async def test_a_reply_that_cannot_be_divided_becomes_a_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outlet = Clumsy()
    async with house(tmp_path, ScriptedModel(says("long")), outlet=outlet) as steward:
        await steward.answer(message("hi"))
        assert f"[{id_in(outlet.texts[0])}]" in caplog.text
        assert "a bug in the splitter" in caplog.text


# Stopping


async def test_stopping_lets_an_answer_under_way_come_to_its_end_and_begins_no_other(tmp_path: Path) -> None:
    model = ScriptedModel(says("in time"))
    model.hold.clear()
    async with house(tmp_path, model) as steward:
        await steward.turns.accept(message("first"))
        await steward.turns.accept(message("second"))
        await until(lambda: model.busy == 1)
        stopping = asyncio.create_task(steward.turns.drain(30.0))
        await asyncio.sleep(0)
        assert await steward.turns.accept(message("third", channel="C2")), "a message that comes meanwhile is stored"
        model.hold.set()
        await stopping
        assert steward.outlet.texts == ["in time"]
    async with house(tmp_path, ScriptedModel(says("two"), says("three"))) as steward:
        await steward.turns.idle()
        assert sorted(steward.outlet.texts) == ["three", "two"]


async def test_stopping_does_not_wait_for_ever(tmp_path: Path) -> None:
    first = ScriptedModel(says("never heard"))
    first.hold.clear()
    async with house(tmp_path, first) as steward:
        await steward.turns.accept(message("hi"))
        await until(lambda: first.busy == 1)
        await steward.turns.drain(0.01)
        assert steward.outlet.texts == []
        await steward.turns.close()
    async with house(tmp_path, ScriptedModel(says("later"))) as steward:
        await steward.turns.idle()
        assert steward.outlet.texts == ["later"]


async def test_turns_that_wait_for_a_free_place_are_not_begun_while_stopping(tmp_path: Path) -> None:
    model = ScriptedModel(says("one"))
    model.hold.clear()
    async with house(tmp_path, model, parallel=1) as steward:
        await steward.turns.accept(message("hi", channel="C1"))
        await until(lambda: model.busy == 1)
        await steward.turns.accept(message("hi", channel="C2"))
        stopping = asyncio.create_task(steward.turns.drain(30.0))
        await asyncio.sleep(0)
        model.hold.set()
        await stopping
        assert steward.outlet.texts == ["one"]
        assert len(await steward.journal.unfinished()) == 1


# Parked turns, and trying again


async def test_a_turn_that_had_its_chances_is_parked_and_taken_up_at_the_next_start(tmp_path: Path) -> None:
    outlet = KeptOutlet()
    outlet.failures = [PlatformError("connection lost") for _ in range(8 * 20)]
    async with house(tmp_path, ScriptedModel(says("hello")), outlet=outlet, first_pause=0.0) as steward:
        await steward.turns.accept(message("hi"))
        await until(lambda: not outlet.failures)
        await steward.turns.idle()
        [trouble] = await Troubles(steward.store).list()
        assert (trouble.turn, trouble.kind) == (1, "stuck")
        assert trouble.reason == "The platform did not take the answer."
    async with house(tmp_path, ScriptedModel()) as steward:
        await steward.turns.idle()
        assert steward.outlet.texts == ["hello"]
        assert await Troubles(steward.store).list() == []


async def test_a_failed_turn_tried_again_is_answered_with_the_steps_it_had(tmp_path: Path, bank: Bank) -> None:
    model = ScriptedModel(calls(("pay", '{"amount": 5}')), ModelError("The model is away."), says("Paid 5."))
    async with house(tmp_path, model, bank.pay) as steward:
        await steward.answer(message("pay 5"))
        [text] = steward.outlet.texts
        assert without_id(text) == "The model is away.\n\n(`pay` was carried out before that.)"
        [trouble] = await Troubles(steward.store).list()
        assert (trouble.kind, trouble.reason[:18]) == ("failed", "The model is away.")
        await Troubles(steward.store).retry(1)
        await until(lambda: len(steward.outlet.sent) == 2)
        assert steward.outlet.texts[1] == "Paid 5."
        assert bank.paid == [5], "what was done is not done again"
        assert [(part.key, part.opens) for _, part in steward.outlet.sent] == [("1.0", True), ("1.1", True)]
        assert await Troubles(steward.store).list() == []


async def test_a_turn_that_failed_so_long_ago_that_its_steps_are_gone_is_not_tried_again(
    tmp_path: Path, bank: Bank
) -> None:
    model = ScriptedModel(calls(("pay", '{"amount": 5}')), ModelError("The model is away."))
    async with house(tmp_path, model, bank.pay) as steward:
        await steward.answer(message("pay 5"))
        await steward.store.write("UPDATE turns SET closed_at = closed_at - 8 * 86400")
        await steward.journal.sweep()
        assert await Troubles(steward.store).list() == []
        with pytest.raises(UserError, match="failed too long ago"):
            await Troubles(steward.store).retry(1)


async def test_an_answer_tried_again_uses_no_key_of_what_may_have_been_sent_before(tmp_path: Path) -> None:
    outlet = KeptOutlet()
    outlet.failures = [PlatformError("connection lost") for _ in range(8)]
    model = ScriptedModel(ModelError("The model is away."), says("hello"))
    async with house(tmp_path, model, outlet=outlet, first_pause=3600.0) as steward:
        await steward.answer(message("hi"))
        await Troubles(steward.store).retry(1)
        await until(lambda: outlet.sent)
        await steward.turns.idle()
        assert [(part.key, part.text.partition(" (The log")[0]) for part in outlet.attempts[7:]] == [
            ("1.0", "The model is away."),
            ("1.1", "hello"),
        ]
        assert await steward.journal.unfinished() == []


async def test_a_part_that_was_refused_is_sent_when_it_is_tried_again(tmp_path: Path) -> None:
    outlet = KeptOutlet()
    outlet.failures = [PlatformError("not in this channel", permanent=True)]
    async with house(tmp_path, ScriptedModel(says("hello")), outlet=outlet) as steward:
        await steward.answer(message("hi"))
        assert [trouble.kind for trouble in await Troubles(steward.store).list()] == ["undelivered"]
        await Troubles(steward.store).retry(1)
        await until(lambda: outlet.texts == ["hello"])


async def test_a_turn_that_pauses_is_hurried_when_it_is_tried_again(tmp_path: Path) -> None:
    outlet = KeptOutlet()
    outlet.failures = [PlatformError("connection lost") for _ in range(8)]
    async with house(tmp_path, ScriptedModel(says("hello")), outlet=outlet, first_pause=3600.0) as steward:
        await steward.answer(message("hi"))
        await Troubles(steward.store).retry(1)
        await until(lambda: outlet.texts == ["hello"])


async def test_of_two_that_are_tried_again_in_a_paused_conversation_each_is_answered_once(tmp_path: Path) -> None:
    outlet = KeptOutlet()
    outlet.failures = [PlatformError("connection lost") for _ in range(8)]
    model = ScriptedModel(says("one"), says("two"))
    async with house(tmp_path, model, outlet=outlet, first_pause=3600.0) as steward:
        await steward.answer(message("first"))
        await steward.turns.accept(message("second"))
        await asyncio.gather(Troubles(steward.store).retry(1), Troubles(steward.store).retry(2))
        await until(lambda: len(outlet.sent) == 2)
        await steward.turns.idle()
        assert outlet.texts == ["one", "two"]
        assert model.busiest == 1


@pytest.mark.parametrize(("turn", "why"), [(1, "Turn 1 was answered"), (7, "There is no turn 7")])
async def test_what_cannot_be_tried_again_is_said(tmp_path: Path, turn: int, why: str) -> None:
    async with house(tmp_path, ScriptedModel(says("hello"))) as steward:
        await steward.answer(message("hi"))
        with pytest.raises(UserError, match=why):
            await Troubles(steward.store).retry(turn)


async def test_what_is_forgotten_cannot_be_tried_again(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(ModelError("The model is away."))) as steward:
        await steward.answer(message("canary"))
        here = message("").conversation
        await forgotten(steward, here)
        assert await Troubles(steward.store).list() == []
        with pytest.raises(UserError, match="is forgotten"):
            await Troubles(steward.store).retry(1)


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
        counts = await forgotten(steward, here)
        assert counts == (1, 1)
        await steward.answer(message("again", channel="C1", thread="t"), message("again", channel="C2"))
        assert "canary" not in model.asked[3].text
        assert "elsewhere" in model.asked[4].text
        assert list((tmp_path / "files").iterdir()) == []
