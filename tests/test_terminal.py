import asyncio
import base64
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.simulator.model import ModelSimulator, fails, hangs
from bots.simulator.model import calls as simulated_calls
from bots.simulator.model import says as simulated_says
from bots.terminal import files
from bots.terminal.draft import Outcome, TerminalDraft, describe
from bots.terminal.lines import OneMessage, PipedLines
from bots.terminal.pictures import inline, protocol_of
from bots.terminal.platform import Terminal
from bots.terminal.screen import Screen, harmless
from core import skill
from core.errors import ModelError, PlatformError, UserError
from core.events import Event, Finished, Restarted, SkillFinished, SkillStarted, TextDelta
from core.items import Call, Result
from core.messages import Attachment, Reply
from core.outlet import Part
from core.practice import NOTICE
from tests.command import command, steward
from tests.house import house
from tests.inbox import commands
from tests.scripted import ScriptedModel, calls, says
from tests.typist import typist
from tests.waiting import until

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PICTURE = Attachment(filename="chart.png", media_type="image/png", content=PNG, alt="a chart")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


# -- one answer


async def show(
    *happened: Event, text: str, screen: Screen | None = None, attachments: tuple[Attachment, ...] = ()
) -> bool:
    told: list[Outcome] = []
    draft = TerminalDraft(screen or Screen(interactive=True), done=told.append)
    for event in happened:
        await draft.show(event)
    await draft.send(Part(key="1.0", text=text, attachments=attachments))
    await draft.close()
    return told == ["answered"]


def deltas(*texts: str) -> list[Event]:
    return [TextDelta(text=text) for text in texts]


@pytest.mark.parametrize(
    ("streamed", "sent", "seen"),
    [
        (["All ", "of it."], "All of it.", "All of it.\n"),
        (["\n\nAll ", "of it. \n"], "All of it.", "All of it. \n"),
        (["Half "], "Half and the rest.", "Half and the rest.\n"),
        ([], "At once.", "At once.\n"),
        (["One thing"], "Another thing", "One thing\nAnother thing\n"),
        (["Ended.\n"], "Another\nthing", "Ended.\nAnother\nthing\n"),
    ],
)
async def test_a_streamed_answer_is_shown_once(
    capsys: pytest.CaptureFixture[str], streamed: list[str], sent: str, seen: str
) -> None:
    assert await show(*deltas(*streamed), text=sent)
    assert capsys.readouterr().out == seen


@given(st.lists(st.text(alphabet="ab \n")), st.text(alphabet="ab \n"))
def test_whatever_was_streamed_the_answer_is_seen_whole(streamed: list[str], rest: str) -> None:
    seen: list[str] = []

    class Kept(Screen):
        def _write(self, text: str) -> None:
            seen.append(text)

    answer = ("".join(streamed) + rest).strip()
    asyncio.run(show(*deltas(*streamed), text=answer, screen=Kept(interactive=True)))
    assert "".join(seen).strip() == answer


async def test_an_answer_that_begins_again_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    await show(*deltas("Half an"), Restarted(reason="the connection was cut"), *deltas("Whole."), text="Whole.")
    assert capsys.readouterr().out == "Half an\n↻ the answer begins again: the connection was cut\nWhole.\n"


async def test_skill_calls_are_shown_as_they_run(capsys: pytest.CaptureFixture[str]) -> None:
    call = Call(id="c1", name="draw_chart", arguments='{"kind": "bar", "values": [1, 2]}')
    await show(
        *deltas("Let me draw."),
        SkillStarted(call=call),
        SkillFinished(call=call, result=Result(call_id="c1", name="draw_chart", text="done"), seconds=0.42),
        SkillStarted(call=call),
        SkillFinished(
            call=call, result=Result(call_id="c1", name="draw_chart", text="Error: no\nnumbers", ok=False), seconds=1
        ),
        *deltas("Here."),
        text="Here.",
    )
    assert capsys.readouterr().out == (
        "Let me draw.\n"
        '→ draw_chart(kind="bar", values=[1, 2])\n'
        "✓ draw_chart 0.4 s\n"
        '→ draw_chart(kind="bar", values=[1, 2])\n'
        "✗ draw_chart 1.0 s: Error: no numbers\n"
        "Here.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ("", "f()"),
        ("{}", "f()"),
        ('{"a": "é"}', 'f(a="é")'),
        ('{"a": "' + "x" * 100 + '"}', 'f(a="' + "x" * 38 + "…)"),
        ("not json", "f(not json)"),
        ("[1]", "f([1])"),
    ],
)
def test_a_call_is_described_in_a_few_words(arguments: str, shown: str) -> None:
    assert describe(Call(id="c", name="f", arguments=arguments)) == shown


