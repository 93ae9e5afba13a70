"""What people change, take back and press: edits, deletions, stops, feedback and the other controls under an answer."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from core import Attachment, skill
from core.config import AgentConfig
from core.controls import Control, check, read
from core.errors import PlatformError
from core.events import Event, TextDelta
from core.feedback import Feedback
from core.items import Result
from core.messages import Message, Person, Turn
from core.outlet import Note, Part, unnoted
from core.usage import Usages
from tests.house import House, house
from tests.scripted import KeptDraft, KeptOutlet, ScriptedModel, calls, message, says
from tests.waiting import until

ANA, BEN = Person(id="U1", name="Ana"), Person(id="U2", name="Ben")


class Board(KeptOutlet):
    """A platform on which messages stand until they are replaced or deleted, by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self.standing: dict[str, str] = {}
        self.refuse: list[PlatformError] = []
        self.controls: dict[str, Control] = {}

    def draft(self, turn: Turn, note: Note = unnoted) -> KeptDraft:
        draft = Pinned(turn=turn, outlet=self, board=self, note=note, free=list(turn.shown))
        self.drafts.append(draft)
        return draft


class Pinned(KeptDraft):
    def __init__(self, *, turn: Turn, outlet: KeptOutlet, board: Board, note: Note, free: list[str]) -> None:
        super().__init__(turn=turn, outlet=outlet)
        self.board, self.note, self.free = board, note, free

    async def show(self, event: Event) -> None:
        await super().show(event)
        if isinstance(event, TextDelta) and not self.free:
            self.free.append(f"live{len(self.board.standing)}")
            self.board.standing[self.free[0]] = "…"
            await self.note(self.free)

    async def send(self, part: Part) -> str:
        sent = await super().send(part)
        here = self.free.pop(0) if self.free else f"{self.turn.id}-{sent}"
        self.board.standing[here] = part.text
        self.board.controls |= {control.action: control for control in part.controls}
        return here

    async def clear(self) -> None:
        if self.board.refuse:
            raise self.board.refuse.pop(0)
        for each in self.free:
            self.board.standing.pop(each, None)


def by(person: Person, asked: Message, text: str = "") -> Message:
    """A press, or another message, at the place of one."""
    return replace(message(text), author=person, conversation=asked.conversation, audience=asked.audience)


def key(board: Board, action: str) -> str:
    return board.controls[action].key


def on(board: Board) -> list[str]:
    return list(board.standing.values())


@pytest.fixture
def board() -> Board:
    return Board()


async def test_f39_an_edited_question_is_answered_anew_in_the_same_place(tmp_path: Path, board: Board) -> None:
    async with house(tmp_path, ScriptedModel(says("one"), says("two")), outlet=board) as steward:
        asked = message("first")
        await steward.answer(asked)
        places = list(board.standing)
        assert await steward.desk.edited(replace(asked, text="second"))
        await steward.turns.idle()
        assert (on(board), list(board.standing)) == (["two"], places)
        assert [item.text for item in steward.model.asked[1].items] == ["Ana: second"], "the old version is recalled"


async def test_f39_an_edited_question_stays_in_the_thread_that_was_opened_from_it(tmp_path: Path, board: Board) -> None:
    async with house(tmp_path, ScriptedModel(says("one"), says("two")), outlet=board) as steward:
        seen = message("first")
        branched = replace(seen.conversation, thread="9")
        await steward.answer(replace(seen, conversation=branched, origin={"thread": "open"}))
        assert await steward.desk.edited(replace(seen, text="second"))
        await steward.turns.idle()
        again = board.drafts[-1].turn.message
        assert (again.text, again.conversation, again.origin) == ("second", branched, {"thread": "open"})


