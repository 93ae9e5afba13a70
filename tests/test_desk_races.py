"""Wishes that come one upon the other, or upon a call with effects."""

import asyncio
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from core import Attachment, skill
from core.delivery import ATTEMPTS
from core.desk import AT_IT, GONE
from core.errors import ModelError, OperatorError, PlatformError
from core.items import Usage
from core.messages import DirectCall, Message, Turn
from core.outlet import Note, Part, unnoted
from core.troubles import Troubles
from core.turns import TRIES
from core.usage import Usages
from tests.house import House, house
from tests.scripted import KeptDraft, KeptOutlet, ScriptedModel, calls, message, says
from tests.test_desk import ANA, BEN, Board, Pinned, by, draw, key, on
from tests.waiting import until


@pytest.fixture
def board() -> Board:
    return Board()


async def test_f39_a_second_edit_while_the_first_ends_the_work_is_taken_in(tmp_path: Path, board: Board) -> None:
    began, ending, end = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @skill
    async def slow() -> str:
        """Take a while to end."""
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            ending.set()
            await end.wait()
        return "slow"

    async with house(tmp_path, ScriptedModel(calls(("slow", "{}")), says("three")), slow, outlet=board) as steward:
        asked = message("first")
        await steward.turns.accept(asked)
        await asyncio.wait_for(began.wait(), 10)
        await steward.desk.edited(replace(asked, text="second"))
        await asyncio.wait_for(ending.wait(), 10)
        try:
            assert await steward.desk.edited(replace(asked, text="third"))
        finally:
            end.set()
        await steward.turns.idle()
        assert on(board) == ["three"]
        assert steward.model.asked[-1].items[-1].text == "Ana: third"


async def test_to_try_again_does_not_undo_an_edit_that_waits(tmp_path: Path, board: Board) -> None:
    model = ScriptedModel(says("one"), says("other"), says("two"))
    async with house(tmp_path, model, outlet=board) as steward:
        asked = message("first")
        await steward.answer(asked)
        model.hold.clear()
        await steward.turns.accept(message("other"))
        await until(lambda: model.busy)
        await steward.desk.edited(replace(asked, text="second"))
        await steward.desk.press(key(board, "again"), by(ANA, asked))
        model.hold.set()
        await steward.turns.idle()
        assert model.asked[-1].items[-1].text == "Ana: second"


async def test_to_try_again_twice_answers_once(tmp_path: Path, board: Board) -> None:
    model = ScriptedModel(says("one"), says("two"))
    async with house(tmp_path, model, outlet=board) as steward:
        asked = message("first")
        await steward.answer(asked)
        model.hold.clear()
        await steward.desk.press(key(board, "again"), by(ANA, asked))
        await until(lambda: model.busy)
        await steward.desk.press(key(board, "again"), by(ANA, asked))
        model.hold.set()
        await steward.turns.idle()
        assert on(board) == ["two"]


async def test_stop_also_ends_an_edited_question_that_waits_its_turn(tmp_path: Path, board: Board) -> None:
    model = ScriptedModel(says("never shown"))
    model.hold.clear()
    async with house(tmp_path, model, outlet=board) as steward:
        one, two = message("first"), message("second")
        await steward.turns.accept(one)
        await steward.turns.accept(two)
        await until(lambda: model.busy)
        await steward.desk.edited(replace(two, text="changed"))
        assert await steward.desk.stop(one.conversation, ANA) == 2
        await steward.turns.idle()
        assert on(board) == ["(Stopped by Ana.)"] * 2
        assert not await steward.desk.edited(replace(two, text="changed")), "the edit is forgotten"


@skill
def joined(one: Attachment, two: Attachment) -> str:
    """Join two files."""
    return f"{(one.content or b'').decode()}+{(two.content or b'').decode()}"


async def test_a_file_that_cannot_be_fetched_is_not_exchanged_for_another(tmp_path: Path) -> None:
    outlet = KeptOutlet()
    outlet.downloads["two"] = b"two"
    files = tuple(Attachment(filename=f"{name}.txt", media_type="text/plain", source=name) for name in ("one", "two"))
    direct = DirectCall(skill="joined", files={"one": 0, "two": 1})
    async with house(tmp_path, ScriptedModel(), joined, outlet=outlet) as steward:
        await steward.answer(replace(message("joined", attachments=files), direct=direct))
        assert "I could not fetch one.txt" in outlet.texts[0]
        assert "+" not in outlet.texts[0]


async def forget_all(steward: House, asked: Message) -> None:
    await steward.forgetting.place(asked.conversation)


async def traces(steward: House) -> str:
    tables = ("turns", "files", "outbox", "steps", "usage", "memory")
    return str([[tuple(row) for row in await steward.store.fetch(f"SELECT * FROM {table}")] for table in tables])