async def test_notes_are_dim_where_there_are_colours(capsys: pytest.CaptureFixture[str]) -> None:
    Screen(interactive=True, colour=True).note("a note")
    assert capsys.readouterr().out == "\x1b[2ma note\x1b[0m\n"


async def test_for_a_script_standard_output_holds_only_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    call = Call(id="c1", name="draw_chart", arguments="{}")
    await show(
        *deltas("Let me draw."),
        SkillStarted(call=call),
        SkillFinished(call=call, result=Result(call_id="c1", name="draw_chart", text="done"), seconds=0),
        Restarted(reason="cut"),
        *deltas("Here."),
        text="Here.",
        screen=Screen(interactive=False),
        attachments=(PICTURE,),
    )
    seen = capsys.readouterr()
    assert seen.out == "Here.\nsaved: steward-files/chart.png\n"
    assert seen.err == "→ draw_chart()\n✓ draw_chart 0.0 s\n↻ the answer begins again: cut\n"


async def test_for_a_script_a_failure_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    failed = Finished(reply=Reply(text="No answer."), ok=False)
    assert not await show(failed, text="No answer.", screen=Screen(interactive=False))
    assert capsys.readouterr() == ("", "steward: No answer.\n")


async def test_an_answer_that_was_never_sent_counts_as_none() -> None:
    told: list[Outcome] = []
    await TerminalDraft(Screen(interactive=True), done=told.append).close()
    assert told == ["lost"]


# -- nothing harmful


@given(st.text())
def test_no_text_steers_the_terminal(text: str) -> None:
    left = harmless(text)
    control = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]"
    assert not re.search(control, left)
    assert re.search(control, text) or left == text


async def test_escape_sequences_of_answers_arguments_and_names_are_spelled_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call = Call(id="c", name="f\x1b[2J", arguments="\x1b]0;title\x07")
    picture = Attachment(filename="\x1b[2J.png", media_type="image/png", content=PNG)
    await show(*deltas("a\x1b[31m"), SkillStarted(call=call), text="b\x9b1m", attachments=(picture,))
    seen = capsys.readouterr().out
    assert "\x1b" not in seen
    assert "\x9b" not in seen
    assert "a\\x1b[31m" in seen


# -- files


@given(st.text(), st.sampled_from(["image/png", "text/plain", "odd"]))
def test_a_file_is_saved_inside_its_folder_whatever_it_is_called(filename: str, media_type: str) -> None:
    name = files.safe_name(filename)
    assert name == Path(name).name
    assert name[0] not in ".- "
    assert len(name.encode()) < 255
    assert not re.search(r"[\x00-\x1f\x7f/\\\n$`\"';|&<>*?!]", name)


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("chart.png", "chart.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\x.ini", "x.ini"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("", "file"),
        ("..", "file"),
        ("Größe der Wörter.png", "Größe der Wörter.png"),
        ("a\x00b\nc", "a_b_c"),
        ("$(reboot).png", "_(reboot).png"),
        ("x" * 300 + ".png", "x" * 80 + ".png"),
    ],
)
def test_names_are_cleaned(filename: str, name: str) -> None:
    assert files.safe_name(filename) == name


def test_a_saved_file_never_replaces_another() -> None:
    names = [str(files.save(PICTURE)) for _ in range(3)]
    assert names == ["steward-files/chart.png", "steward-files/chart-2.png", "steward-files/chart-3.png"]
    assert Path(names[2]).read_bytes() == PNG


