"""Skills that people call by name, without a model."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core import Attachment, skill
from core.items import Answer, Begun, Call, Question, Result, Step, dump_step
from core.messages import DirectCall, JsonObject, Message
from skills.files import read_file
from tests.house import House, house
from tests.scripted import ScriptedModel, message


def call(name: str, arguments: JsonObject | None = None, **more: object) -> Message:
    direct = DirectCall(skill=name, arguments=arguments or {}, **more)  # type: ignore[arg-type]
    return replace(message(f"call {name}"), direct=direct)


@skill
def double(number: int) -> str:
    """Double a number."""
    return str(2 * number)


@skill
def paint(colour: str) -> Attachment:
    """Paint."""
    return Attachment(filename=f"{colour}.png", media_type="image/png", content=b"png", alt="a picture")


@skill
def measure(file: Attachment) -> str:
    """Measure a file."""
    return f"{len(file.content or b'')} bytes"


@skill(effects="outside")
def announce(text: str) -> str:
    """Announce."""
    return f"announced {text}"


@skill
def divide(number: int) -> float:
    """Divide, and fail at it."""
    return 1 / (number - number)


@skill(timeout=0.02)
async def wait() -> None:
    """Wait for what never comes."""
    await asyncio.Event().wait()


@skill(effects="outside")
async def announce_and_fail() -> str:
    """Announce, and fail at once."""
    raise ValueError("the flux is low")


async def said(steward: House, asked: Message) -> str:
    await steward.answer(asked)
    return "|".join(steward.outlet.texts)


async def test_a_skill_called_by_name_answers_without_a_model(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(), double) as steward:
        assert await said(steward, call("double", {"number": 4})) == "8"


async def test_what_a_called_skill_made_is_shown_and_its_text_is_for_people(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(), paint) as steward:
        await steward.answer(call("paint", {"colour": "red"}))
        [(_, part)] = steward.outlet.sent
        assert (part.text, [file.filename for file in part.attachments]) == ("", ["red.png"])


async def test_a_file_that_came_with_the_call_reaches_the_skill(tmp_path: Path) -> None:
    file = Attachment(filename="x.bin", media_type="application/x", content=b"12345")
    async with house(tmp_path, ScriptedModel(), measure) as steward:
        asked = replace(call("measure", files={"file": 0}), attachments=(file,))
        assert await said(steward, asked) == "5 bytes"


async def test_a_file_that_is_read_by_a_call_is_shown_without_what_is_for_models(tmp_path: Path) -> None:
    file = Attachment(filename="notes.txt", media_type="text/plain", content=b"Buy milk.")
    async with house(tmp_path, ScriptedModel(), read_file) as steward:
        asked = replace(call("read_file", files={"file": 0}), attachments=(file,))
        assert await said(steward, asked) == "notes.txt; text, all of its 1 line.\n\nBuy milk."


async def test_wrong_arguments_are_said_in_a_sentence(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(), double) as steward:
        text = await said(steward, call("double", {"number": "many"}))
        assert "number" in text
        assert not text.startswith("Error")


@pytest.mark.parametrize(
    ("wanted", "arguments", "sentence", "in_log"),
    [
        (divide, {"number": 1}, "Sorry, divide failed: something is wrong inside it.", "ZeroDivisionError"),
        (wait, {}, "wait took longer than 0.02 s and was stopped.", "TimeoutError"),
        (announce_and_fail, {}, "Sorry, announce_and_fail failed: something is wrong inside it.", "the flux is low"),
    ],
)
async def test_of_a_skill_that_broke_people_read_where_the_log_has_it(
    wanted: Callable[..., object],
    arguments: JsonObject,
    sentence: str,
    in_log: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with house(tmp_path, ScriptedModel(), wanted) as steward:
        text = await said(steward, call(wanted.__name__, arguments))
    assert text.startswith(sentence)
    assert not re.search("Error|flux|Do not call", text)
    [name] = re.findall(r"\(The log has the details under (e\w+)\.\)", text)
    [logged] = [record for record in caplog.records if f"[{name}]" in record.getMessage()]
    assert in_log in str(logged.exc_text or logged.exc_info)


async def test_a_skill_that_is_not_there_is_said(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(), double) as steward:
        assert "Did you mean double?" in await said(steward, call("duble"))


async def test_a_direct_call_is_remembered_for_the_model(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(), double) as steward:
        asked = call("double", {"number": 4})
        await steward.answer(asked)
        items = (await steward.memory.recall(asked.conversation, asked.audience)).items
        assert [type(item) for item in items] == [Question, Answer, Result, Answer]


async def test_f50_a_direct_call_with_effects_that_was_cut_off_is_not_run_again(tmp_path: Path) -> None:
    asked = call("announce", {"text": "x"})
    made = Call(id="direct", name="announce", arguments='{"text": "x"}')
    async with house(tmp_path, ScriptedModel(), announce, start=False) as steward:
        await steward.turns.accept(asked)
        [turn] = await steward.journal.unfinished()
        await steward.journal.start(turn)
        done: list[Step] = [Answer(calls=(made,)), Begun(call=made)]
        for number, step in enumerate(done):
            await steward.store.write(
                "INSERT INTO steps (turn, number, item) VALUES (?, ?, ?)", (turn.id, number, dump_step(step))
            )
        await steward.turns.start({"test": steward.outlet})
        await steward.turns.idle()
        assert "announced" not in "".join(steward.outlet.texts)
        [text] = steward.outlet.texts
        assert text.startswith("This was cut off while it ran.\n\n(I do not know whether `announce` was carried out")


async def test_the_report_of_a_direct_call_names_no_model(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(), double) as steward:
        await steward.answer(call("double", {"number": 4}))
        report = steward.outlet.drafts[0].finished.report
        assert (report.model, report.asked, [ran.call.name for ran in report.ran]) == ("", 0, ["double"])