async def test_a_turn_that_was_forgotten_on_its_way_out_leaves_nothing_once_it_is_delivered(tmp_path: Path) -> None:
    outlet = KeptOutlet()
    outlet.failures = [PlatformError("busy")] * ATTEMPTS
    async with house(tmp_path, ScriptedModel(says("a secret")), outlet=outlet, first_pause=0.01) as steward:
        asked = message("tell me the secret")
        await steward.answer(asked)
        await forget_all(steward, asked)
        await until(lambda: outlet.sent)
        await steward.turns.idle()
        await steward.forgetting.unremembered()
        assert "secret" not in await traces(steward)
        assert not await steward.turns.accept(asked), "it is answered again"


async def test_an_edit_that_waits_is_answered_but_not_remembered_after_forgetting(tmp_path: Path, board: Board) -> None:
    paid: list[int] = []

    @skill(effects="outside")
    async def pay(amount: int) -> str:
        """Pay."""
        paid.append(amount)
        return "paid"

    pays = calls(("pay", '{"amount": 5}'))
    model = ScriptedModel(pays, says("one"), says("other"), pays, says("a secret"))
    async with house(tmp_path, model, pay, outlet=board) as steward:
        asked = message("first")
        await steward.answer(asked)
        model.hold.clear()
        await steward.turns.accept(message("other"))
        await until(lambda: model.busy)
        await steward.desk.edited(replace(asked, text="the secret"))
        await forget_all(steward, asked)
        model.hold.set()
        await steward.turns.idle()
        assert on(board)[0] == "a secret"
        assert paid == [5]
        assert (await steward.memory.recall(asked.conversation, asked.audience)).items == ()
        assert await steward.desk.press(key(board, "again"), by(ANA, asked)) in (AT_IT, GONE)
        await steward.turns.idle()
        await steward.forgetting.unremembered()
        assert "secret" not in await traces(steward)
        assert paid == [5]


class Findable(Board):
    """A board on which a part that was sent before is found again."""

    def draft(self, turn: Turn, note: Note = unnoted) -> KeptDraft:
        return Finder(turn=turn, outlet=self, board=self, note=note, free=list(turn.shown))


class Finder(Pinned):
    async def send(self, part: Part) -> str:
        self.free = [] if part.repeated else self.free
        here = f"{self.turn.id}-{part.key}"
        if part.repeated and here in self.board.standing:
            return here
        await super().send(part)
        _, text = self.board.standing.popitem()
        self.board.standing[here] = text
        return here


@pytest.mark.parametrize("change", ["edit", "delete"])
async def test_f39_what_was_sent_without_our_knowing_goes_too(tmp_path: Path, change: str) -> None:
    board = Findable()
    script = [says("one"), says("two")] if change == "edit" else [says("one")]
    async with house(tmp_path, ScriptedModel(*script), outlet=board) as steward:
        asked = message("first")
        with mock.patch.object(steward.journal, "sent", side_effect=OperatorError("The disk is full.")):
            await steward.answer(asked)
        assert on(board) == ["one"]
        if change == "edit":
            await steward.desk.edited(replace(asked, text="second"))
        else:
            await steward.desk.deleted(asked.id)
        await steward.turns.idle()
        assert on(board) == (["two"] if change == "edit" else [])


async def test_f50_a_call_that_was_stopped_midway_is_not_repeated_by_trying_again(tmp_path: Path, board: Board) -> None:
    paid: list[int] = []
    began = asyncio.Event()

    @skill(effects="outside")
    async def pay(amount: int) -> str:
        """Pay."""
        paid.append(amount)
        began.set()
        if len(paid) == 1:
            await asyncio.sleep(60)
        return f"paid {amount}"

    pays = calls(("pay", '{"amount": 5}'))
    async with house(tmp_path, ScriptedModel(pays, pays, says("I do not know.")), pay, outlet=board) as steward:
        asked = message("pay 5")
        await steward.turns.accept(asked)
        await asyncio.wait_for(began.wait(), 10)
        await steward.desk.stop(asked.conversation, ANA)
        await steward.turns.idle()
        assert "outcome unknown" in await steward.desk.press(key(board, "why"), by(ANA, asked))
        await steward.desk.press(key(board, "again"), by(ANA, asked))
        await steward.turns.idle()
        assert paid == [5]
        assert "This was done" not in steward.model.asked[-1].text, "nobody knows that"


async def test_f50_of_a_call_that_an_edit_cut_off_people_are_told(tmp_path: Path, board: Board) -> None:
    began = asyncio.Event()

    @skill(effects="outside")
    async def pay(amount: int) -> str:
        """Pay."""
        began.set()
        await asyncio.sleep(60)
        return f"paid {amount}"

    model = ScriptedModel(calls(("pay", '{"amount": 5}')), says("Hello."))
    async with house(tmp_path, model, pay, outlet=board) as steward:
        asked = message("pay 5")
        await steward.turns.accept(asked)
        await asyncio.wait_for(began.wait(), 10)
        await steward.desk.edited(replace(asked, text="say hello"))
        await steward.turns.idle()
        [answer] = on(board)
        assert answer.startswith("Hello.")
        assert "I do not know whether `pay` was carried out" in answer