def test_a_saved_file_does_not_follow_a_link(tmp_path: Path) -> None:
    Path("steward-files").mkdir()
    Path("steward-files/chart.png").symlink_to(tmp_path / "elsewhere")
    assert str(files.save(PICTURE)) == "steward-files/chart-2.png"
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_without_an_ending_gets_that_of_its_type() -> None:
    assert files.save(Attachment(filename="chart", media_type="image/png", content=PNG)).name == "chart.png"


def test_a_folder_that_cannot_be_made_is_said(in_the_way: None) -> None:
    with pytest.raises(PlatformError, match=r"^chart\.png cannot be saved in steward-files: .*\.$") as caught:
        files.save(PICTURE)
    assert caught.value.permanent


def test_a_file_is_read() -> None:
    Path("notes.txt").write_text("hello")
    assert files.read("notes.txt", 5) == Attachment(filename="notes.txt", media_type="text/plain", content=b"hello")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("none.txt", "There is no file none.txt."),
        (".", ". is not a file."),
        ("large.txt", "large.txt has 6 B; at most 5 B are taken."),
        ("a\x00b", "There is no file a\x00b."),
        ("~no-such-person/x", "~no-such-person/x cannot be read: "),
        ("x" * 5000, "x" * 5000 + " cannot be read: file name too long."),
    ],
)
def test_a_file_that_cannot_be_taken_is_said(name: str, complaint: str) -> None:
    Path("large.txt").write_text("123456")
    with pytest.raises(UserError) as caught:
        files.read(name, 5)
    assert str(caught.value).startswith(complaint)


# -- pictures


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm"),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "WezTerm"}, None),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux"}, None),
        ({}, None),
    ],
)
def test_the_terminal_is_known_by_its_variables(environment: Mapping[str, str], protocol: str | None) -> None:
    assert protocol_of(environment) == protocol


def test_kitty_gets_chunks_that_make_up_the_picture() -> None:
    large = Attachment(filename="a.png", media_type="image/png", content=bytes(range(256)) * 40)
    sequences = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", inline(large, "kitty", 80) or "")
    assert [keys for keys, _ in sequences] == ["a=T,f=100,q=2,c=80,m=1", "m=1", "m=1", "m=0"]
    assert max(len(chunk) for _, chunk in sequences) == 4096
    assert base64.b64decode("".join(chunk for _, chunk in sequences)) == large.content


def test_iterm_gets_the_whole_picture() -> None:
    found = re.fullmatch(
        r"\x1b\]1337;File=inline=1;size=(\d+);width=80;[^:]*:(.*)\x07", inline(PICTURE, "iterm", 80) or ""
    )
    assert found
    assert int(found[1]) == len(PNG)
    assert base64.b64decode(found[2]) == PNG


@pytest.mark.parametrize("media_type", ["text/plain", "image/jpeg"])
def test_kitty_is_not_given_what_it_cannot_show(media_type: str) -> None:
    assert inline(Attachment(filename="a", media_type=media_type, content=b"x"), "kitty", 80) is None


async def test_a_picture_stands_above_its_path(capsys: pytest.CaptureFixture[str]) -> None:
    await show(text="Here.", screen=Screen(interactive=True, pictures="kitty"), attachments=(PICTURE,))
    assert re.fullmatch(r"Here\.\n\x1b_G.*\x1b\\\nsaved: steward-files/chart\.png\n", capsys.readouterr().out)


# -- lines


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        (b"one\ntwo\n", ["one", "two", ""]),
        (b"one\r\ntwo", ["one", "two"]),
        ("größer\n".encode(), ["größer", ""]),
        (b"\xff\n", ["\ufffd", ""]),
        (b"", [""]),
    ],
)
async def test_piped_lines(written: bytes, lines: list[str]) -> None:
    reading, writing = os.pipe()
    os.write(writing, written)
    os.close(writing)
    piped, found = PipedLines(reading), []
    while (line := await asyncio.wait_for(piped.next(), 5)) is not None:
        found.append(line)
    os.close(reading)
    assert found == lines


async def test_one_message_comes_once() -> None:
    one = OneMessage("hello")
    assert [await one.next(), await one.next()] == ["hello", None]


# -- a conversation


@pytest.fixture
def notes() -> None:
    Path("notes.txt").write_text("hello")


@pytest.fixture
def in_the_way() -> None:
    Path("steward-files").write_text("a file where the folder should be")


