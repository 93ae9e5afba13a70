"""The stored life of turns: accepted once, fenced by attempt, closed in one transaction, delivered part by part."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.company import Companies
from core.config import FilesConfig, MemoryConfig
from core.controls import under_answer
from core.errors import OperatorError, StaleTurnError
from core.events import Finished
from core.files import Files
from core.forgetting import Forgetting
from core.items import Answer, Begun, Call, Item, Question, Result, Step
from core.journal import Journal, Outgoing
from core.memory import Memory
from core.messages import Attachment, Reply, Turn
from core.store import Store, open_store
from tests.scripted import message

SAID = Answer(text="hello")
ITEMS: tuple[Item, ...] = (Question(text="Ana: hi"), SAID)
HELLO = Finished(reply=Reply(text="hello"), items=ITEMS)


@pytest.fixture(name="memory")
def memory_of(store: Store) -> Memory:
    return Memory(store, turns=24, tokens=12_000)


@pytest.fixture(name="journal")
def journal_of(store: Store, memory: Memory) -> Journal:
    return Journal(store, memory)


async def accepted(journal: Journal, text: str = "hi", *, channel: str = "C1") -> Turn:
    turn = await journal.accept(message(text, channel=channel))
    assert turn is not None
    return turn


async def begun(journal: Journal, text: str = "hi", *, channel: str = "C1") -> Turn:
    return (await journal.start(await accepted(journal, text, channel=channel))).turn


async def state(store: Store, turn: Turn) -> str:
    (row,) = await store.fetch("SELECT state FROM turns WHERE id = ?", (turn.id,))
    return str(row["state"])


async def count(store: Store, table: str) -> int:
    return int((await store.fetch(f"SELECT count(*) FROM {table}"))[0][0])


# Accepting


async def test_an_accepted_message_is_stored_with_everything(journal: Journal) -> None:
    picture = Attachment(filename="a.png", media_type="image/png", source="https://files.example/a", id="f1")
    asked = replace(message("größe?", thread="T1", attachments=(picture,)), origin={"ts": "1.2"}, sent_at=3.5)

    assert await journal.accept(asked) == Turn(id=1, message=asked, attempt=0)

    assert await journal.unfinished() == [Turn(id=1, message=asked, attempt=0)]


async def test_halves_of_characters_are_replaced_in_what_is_accepted(journal: Journal) -> None:
    whole = message("hi")
    picture = Attachment(filename="a\udc00.png", media_type="image/png", source="https://files.example/\ud83d")
    halves = replace(
        whole,
        id="m\ud83d",
        text="a\ud83d",
        author=replace(whole.author, name="Ana \udc00"),
        attachments=(picture,),
        origin={"name": "\ud83d"},
    )

    turn = await journal.accept(halves)

    assert turn is not None
    assert [turn] == await journal.unfinished()
    assert (turn.message.text, turn.message.author.name) == ("a\ufffd", "Ana \ufffd")
    assert turn.message.attachments[0].filename == "a\ufffd.png"
    assert await journal.accept(halves) is None, "accepted twice"


async def test_f1_a_message_of_the_same_id_is_accepted_once(store: Store, journal: Journal) -> None:
    asked = message("hi")
    assert await journal.accept(asked)

    assert await journal.accept(replace(asked, text="hi, again, in a new envelope")) is None
    assert await count(store, "turns") == 1


async def test_f1_of_many_deliveries_at_once_one_is_accepted(store: Store, journal: Journal) -> None:
    other = await open_store(store.path)
    asked = message("hi")
    journals = [journal, Journal(other, Memory(other, turns=1, tokens=1))] * 5

    turns = await asyncio.gather(*(one.accept(asked) for one in journals))

    assert len([turn for turn in turns if turn]) == 1
    assert await count(store, "turns") == 1
    await other.close()


async def test_f1_a_duplicate_is_known_after_a_restart(store: Store, journal: Journal) -> None:
    asked = message("hi")
    await journal.accept(asked)
    again = await open_store(store.path)

    assert await Journal(again, Memory(again, turns=1, tokens=1)).accept(asked) is None
    await again.close()


async def test_numbers_rise_with_the_order_of_acceptance(journal: Journal) -> None:
    numbers = [(await accepted(journal)).id for _ in range(3)]

    assert numbers == sorted(set(numbers))


# What is unfinished


async def test_what_is_received_running_or_not_delivered_is_unfinished_in_order(journal: Journal) -> None:
    running = await begun(journal, "running")
    waiting = await begun(journal, "waiting")
    await journal.close(waiting, HELLO, [Reply(text="hello")])
    done = await begun(journal, "done")
    await journal.close(done, HELLO, [Reply(text="hello")])
    await journal.sent(done, 0, "m1")
    silent = await begun(journal, "silent")
    await journal.close(silent, HELLO, [])
    received = await accepted(journal, "received")

    assert [turn.id for turn in await journal.unfinished()] == [running.id, waiting.id, received.id]


async def test_a_turn_that_cannot_be_read_does_not_keep_the_others(
    store: Store, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    damaged, whole = await accepted(journal), await accepted(journal)
    await store.write("UPDATE turns SET message = '{' WHERE id = ?", (damaged.id,))

    assert await journal.unfinished() == [whole]
    assert f"turn {damaged.id} cannot be read" in caplog.text


async def test_a_running_turn_begins_again_with_its_steps(journal: Journal) -> None:
    turn = await begun(journal)
    call = Call(id="c1", name="roll", arguments="{}")
    steps: list[Step] = [
        Answer(calls=(call,), reasoning=({"id": "r1"},)),
        Result(call_id="c1", name="roll", text="6", files=("f1",)),
    ]
    for step in steps:
        await journal.record(turn, step)

    again = await journal.start(turn)

    assert (again.closed, again.turn.attempt) == (False, turn.attempt + 1)
    assert await journal.steps(again.turn) == steps


async def test_a_step_that_could_not_be_stored_is_in_the_way_of_no_other(store: Store, journal: Journal) -> None:
    turn = await begun(journal)
    one, two = (Begun(call=Call(id=name, name="pay", arguments="{}")) for name in ("one", "two"))
    await store.write(
        "CREATE TRIGGER full BEFORE INSERT ON steps WHEN NEW.item LIKE '%\"one\"%'"
        " BEGIN SELECT raise(ABORT, 'in the way'); END"
    )

    ends = await asyncio.gather(journal.record(turn, one), journal.record(turn, two), return_exceptions=True)

    assert [type(end) for end in ends] == [OperatorError, type(None)]
    await store.write("DROP TRIGGER full")
    again = (await journal.start(turn)).turn
    assert await journal.steps(again) == [two]
    await journal.record(again, one)
    assert await journal.steps(again) == [two, one]


async def test_a_closed_turn_begins_again_as_closed(journal: Journal) -> None:
    turn = await begun(journal)
    await journal.close(turn, HELLO, [Reply(text="hello")])

    again = await journal.start(turn)

    assert again.closed
    assert await journal.steps(again.turn) == []


async def test_a_turn_that_is_not_there_cannot_begin(journal: Journal) -> None:
    with pytest.raises(StaleTurnError):
        await journal.start(Turn(id=99, message=message("hi"), attempt=0))


async def test_the_message_is_written_anew_once_its_files_are_kept(journal: Journal) -> None:
    turn = await begun(journal)
    kept = Attachment(filename="a.png", media_type="image/png", content=b"png", id="f1")
    changed = replace(turn, message=replace(turn.message, attachments=(kept,)))

    await journal.update(changed)

    (found,) = await journal.unfinished()
    assert found.message.attachments == (replace(kept, content=None),), "the bytes belong into the file"


# Fencing


WRITES: dict[str, Callable[[Journal, Turn], Awaitable[None]]] = {
    "record": lambda journal, turn: journal.record(turn, SAID),
    "update": lambda journal, turn: journal.update(replace(turn, message=replace(turn.message, text="changed"))),
    "close": lambda journal, turn: journal.close(turn, HELLO, [Reply(text="stale")]),
}


@pytest.mark.parametrize("write", WRITES)
async def test_f8_an_older_attempt_cannot_write(store: Store, journal: Journal, write: str) -> None:
    old = await begun(journal)
    new = (await journal.start(old)).turn

    with pytest.raises(StaleTurnError, match=f"^Turn {old.id} was taken over by a newer attempt"):
        await WRITES[write](journal, old)

    assert [await count(store, table) for table in ("steps", "outbox", "memory")] == [0, 0, 0]
    assert [turn.message for turn in await journal.unfinished()] == [new.message]
    await WRITES[write](journal, new)


@pytest.mark.parametrize("write", WRITES)
async def test_a_closed_turn_cannot_be_written_again(store: Store, journal: Journal, write: str) -> None:
    turn = await begun(journal)
    await journal.close(turn, HELLO, [Reply(text="hello")])

    with pytest.raises(StaleTurnError):
        await WRITES[write](journal, turn)

    assert [await count(store, table) for table in ("steps", "outbox", "memory")] == [0, 1, 1]


async def test_of_two_workers_that_close_one_turn_one_succeeds(store: Store, journal: Journal) -> None:
    old = await begun(journal)
    new = (await journal.start(old)).turn

    ends = await asyncio.gather(
        journal.close(old, HELLO, [Reply(text="old")]),
        journal.close(new, HELLO, [Reply(text="new")]),
        return_exceptions=True,
    )

    assert [type(end) for end in ends] == [StaleTurnError, type(None)]
    assert [part.text for part in await journal.waiting(new)] == ["new"]


# Closing


async def test_closing_remembers_fills_the_outbox_and_drops_the_steps(
    store: Store, journal: Journal, memory: Memory
) -> None:
    turn = await begun(journal)
    await journal.record(turn, SAID)
    picture = Attachment(filename="a.png", media_type="image/png", content=b"png", id="f1")

    await journal.close(turn, HELLO, [Reply(text="one"), Reply(text="two", attachments=(picture,))])

    assert await state(store, turn) == "answered"
    assert (await memory.recall(turn.message.conversation, turn.message.audience)).items == ITEMS
    assert await count(store, "steps") == 0
    assert await journal.waiting(turn) == [
        Outgoing(number=0, text="one", files=(), opens=True, controls=()),
        Outgoing(number=1, text="two", files=("f1",), opens=False, controls=under_answer(turn, ())),
    ]


async def test_a_failed_turn_is_answered_but_not_remembered(store: Store, journal: Journal, memory: Memory) -> None:
    turn = await begun(journal)

    await journal.close(turn, Finished(reply=Reply(text="sorry"), ok=False), [Reply(text="sorry")])

    assert await state(store, turn) == "failed"
    assert (await memory.recall(turn.message.conversation, turn.message.audience)).items == ()
    assert [part.text for part in await journal.waiting(turn)] == ["sorry"]


async def test_closing_is_one_transaction(store: Store, journal: Journal) -> None:
    turn = await begun(journal)
    await journal.record(turn, SAID)
    await store.write(
        "CREATE TRIGGER full BEFORE INSERT ON outbox WHEN new.text = 'two' BEGIN SELECT raise(ABORT, 'in the way'); END"
    )

    with pytest.raises(OperatorError, match="in the way"):
        await journal.close(turn, HELLO, [Reply(text="one"), Reply(text="two")])

    assert await state(store, turn) == "running"
    assert [await count(store, table) for table in ("steps", "outbox", "memory")] == [1, 0, 0]


@pytest.mark.parametrize("steps", range(0, 90, 5))
async def test_f44_a_close_that_is_cancelled_is_done_as_a_whole_or_not_at_all(
    store: Store, journal: Journal, steps: int
) -> None:
    turn = await begun(journal)
    await journal.record(turn, SAID)
    closing = asyncio.create_task(journal.close(turn, HELLO, [Reply(text="one"), Reply(text="two")]))
    for _ in range(steps):
        await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)

    found = (await state(store, turn), [await count(store, table) for table in ("steps", "outbox", "memory")])
    assert found in (("running", [1, 0, 0]), ("answered", [0, 2, 1]))


# Delivering


async def test_a_part_that_was_sent_or_refused_no_longer_waits(store: Store, journal: Journal) -> None:
    turn = await begun(journal)
    await journal.close(turn, HELLO, [Reply(text=text) for text in ("one", "two", "three")])

    await journal.sent(turn, 1, "m7")
    await journal.undeliverable(turn, 0)

    assert [part.text for part in await journal.waiting(turn)] == ["three"]
    rows = await store.fetch("SELECT state, message_id FROM outbox ORDER BY part")
    assert [tuple(row) for row in rows] == [("failed", None), ("sent", "m7"), ("waiting", None)]


async def test_parts_wait_in_their_order(journal: Journal) -> None:
    turn = await begun(journal)
    await journal.close(turn, HELLO, [Reply(text=str(number)) for number in range(12)])

    assert [part.number for part in await journal.waiting(turn)] == list(range(12))


async def test_the_parts_of_another_turn_do_not_wait_for_this_one(journal: Journal) -> None:
    turn, other = await begun(journal), await begun(journal)
    await journal.close(other, HELLO, [Reply(text="hello")])

    assert await journal.waiting(turn) == []


# Forgetting


def forgetting(store: Store, files: Files, journal: Journal) -> Forgetting:
    return Forgetting(store=store, files=files, journal=journal, companies=Companies(store), config=MemoryConfig())


async def test_forgetting_erases_what_was_said_everywhere_and_keeps_the_key(
    store: Store, journal: Journal, memory: Memory, tmp_path: Path
) -> None:
    files = Files(store, tmp_path / "files", FilesConfig())
    said, thread = message("a secret"), message("a secret", thread="T1")
    for asked in (said, thread):
        turn = await journal.accept(asked)
        assert turn is not None
        turn = (await journal.start(turn)).turn
        note = Attachment(filename="a.txt", media_type="text/plain", content=b"a secret")
        await files.keep(note, message=asked, source="made")
        await journal.close(
            turn, Finished(reply=Reply(text="a secret"), items=(Question(text="a secret"),)), [Reply(text="a secret")]
        )
        await journal.sent(turn, 0, "m1")

    forgotten = (await forgetting(store, files, journal).place(said.conversation)).erased

    assert (forgotten.turns, forgotten.files) == (2, 2)
    assert list((tmp_path / "files").iterdir()) == []
    for table in ("turns", "steps", "outbox", "memory", "files"):
        rows = await store.fetch(f"SELECT * FROM {table}")
        assert "a secret" not in str([tuple(row) for row in rows]), f"{table} still knows"
    assert await journal.accept(said) is None, "a redelivery would be answered again"


async def test_forgetting_a_channel_leaves_others_and_what_is_under_way(
    store: Store, journal: Journal, memory: Memory, tmp_path: Path
) -> None:
    files = Files(store, tmp_path / "files", FilesConfig())
    running = await begun(journal, "running")
    waiting = await begun(journal, "waiting")
    await journal.close(waiting, HELLO, [Reply(text="hello")])
    other = await begun(journal, "other", channel="C2")
    await journal.close(other, HELLO, [Reply(text="hello")])
    await journal.sent(other, 0, "m1")

    forgotten = (await forgetting(store, files, journal).place(running.message.conversation)).erased

    assert (forgotten.turns, forgotten.files) == (1, 0)
    assert [turn.message for turn in await journal.unfinished()] == [running.message, waiting.message]
    assert [part.text for part in await journal.waiting(waiting)] == ["hello"]
    assert (await memory.recall(other.message.conversation, other.message.audience)).items == ITEMS