async def test_what_a_turn_did_that_failed_long_ago_is_not_done_again(tmp_path: Path, board: Board) -> None:
    paid: list[int] = []

    @skill(effects="outside")
    def pay(amount: int) -> str:
        """Pay."""
        paid.append(amount)
        return "paid"

    pays = calls(("pay", '{"amount": 5}'))
    model = ScriptedModel(pays, ModelError("The model is away."), pays, says("It was paid."))
    async with house(tmp_path, model, pay, outlet=board) as steward:
        asked = message("pay 5")
        await steward.answer(asked)
        await steward.store.write("UPDATE turns SET closed_at = 0")
        await steward.journal.sweep()
        await steward.desk.press(key(board, "again"), by(ANA, asked))
        await steward.turns.idle()
        assert paid == [5]
        assert on(board) == ["It was paid."]


async def test_an_answer_can_be_removed_while_it_is_made(tmp_path: Path, board: Board) -> None:
    model = ScriptedModel(says("one"), says("never shown"))
    async with house(tmp_path, model, outlet=board) as steward:
        asked = message("first")
        await steward.answer(asked)
        [answer] = board.standing
        model.hold.clear()
        await steward.desk.press(key(board, "again"), by(ANA, asked))
        await until(lambda: model.busy)
        assert not await steward.desk.removed(asked.conversation, answer, BEN)
        assert await steward.desk.removed(asked.conversation, answer, ANA)
        await steward.turns.idle()
        assert (on(board), model.busy) == ([], 0)


async def test_a_removal_that_was_given_up_can_be_tried_again(tmp_path: Path, board: Board) -> None:
    async with house(tmp_path, ScriptedModel(says("one")), outlet=board, first_pause=1e-9) as steward:
        asked = message("first")
        await steward.answer(asked)
        board.refuse = [PlatformError("busy")] * TRIES
        await steward.desk.deleted(asked.id)
        await until(lambda: not board.refuse)
        await steward.turns.idle()
        assert on(board) == ["one"]
        await Troubles(steward.store).retry(1)
        await until(lambda: on(board) == [])
        await steward.turns.idle()


async def test_the_steps_of_a_failed_turn_that_is_tried_again_are_charged_once(tmp_path: Path, board: Board) -> None:
    draws = replace(calls(("draw", "{}")), usage=Usage(input=100, output=10))
    answer = replace(says("one"), usage=Usage(input=200, output=20))
    model = ScriptedModel(draws, ModelError("The model is away."), answer)
    async with house(tmp_path, model, draw, outlet=board) as steward:
        asked = message("first")
        await steward.answer(asked)
        await Troubles(steward.store).retry(1)
        await until(lambda: "one" in on(board))
        await steward.turns.idle()
        bill = await Usages(steward.store).of(frozenset({"test/U1"}), since=0.0)
        assert (bill.usage.input, bill.usage.output) == (300, 30)


async def test_what_was_made_before_the_stop_is_shown(tmp_path: Path, board: Board) -> None:
    model = ScriptedModel(calls(("sketch", "{}")), says("never shown"))

    @skill
    async def sketch() -> Attachment:
        """Draw, and let the model take its time from now on."""
        model.hold.clear()
        return Attachment(filename="a.png", media_type="image/png", content=b"png")

    async with house(tmp_path, model, sketch, outlet=board) as steward:
        asked = message("first")
        await steward.turns.accept(asked)
        await until(lambda: len(model.asked) == 2)
        await steward.desk.stop(asked.conversation, ANA)
        await steward.turns.idle()
        assert board.texts[0] == "(Stopped by Ana.)"
        assert [file.filename for _, part in board.sent for file in part.attachments] == ["a.png"]


async def test_forgetting_leaves_no_name_of_who_stopped_an_answer(tmp_path: Path, board: Board) -> None:
    model = ScriptedModel(says("never shown"))
    model.hold.clear()
    async with house(tmp_path, model, outlet=board) as steward:
        asked = message("first")
        await steward.turns.accept(asked)
        await until(lambda: model.busy)
        await steward.desk.stop(asked.conversation, ANA)
        await steward.turns.idle()
        await forget_all(steward, asked)
        assert ANA.name not in await traces(steward)


async def test_f38_an_edit_that_changes_nothing_is_ignored_where_a_file_could_not_be_fetched(
    tmp_path: Path, board: Board
) -> None:
    files = (Attachment(filename="one.txt", media_type="text/plain", source="one"),)
    async with house(tmp_path, ScriptedModel(says("one")), outlet=board) as steward:
        asked = message("first", attachments=files)
        await steward.answer(asked)
        assert "I could not fetch one.txt" in on(board)[0]
        assert not await steward.desk.edited(asked)