class Typed:
    def __init__(self, *lines: str) -> None:
        self.interrupted = False
        self._lines = list(lines)

    async def next(self) -> str | None:
        return self._lines.pop(0) if self._lines else None


@skill
def shout(text: str) -> str:
    """Write a text in capitals."""
    return text.upper()


@skill
def paint() -> Attachment:
    """Paint a picture."""
    return PICTURE


async def converse(
    folder: Path, model: ScriptedModel, *lines: str, interactive: bool = True, attachments: tuple[Attachment, ...] = ()
) -> Terminal:
    terminal = Terminal(
        lines=Typed(*lines),
        screen=Screen(interactive=interactive),
        commands=commands(),
        max_bytes=100,
        attachments=attachments,
    )
    async with asyncio.timeout(20), house(folder, model, shout, paint, start=False) as opened:
        await opened.turns.start({"terminal": terminal})
        await terminal.listen(opened.desk)
        await opened.turns.idle()
    return terminal


async def test_each_line_is_answered_before_the_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = ScriptedModel(says("Hello."), calls(("shout", '{"text": "abc"}')), says("ABC it is."))
    terminal = await converse(tmp_path, model, "hi", "", "  ", "shout abc")
    printed = re.sub(r"\d+\.\d s", "… s", capsys.readouterr().out)
    assert printed == 'Hello. \n→ shout(text="abc")\n✓ shout … s\nABC it is. \n'
    assert [asked.items[-1].text for asked in model.asked] == ["hi", "shout abc", "ABC"]
    assert not terminal.failed


async def test_the_conversation_goes_on_in_the_next_run(tmp_path: Path) -> None:
    await converse(tmp_path, ScriptedModel(says("Noted.")), "my colour is green")
    model = ScriptedModel(says("Green."))
    await converse(tmp_path, model, "which colour?")
    assert "my colour is green" in model.asked[0].text


async def test_the_same_line_twice_is_two_messages(tmp_path: Path) -> None:
    model = ScriptedModel(says("One."), says("Two."))
    await converse(tmp_path, model, "again", "again")
    assert len(model.asked) == 2


async def test_a_picture_is_saved_and_its_path_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await converse(tmp_path, ScriptedModel(calls(("paint", "{}")), says("Painted.")), "paint", interactive=False)
    assert capsys.readouterr().out == "Painted.\nsaved: steward-files/chart.png\n"
    assert "chart.png" in os.listdir("steward-files")


async def test_a_picture_that_cannot_be_saved_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], in_the_way: None
) -> None:
    await converse(tmp_path, ScriptedModel(calls(("paint", "{}")), says("Painted.")), "paint", interactive=False)
    assert "Painted.\n\n(I could not upload chart.png: " in capsys.readouterr().out


async def test_files_go_with_the_first_message_only(tmp_path: Path) -> None:
    model = ScriptedModel(says("Seen."), says("Nothing."))
    attached = Attachment(filename="notes.txt", media_type="text/plain", content=b"hello")
    await converse(tmp_path, model, "look", "and now?", attachments=(attached,))
    assert "notes.txt, text/plain, 5 B" in model.asked[0].items[-1].text
    assert model.asked[1].items[-1].text == "and now?"


@pytest.mark.parametrize("typed", ["/file notes.txt", "/file 'notes.txt'", "/file  notes.txt "])
async def test_a_file_is_attached_by_a_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: str, notes: None
) -> None:
    model = ScriptedModel(says("Seen."))
    await converse(tmp_path, model, typed, "look")
    assert "notes.txt, text/plain, 5 B" in model.asked[0].items[-1].text
    assert capsys.readouterr().out.startswith("attached to your next message: notes.txt (5 B)\n")


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("/help", "/file PATH"),
        ("/HELP", "/file PATH"),
        ("/ask", "/file PATH"),
        ("/skills", "**My skills**"),
        ("/forget", "Forgotten in this channel: 2 turns and 1 file."),
        ("/file", "Say which file: /file PATH."),
        ("/file none.txt", "There is no file none.txt."),
        ("/nope", "There is no command /nope; /help lists them."),
        ("/nope at all", "There is no command /nope; /help lists them."),
    ],
)
async def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: str, seen: str) -> None:
    await converse(tmp_path, ScriptedModel(), typed)
    assert seen in capsys.readouterr().out


