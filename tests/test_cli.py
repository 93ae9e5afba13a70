import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bots.cli import main
from tests.command import command, environment, steward
from tests.incidents import id_in, without_id

HEAVY = ("pydantic", "asyncio", "slack_bolt", "slack_sdk", "discord", "openai", "matplotlib", "prompt_toolkit", "yaml")


def loaded(code: str) -> set[str]:
    """Return which heavy modules, and which of ours, a program has loaded at its end."""
    watched = (*HEAVY, "bots", "core", "skills")
    ending = f"import sys; print(*(name for name in sys.modules if name.split('.')[0] in {watched!r}))"
    program = f"import contextlib\nwith contextlib.suppress(SystemExit):\n    {code}\n{ending}"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


# -- quick


@pytest.mark.parametrize("arguments", ["--help", "chat --help", "--version"])
def test_help_and_version_load_nothing_heavy(arguments: str) -> None:
    assert loaded(f"from bots.cli import main; main({arguments.split()!r})") == {"bots", "bots.cli"}


def test_help_is_instant(tmp_path: Path) -> None:
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        assert steward(tmp_path, "--help").returncode == 0
        seconds.append(time.perf_counter() - begun)
    assert min(seconds) < 0.3


def test_skills_are_listed_without_a_platform_or_a_picture_library() -> None:
    found = loaded("from bots.cli import main; main(['skills'])")
    assert found.isdisjoint({"slack_bolt", "slack_sdk", "discord", "openai", "matplotlib", "prompt_toolkit"})


@pytest.mark.parametrize(("one", "other"), [("slack", "discord"), ("discord", "slack_sdk"), ("discord", "slack_bolt")])
def test_one_adapter_does_not_load_the_other(one: str, other: str) -> None:
    assert other not in loaded(f"import bots.{one}")


# -- what is printed


def test_what_nobody_foresaw_is_one_sentence_with_the_id_of_the_log(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("the flux is low")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bots.app.skills", broken)
    assert main(["skills"]) == 1
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert without_id(said) == "steward: Something went wrong inside Steward (RuntimeError)."
    assert f"[{id_in(said)}] stopped by an unexpected error" in caplog.text


def test_help_names_the_commands(tmp_path: Path) -> None:
    printed = steward(tmp_path, "--help").stdout
    assert [
        name for name in ("chat", "run", "skills", "manifest", "--config", "--version") if name not in printed
    ] == []


def test_version(tmp_path: Path) -> None:
    assert steward(tmp_path, "--version").stdout == "steward 0.1.0\n"


def test_skills_one_line_each(tmp_path: Path) -> None:
    done = steward(tmp_path, "skills")
    assert done.returncode == 0
    assert any(line.startswith("analyze_text ") for line in done.stdout.splitlines())
    assert list(tmp_path.iterdir()) == [], "no database is opened"


def test_skills_as_json(tmp_path: Path) -> None:
    done = steward(tmp_path, "skills", "--json")
    tools = {tool["name"]: tool for tool in json.loads(done.stdout)}
    assert set(tools["analyze_text"]) == {"name", "description", "parameters", "examples"}
    assert tools["analyze_text"]["parameters"]["type"] == "object"


def test_manifest_of_slack(tmp_path: Path) -> None:
    done = steward(tmp_path, "manifest", "slack", variables={"STEWARD_NAME": "Größe"})
    assert json.loads(done.stdout)["display_information"]["name"] == "Größe"


# -- mistakes


@pytest.mark.parametrize(
    ("arguments", "text", "sentence"),
    [
        ("skills", "nmae: x", "The key nmae in config.yaml is unknown; did you mean name?"),
        ("chat --once hi", "model: {timeout: soon}", "model.timeout in config.yaml must be a number."),
        ("run", "slack: {bot_token: '${NOT_SET}'}", "slack.bot_token in config.yaml needs the environment variable"),
        ("", "a: b: c", "config.yaml is not valid YAML in line 1"),
        ("manifest slack", "- a", "config.yaml must hold keys and values"),
        ("run", "", "No platform is configured"),
        ("--config none.yaml skills", "", "The configuration file none.yaml does not exist."),
        ("skills --config none.yaml", "", "The configuration file none.yaml does not exist."),
        ("chat --once hi --file none.txt", "", "There is no file none.txt."),
        ("chat --once hi --file .", "", ". is not a file."),
        ("chat --once hi --file config.yaml", "files: {max_mb: 0.000001}", "config.yaml has 25 B; at most 1 B"),
        ("chat --once -", "", "There is no message to answer."),
        ("chat --once hi", "data_dir: config.yaml", "The log "),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(tmp_path: Path, arguments: str, text: str, sentence: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    done = steward(tmp_path, *arguments.split())
    assert done.stdout == ""
    assert done.stderr.startswith(f"steward: {sentence}")
    assert done.stderr.count("\n") == 1
    assert done.returncode == 2


def test_a_wrong_variable_is_one_sentence_without_its_value(tmp_path: Path) -> None:
    done = steward(tmp_path, "skills", variables={"STEWARD_SLACK__BOTTOKEN": "hunter2"})
    assert done.stderr == (
        "steward: The environment variable STEWARD_SLACK__BOTTOKEN belongs to no setting; "
        "did you mean STEWARD_SLACK__BOT_TOKEN?\n"
    )
    assert done.returncode == 2


@pytest.mark.parametrize("arguments", ["nonsense", "manifest discord", "chat --nonsense", "--config"])
def test_a_wrong_command_line_is_exit_code_2(tmp_path: Path, arguments: str) -> None:
    done = steward(tmp_path, *arguments.split())
    assert done.stderr.startswith("usage: steward")
    assert done.returncode == 2


def test_a_skill_that_is_wrong_is_one_sentence_naming_its_place(tmp_path: Path) -> None:
    package = tmp_path / "skills"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "odd.py").write_text("from core import skill\n\n@skill\ndef odd(a: int) -> int:\n    return a\n")
    done = steward(tmp_path, "skills", variables={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "odd.py:3" in done.stderr


def test_a_skill_module_that_cannot_be_imported_is_said_and_left_out(tmp_path: Path) -> None:
    package = tmp_path / "skills"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "broken.py").write_text("import nothing_of_this_name\n")
    (package / "sound.py").write_text(
        'from core import skill\n\n@skill\ndef sound(a: int) -> int:\n    """Give it back."""\n    return a\n'
    )
    done = steward(tmp_path, "skills", variables={"PYTHONPATH": str(tmp_path)})
    assert (done.returncode, done.stdout) == (0, "sound  Give it back.\n")
    assert "The skill module skills.broken could not be imported and is left out" in done.stderr


# -- ends


@pytest.mark.parametrize("arguments", ["skills --json", "--help", "manifest slack"])
def test_a_broken_pipe_is_quiet(tmp_path: Path, arguments: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(
            command(*arguments.split()),
            cwd=tmp_path,
            env=environment(),
            stdout=nobody,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize(("closed", "printed"), [("2>&-", "4\n"), (">&-", ""), ("<&-", "4\n")])
def test_a_closed_standard_stream_is_no_failure(tmp_path: Path, closed: str, printed: str) -> None:
    """As some service managers start programs: https://docs.python.org/3/library/sys.html#sys.__stdout__."""
    done = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *command("chat", "--once", "2 + 2")],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, printed)
    assert "Traceback" not in (tmp_path / "data" / "chat.log").read_text()
