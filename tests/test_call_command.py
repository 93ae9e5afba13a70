"""`steward call`: a skill on the command line, and `/call` in the chat."""

from pathlib import Path

import pytest

from bots.terminal.calling import read_call, texts_of
from core.errors import UserError
from core.options import Option
from tests.command import steward

OPTIONS = (
    Option(name="text", kind="text", required=True),
    Option(name="dark_mode", kind="boolean", required=False),
    Option(name="sides", kind="integer", required=False),
    Option(name="file", kind="file", required=False),
)


def test_a_skill_is_run_without_a_model_and_only_its_answer_is_on_standard_output(tmp_path: Path) -> None:
    done = steward(tmp_path, "call", "calculate", "--expression", "17% of 340")
    assert (done.returncode, done.stdout) == (0, "57.8\n")
    assert done.stderr.splitlines()[0] == '→ calculate(expression="17% of 340")'
    assert "practice" not in done.stderr


def test_a_picture_is_saved(tmp_path: Path) -> None:
    done = steward(tmp_path, "call", "draw_chart", "--values", "1, 2", "--labels=a,b", "--x-title", "two words")
    assert (done.returncode, done.stdout) == (0, "saved: steward-files/bar-chart.png\n")
    assert (tmp_path / "steward-files" / "bar-chart.png").read_bytes().startswith(b"\x89PNG")


def test_a_file_is_given_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "with space.txt").write_text("one two three")
    done = steward(tmp_path, "call", "analyze_text", "--file", "with space.txt")
    assert done.returncode == 0
    assert "- Words: 3\n" in done.stdout


def test_a_skill_that_fails_is_an_error_of_the_command(tmp_path: Path) -> None:
    done = steward(tmp_path, "call", "calculate", "--expression=sqrt(-1)")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == "steward: A negative number has no real square root."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch"], "There is no skill 'nosuch'; `skills` lists them."),
        (["calculate"], "calculate needs expression."),
        (["calculate", "17%"], "'17%' belongs to no option; write --key value."),
        (["calculate", "--sum", "1"], "There is no option 'sum'; the options are expression."),
        (["draw_chart", "--kind", "cube"], "kind has to be one of bar, line, scatter, pie, histogram, not 'cube'."),
        (["analyze_text", "--file", "gone.txt"], "There is no file gone.txt."),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_before_anything_starts(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = steward(tmp_path, "call", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"steward: {said}\n")
    assert not (tmp_path / "data" / "steward.db").exists()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_the_skills(tmp_path: Path, arguments: list[str]) -> None:
    done = steward(tmp_path, "call", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "  current_time   Tell the date and time now, in a city, country or time zone." in done.stdout.splitlines()


def test_help_of_a_skill_shows_its_options_with_types_choices_and_what_is_required(tmp_path: Path) -> None:
    calculate = steward(tmp_path, "call", "calculate", "--help").stdout
    assert calculate.startswith("usage: steward call calculate --expression TEXT\n\nCalculate exactly: ")
    assert "  --expression TEXT\n      What to calculate" in calculate
    assert "(required)" in " ".join(calculate.split())
    chart = " ".join(steward(tmp_path, "call", "draw_chart", "-h").stdout.split())
    assert "--kind bar|line|scatter|pie|histogram The kind of chart. (default bar)" in chart
    assert "--values A,B,…" in chart
    assert "--series JSON" in chart


def test_in_a_chat_a_skill_is_called_with_key_and_value(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one two")
    lines = ['/call calculate expression="17% of 340"', "/call analyze_text file=a.txt", "/call calculate", "/call"]
    done = steward(tmp_path, "chat", said="\n".join(lines))
    first, *rest = done.stdout.splitlines()
    assert first == "57.8"
    assert "- Words: 2" in rest
    assert "steward: calculate needs expression." in done.stderr
    assert any("/call SKILL key=value" in line for line in rest)


def test_what_a_call_made_can_be_changed_in_the_next(tmp_path: Path) -> None:
    steward(tmp_path, "call", "draw_chart", "--values", "1,2")
    done = steward(tmp_path, "call", "restyle_chart", "--kind", "pie")
    assert (done.returncode, done.stdout) == (0, "saved: steward-files/pie-chart.png\n")


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        ([], {}),
        (["--text", "a b", "--sides", "-6"], {"text": "a b", "sides": "-6"}),
        (["--text=--b=c"], {"text": "--b=c"}),
        (["--text="], {"text": ""}),
        (["--dark-mode"], {"dark_mode": "yes"}),
        (["--dark-mode", "--text", "a"], {"dark_mode": "yes", "text": "a"}),
        (["--dark-mode", "off"], {"dark_mode": "off"}),
        (["--no-dark-mode"], {"dark_mode": "no"}),
    ],
)
def test_words_are_read_as_keys_and_values(words: list[str], texts: dict[str, str]) -> None:
    assert texts_of(words, OPTIONS) == texts


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["six"], "'six' belongs to no option; write --key value."),
        (["--"], "'--' belongs to no option; write --key value."),
        (["--text", "--sides"], "--text needs a value; one that begins with -- is written --text=VALUE."),
        (["--text=a", "--text=b"], "--text is given twice."),
    ],
)
def test_words_that_make_no_sense_are_refused(words: list[str], said: str) -> None:
    with pytest.raises(UserError) as caught:
        texts_of(words, OPTIONS)
    assert str(caught.value) == said


def test_a_path_becomes_a_file_and_the_rest_arguments(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"hi")
    texts = {"text": "x", "sides": "6", "file": str(tmp_path / "a.txt")}
    call, attachments = read_call({"roll": OPTIONS}, "roll", texts, 1000)
    assert (call.skill, call.arguments, call.files) == ("roll", {"text": "x", "sides": 6}, {"file": 0})
    assert [(file.filename, file.content) for file in attachments] == [("a.txt", b"hi")]


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"12345")
    with pytest.raises(UserError, match="at most"):
        read_call({"roll": OPTIONS}, "roll", {"text": "x", "file": str(tmp_path / "a.txt")}, 4)