async def test_help_names_every_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await converse(tmp_path, ScriptedModel(), "/help")
    seen = capsys.readouterr().out
    assert [name for name in ("help", "ask", "skills", "forget", "file", "quit") if f"\n  /{name}" not in seen] == []


@pytest.mark.parametrize("typed", ["/quit", "/exit"])
async def test_quit_ends(tmp_path: Path, typed: str) -> None:
    model = ScriptedModel()
    await converse(tmp_path, model, typed, "never asked")
    assert model.asked == []


@pytest.mark.parametrize(
    ("typed", "asked"), [("/ask what is it?", "what is it?"), ("/etc/hosts is what?", "/etc/hosts is what?")]
)
async def test_what_is_no_command_is_a_message(tmp_path: Path, typed: str, asked: str) -> None:
    model = ScriptedModel(says("It is."))
    await converse(tmp_path, model, typed)
    assert model.asked[0].items[-1].text == asked


async def test_a_model_that_fails_fails_the_last_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    terminal = await converse(tmp_path, ScriptedModel(ModelError("The model is away.")), "hi", interactive=False)
    assert terminal.failed
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"steward: The model is away\. \(The log has the details under \w+\.\)\n", err)


async def test_a_message_that_another_process_took_over_is_not_left_in_silence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ScriptedModel(says("Never shown."))
    model.hold.clear()
    first = asyncio.create_task(converse(tmp_path, model, "hi", interactive=False))
    await until(lambda: model.busy)
    await converse(tmp_path, ScriptedModel(says("Taken over.")), interactive=False)
    model.hold.set()
    assert (await first).failed
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.endswith("Taken over.\nsteward: No answer could be shown; the log says why.\n")


@pytest.mark.parametrize("interactive", [True, False])
async def test_an_answer_left_from_an_earlier_run_is_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], interactive: bool
) -> None:
    model = ScriptedModel(says("Never."))
    model.hold.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.6):
            await converse(tmp_path, model, "the first")
    capsys.readouterr()
    await converse(tmp_path, ScriptedModel(says("Late."), says("Now.")), "the second", interactive=interactive)
    seen = capsys.readouterr()
    late = "(to an earlier message: the first)\nLate.\n"
    assert (seen.out, seen.err) == ((f"{late}Now. \n", "") if interactive else ("Now.\n", late))


# -- the command


DRAW = simulated_calls(("draw_chart", {"labels": ["a", "b"], "values": [1, 2]}))


def at(model: ModelSimulator, folder: Path) -> dict[str, str]:
    return {"STEWARD_MODEL__BASE_URL": model.base_url, "STEWARD_DATA_DIR": str(folder / "data")}