async def test_f39_a_question_edited_while_it_is_answered_is_answered_once(tmp_path: Path, board: Board) -> None:
    model = ScriptedModel(says("one"), says("two"))
    model.hold.clear()
    async with house(tmp_path, model, outlet=board) as steward:
        asked = message("first")
        await steward.turns.accept(asked)
        await until(lambda: model.busy)
        await steward.desk.edited(replace(asked, text="second"))
        model.hold.set()
        await steward.turns.idle()
        assert on(board) == ["two"]
        assert [each.items[-1].text for each in model.asked] == ["Ana: first", "Ana: second"]


async def test_f38_an_edit_that_changes_nothing_is_ignored(tmp_path: Path, board: Board) -> None:
    async with house(tmp_path, ScriptedModel(says("one")), outlet=board) as steward:
        asked = message("first")
        await steward.answer(asked)
        assert not await steward.desk.edited(asked)
        assert not await steward.desk.edited(message("never asked"))


async def test_of_two_edits_the_later_counts(tmp_path: Path, board: Board) -> None:
    model = ScriptedModel(says("one"), says("three"))
    async with house(tmp_path, model, outlet=board) as steward:
        asked = message("first")
        await steward.answer(asked)
        await asyncio.gather(
            steward.desk.edited(replace(asked, text="second")), steward.desk.edited(replace(asked, text="third"))
        )
        await steward.turns.idle()
        assert on(board) == ["three"]
        assert model.asked[-1].items[-1].text == "Ana: third"


async def test_an_edit_that_is_not_wanted_changes_nothing(tmp_path: Path, board: Board) -> None:
    config = AgentConfig(on_edit="ignore", on_delete="keep")
    async with house(tmp_path, ScriptedModel(says("one")), outlet=board, config=config) as steward:
        asked = message("first")
        await steward.answer(asked)
        assert not await steward.desk.edited(replace(asked, text="second"))
        assert not await steward.desk.deleted(asked.id)
        assert on(board) == ["one"]


async def test_a_shorter_answer_leaves_nothing_of_the_longer_one(tmp_path: Path, board: Board) -> None:
    async with house(tmp_path, ScriptedModel(says("one\ftwo\fthree"), says("only")), outlet=board) as steward:
        asked = message("first")
        await steward.answer(asked)
        assert on(board) == ["one", "two", "three"]
        await steward.desk.edited(replace(asked, text="second"))
        await steward.turns.idle()
        assert on(board) == ["only"]
        assert await steward.journal.unfinished() == []


async def test_an_edit_that_came_before_a_restart_is_answered_after_it(tmp_path: Path, board: Board) -> None:
    asked = message("first")
    async with house(tmp_path, ScriptedModel(says("one")), outlet=board) as steward:
        await steward.answer(asked)
        await steward.turns.drain(0)
        await steward.desk.edited(replace(asked, text="second"))
    async with house(tmp_path, ScriptedModel(says("two")), outlet=board) as steward:
        await steward.turns.idle()
        assert on(board) == ["two"]


async def test_f39_a_deleted_question_takes_its_answer_and_its_traces_along(tmp_path: Path, board: Board) -> None:
    async with house(tmp_path, ScriptedModel(calls(("draw", "{}")), says("one")), draw, outlet=board) as steward:
        asked = message("a secret")
        await steward.answer(asked)
        assert await steward.desk.deleted(asked.id)
        await steward.turns.idle()
        assert on(board) == []
        assert (await steward.memory.recall(asked.conversation, asked.audience)).items == ()
        tables = ("turns", "files", "outbox", "steps", "usage")
        rows = [[dict(row) for row in await steward.store.fetch(f"SELECT * FROM {table}")] for table in tables]
        assert "secret" not in str(rows)
        assert await steward.store.fetch("SELECT * FROM files") == []
        assert not await steward.desk.deleted(asked.id)


@skill
def draw() -> Attachment:
    """Draw."""
    return Attachment(filename="a.png", media_type="image/png", content=b"png")


async def test_f39_a_question_deleted_while_it_is_answered_ends_the_work(tmp_path: Path, board: Board) -> None:
    model = ScriptedModel(says("never shown"))
    model.hold.clear()
    async with house(tmp_path, model, outlet=board) as steward:
        asked = message("first")
        await steward.turns.accept(asked)
        await until(lambda: model.busy)
        await steward.desk.deleted(asked.id)
        await steward.turns.idle()
        assert model.busy == 0, "the model is still asked"
        assert on(board) == []


async def test_what_could_not_be_deleted_is_tried_again(tmp_path: Path, board: Board) -> None:
    board.refuse = [PlatformError("busy")]
    async with house(tmp_path, ScriptedModel(says("one")), outlet=board, first_pause=0.01) as steward:
        asked = message("first")
        await steward.answer(asked)
        await steward.desk.deleted(asked.id)
        await until(lambda: on(board) == [])
        await steward.turns.idle()


async def test_an_answer_is_removed_for_the_one_who_asked_and_for_nobody_else(tmp_path: Path, board: Board) -> None:
    async with house(tmp_path, ScriptedModel(says("one")), outlet=board) as steward:
        asked = message("first")
        await steward.answer(asked)
        [answer] = board.standing
        assert not await steward.desk.removed(asked.conversation, answer, BEN)
        assert not await steward.desk.removed(replace(asked.conversation, channel="C9"), answer, ANA)
        assert on(board) == ["one"]
        assert await steward.desk.removed(asked.conversation, answer, ANA)
        await steward.turns.idle()
        assert on(board) == []


async def test_stop_ends_the_model_call_and_says_so(tmp_path: Path, board: Board) -> None:
    model = ScriptedModel(says("never shown"))
    model.hold.clear()
    async with house(tmp_path, model, outlet=board) as steward:
        asked = message("first")
        await steward.turns.accept(asked)
        await until(lambda: model.busy)
        assert await steward.desk.stop(asked.conversation, BEN) == 0
        assert await steward.desk.stop(asked.conversation, ANA) == 1
        await steward.turns.idle()
        assert model.busy == 0
        assert on(board) == ["(Stopped by Ana.)"]
        assert await steward.desk.stop(asked.conversation, ANA) == 0


async def test_stop_ends_a_skill_and_keeps_what_was_said(tmp_path: Path, board: Board) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    @skill
    async def wait() -> str:
        """Wait."""
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return "waited"

    async with house(tmp_path, ScriptedModel(calls(("wait", "{}"))), wait, outlet=board) as steward:
        asked = message("first")
        await steward.turns.accept(asked)
        await asyncio.wait_for(began.wait(), 10)
        await steward.desk.stop(asked.conversation, ANA)
        await steward.turns.idle()
        assert ended.is_set()
        assert on(board) == ["(Stopped by Ana.)"]


async def test_a_stopped_answer_keeps_the_text_that_was_there(tmp_path: Path, board: Board) -> None:
    hold = asyncio.Event()

    class Slow(ScriptedModel):
        async def stream(self, *arguments: object, **named: object):  # type: ignore[no-untyped-def]
            yield TextDelta(text="The answer is")
            await hold.wait()
            yield says("unreached")

    async with house(tmp_path, Slow(), outlet=board) as steward:
        asked = message("first")
        await steward.turns.accept(asked)
        await until(lambda: on(board) == ["…"])
        await steward.desk.stop(asked.conversation, ANA)
        await steward.turns.idle()
        assert on(board) == ["The answer is\n\n(Stopped by Ana.)"]
        items = (await steward.memory.recall(asked.conversation, asked.audience)).items
        assert items[-1].text == "The answer is\n\n(Stopped by Ana.)"