async def run(folder: Path, model: ModelSimulator, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(steward, folder, *arguments, said=said, variables=at(model, folder))


async def test_a_conversation_at_a_terminal(tmp_path: Path) -> None:
    script = [
        simulated_says("Hello **you**."),
        simulated_calls(("analyze_text", {"text": "one two"}), text="Let me count."),
        simulated_says("Two words."),
        simulated_says("Three lines."),
    ]
    async with ModelSimulator(script) as model, typist(tmp_path, command("chat"), at(model, tmp_path)) as person:
        await person.sees("Steward · gpt-4o-mini · /help")
        await person.sees("›")
        person.type("hi there\r")
        await person.sees("Hello **you**.\n")
        await person.sees("›")
        person.type("count: one two\r")
        await person.sees('Let me count.\n→ analyze_text(text="one two")\n✓ analyze_text ')
        await person.sees(" s\nTwo words.\n")
        await person.sees("›")
        person.type("\x1b[A")
        await person.sees("count: one two")
        person.type("\x15\x1b[200~one\rtwo\x1b[201~\x1b\rthree\r")
        await person.sees("Three lines.\n")
        assert model.requests[-1].question == "one\ntwo\nthree"
        await person.sees("›")
        person.type("/quit\r")
        assert await person.ends() == 0
    assert (tmp_path / "data/chat.history").stat().st_mode & 0o777 == 0o600
    assert person.text.count("Hello **you**.") == 1


@pytest.mark.parametrize("key", ["\x03", "\x04"])
async def test_keys_that_end(tmp_path: Path, key: str) -> None:
    async with ModelSimulator() as model, typist(tmp_path, command(), at(model, tmp_path)) as person:
        await person.sees("›")
        person.type(key)
        assert await person.ends() == {"\x03": 130, "\x04": 0}[key]
    assert "Traceback" not in person.text


async def test_being_told_to_end(tmp_path: Path) -> None:
    async with ModelSimulator() as model, typist(tmp_path, command(), at(model, tmp_path)) as person:
        await person.sees("›")
        person.terminate()
        assert await person.ends() == 143
    assert "Traceback" not in person.text


async def test_ctrl_c_ends_an_answer_that_does_not_come(tmp_path: Path) -> None:
    script = [hangs(after="Well, ")]
    async with ModelSimulator(script) as model, typist(tmp_path, command("chat"), at(model, tmp_path)) as person:
        await person.sees("›")
        person.type("hi\r")
        await person.sees("Well,")
        person.type("\x03")
        assert await person.ends() == 130
    assert "Traceback" not in person.text


async def test_a_picture_is_shown_inside_a_terminal_that_can(tmp_path: Path) -> None:
    script, kitty = [DRAW, simulated_says("Here.")], {"TERM": "xterm-kitty"}
    async with (
        ModelSimulator(script) as model,
        typist(tmp_path, command("chat"), at(model, tmp_path) | kitty) as person,
    ):
        await person.sees("›")
        person.type("draw\r")
        await person.sees("saved: steward-files/")
    assert b"\x1b_Ga=T,f=100,q=2,c=" in person.raw


async def test_one_question_from_a_script(tmp_path: Path, notes: None) -> None:
    async with ModelSimulator([DRAW, simulated_says("Here.")]) as model:
        done = await run(tmp_path, model, "chat", "--once", "draw", "--file", "work/notes.txt")
        assert "notes.txt, text/plain, 5 B" in model.requests[0].question
    first, saved = done.stdout.splitlines()
    assert (first, done.returncode) == ("Here.", 0)
    assert (tmp_path / saved.removeprefix("saved: ")).read_bytes().startswith(b"\x89PNG")
    assert re.fullmatch(r"→ draw_chart\(.*\)\n✓ draw_chart [0-9.]+ s\n", done.stderr)


async def test_a_question_from_standard_input(tmp_path: Path) -> None:
    async with ModelSimulator([simulated_says("Both lines.")]) as model:
        done = await run(tmp_path, model, "chat", "--once", "-", said="first\nsecond\n")
        assert model.requests[0].question == "first\nsecond"
    assert (done.stdout, done.stderr, done.returncode) == ("Both lines.\n", "", 0)


async def test_lines_from_a_pipe(tmp_path: Path) -> None:
    async with ModelSimulator([simulated_says("One."), simulated_says("Two.")]) as model:
        done = await run(tmp_path, model, "chat", said="first\n\nsecond")
        assert [request.question for request in model.requests] == ["first", "second"]
    assert (done.stdout, done.stderr, done.returncode) == ("One.\nTwo.\n", "", 0)


async def test_no_answer_is_exit_code_1(tmp_path: Path) -> None:
    async with ModelSimulator(lambda _: fails(401)) as model:
        done = await run(tmp_path, model, "chat", "--once", "hi")
    assert done.stdout == ""
    assert done.stderr.startswith("steward: ")
    assert done.stderr.count("\n") == 1
    assert done.returncode == 1


async def test_without_a_model_the_practice_model_says_so(tmp_path: Path) -> None:
    done = await asyncio.to_thread(steward, tmp_path, "chat", "--once", 'analyze the text "one two"')
    assert done.returncode == 0
    assert "words" in done.stdout.lower()
    assert NOTICE in done.stderr


async def test_files_that_a_command_answers_with_are_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    await converse(tmp_path, ScriptedModel(), "/my-data")
    assert "saved: steward-files/steward-data.zip" in capsys.readouterr().out
    assert (tmp_path / "steward-files" / "steward-data.zip").read_bytes() == b"PK"