async def test_stop_also_ends_what_waits_its_turn(tmp_path: Path, board: Board) -> None:
    model = ScriptedModel(says("never shown"))
    model.hold.clear()
    async with house(tmp_path, model, outlet=board) as steward:
        one, two = message("first"), message("second")
        await steward.turns.accept(one)
        await steward.turns.accept(two)
        await until(lambda: model.busy)
        assert await steward.desk.stop(one.conversation, ANA) == 2
        await steward.turns.idle()
        assert on(board) == ["(Stopped by Ana.)"] * 2


async def test_feedback_is_stored_once_for_each_person(tmp_path: Path, board: Board) -> None:
    async with house(tmp_path, ScriptedModel(says("one")), outlet=board) as steward:
        asked = message("first")
        await steward.answer(asked)
        for person, action in ((ANA, "good"), (ANA, "bad"), (BEN, "good")):
            assert "noted" in await steward.desk.press(key(board, action), by(person, asked))
        opinions = await Feedback(steward.store).list()
        assert {(each.person, each.value) for each in opinions} == {("U1", "bad"), ("U2", "good")}
        assert await Feedback(steward.store).counted() == {"good": 1, "bad": 1}


async def test_why_names_skills_arguments_messages_and_tokens(tmp_path: Path, board: Board) -> None:
    model = ScriptedModel(says("hello"), calls(("draw", "{}")), says("one"))
    async with house(tmp_path, model, draw, outlet=board) as steward:
        await steward.answer(message("earlier"))
        asked = message("first")
        await steward.answer(asked)
        why = await steward.desk.press(key(board, "why"), by(BEN, asked))
        for said in ("`draw` with `{}`: done", "asked 2 times", "1 earlier one", "`a.png`", "tokens"):
            assert said in why


async def test_try_again_replaces_the_answer_for_who_asked_alone(tmp_path: Path, board: Board) -> None:
    async with house(tmp_path, ScriptedModel(says("one"), says("two")), outlet=board) as steward:
        asked = message("first")
        await steward.answer(asked)
        assert "Only Ana" in await steward.desk.press(key(board, "again"), by(BEN, asked))
        assert await steward.desk.press(key(board, "again"), by(ANA, asked)) == ""
        await steward.turns.idle()
        assert on(board) == ["two"]


async def test_a_control_of_another_place_or_another_database_does_nothing(tmp_path: Path, board: Board) -> None:
    async with house(tmp_path, ScriptedModel(says("one")), outlet=board) as steward:
        asked = message("first")
        await steward.answer(asked)
        elsewhere = replace(by(ANA, asked), conversation=replace(asked.conversation, channel="C9"))
        wrong = key(board, "again").replace(check(asked.id), "00000000")
        assert "too old" in await steward.desk.press(key(board, "why"), elsewhere)
        assert "too old" in await steward.desk.press(wrong, by(ANA, asked))
        assert "too old" in await steward.desk.press("nonsense", by(ANA, asked))


@skill(effects="outside")
def pay(amount: int) -> str:
    """Pay."""
    PAID.append(amount)
    return f"paid {amount}"


PAID: list[int] = []


async def test_what_was_done_for_the_earlier_version_is_not_done_again(tmp_path: Path, board: Board) -> None:
    PAID.clear()
    model = ScriptedModel(
        calls(("pay", '{"amount": 5}')), says("Paid."), calls(("pay", '{"amount":5}')), says("It was paid before.")
    )
    async with house(tmp_path, model, pay, outlet=board) as steward:
        asked = message("pay 5")
        await steward.answer(asked)
        await steward.desk.edited(replace(asked, text="pay 5 please"))
        await steward.turns.idle()
        assert PAID == [5]
        assert "It gave: paid 5" in model.asked[2].items[0].text
        result = model.asked[3].items[-1]
        assert isinstance(result, Result)
        assert result.text.endswith("it gave: paid 5")


async def test_even_the_third_version_knows_what_the_first_had_done(tmp_path: Path, board: Board) -> None:
    PAID.clear()
    pays = calls(("pay", '{"amount": 5}'))
    model = ScriptedModel(pays, says("Paid."), says("Done."), pays, says("Done before."))
    async with house(tmp_path, model, pay, outlet=board) as steward:
        asked = message("pay 5")
        await steward.answer(asked)
        for text in ("second", "third"):
            await steward.desk.edited(replace(asked, text=text))
            await steward.turns.idle()
        assert PAID == [5]


async def test_what_an_answer_cost_adds_up_over_its_versions(tmp_path: Path, board: Board) -> None:
    async with house(tmp_path, ScriptedModel(says("one"), says("two")), outlet=board) as steward:
        asked = message("first")
        await steward.answer(asked)
        await steward.desk.press(key(board, "again"), by(ANA, asked))
        await steward.turns.idle()
        rows = await steward.store.fetch("SELECT calls FROM usage")
        assert [row["calls"] for row in rows] == [2]
        bill = await Usages(steward.store).of(frozenset({"test/U1"}), since=0.0)
        assert bill.questions == 1


@skill
def chart() -> Attachment:
    """Draw a chart."""
    controls = [
        {"label": "Change type", "skill": "restyle", "file": "file", "argument": "kind", "choices": ["bar", "pie"]},
        {"label": "Data", "skill": "data", "file": "file"},
        {"label": 7},
    ]
    return Attachment(
        filename="c.png",
        media_type="image/png",
        content=b"png",
        spec={"kind": "chart", "controls": controls},  # type: ignore[dict-item]
    )


@skill
def restyle(file: Attachment, kind: str) -> str:
    """Change a chart."""
    return f"{file.filename} as {kind}"


@skill
def data(file: Attachment) -> str:
    """Return a chart's data."""
    return f"data of {file.filename}"


async def charted(steward: House, board: Board) -> tuple[Message, Sequence[Control]]:
    asked = message("draw")
    await steward.answer(asked)
    found = [control for _, part in board.sent for control in part.controls if control.action == "file"]
    return asked, found


async def test_a_files_controls_call_its_skills_without_a_model(tmp_path: Path, board: Board) -> None:
    model = ScriptedModel(calls(("chart", "{}")), says("Here."))
    async with house(tmp_path, model, chart, restyle, data, outlet=board) as steward:
        asked, (change, figures) = await charted(steward, board)
        assert [choice.value for choice in change.choices] == ["bar", "pie"]
        assert await steward.desk.press(change.key, by(BEN, asked), "pie") == ""
        assert await steward.desk.press(figures.key, by(BEN, asked)) == ""
        await steward.turns.idle()
        assert on(board)[-2:] == ["c.png as pie", "data of c.png"]


async def test_a_choice_that_is_not_offered_is_refused(tmp_path: Path, board: Board) -> None:
    model = ScriptedModel(calls(("chart", "{}")), says("Here."))
    async with house(tmp_path, model, chart, restyle, data, outlet=board) as steward:
        asked, (change, _) = await charted(steward, board)
        assert "no longer" in await steward.desk.press(change.key, by(BEN, asked), "surface")
        assert "no longer" in await steward.desk.press(change.key, by(BEN, asked))


async def test_a_press_that_comes_twice_calls_once(tmp_path: Path, board: Board) -> None:
    model = ScriptedModel(calls(("chart", "{}")), says("Here."))
    async with house(tmp_path, model, chart, restyle, data, outlet=board) as steward:
        asked, (_, figures) = await charted(steward, board)
        pressed = by(BEN, asked)
        for _ in range(2):
            await steward.desk.press(figures.key, pressed)
        await steward.turns.idle()
        assert on(board).count("data of c.png") == 1


def test_every_key_is_short_enough_for_every_platform() -> None:
    pressed = read("steward.file.123456789012345678.0a1b2c3d.f0123456789ab.24")
    assert pressed is not None
    assert (pressed.action, pressed.value) == ("file", "f0123456789ab.24")
    assert read("steward.delete.1.0a1b2c3d") is None
