"""`steward turns`, two Stewards on one data folder, and being told to stop, as their user meets them."""

import asyncio
import subprocess
import time
from pathlib import Path

import pytest

from core.errors import ModelError, PlatformError
from core.store import hold
from tests.command import command, environment, steward
from tests.house import house
from tests.scripted import KeptOutlet, ScriptedModel, message, says


def prepare(folder: Path) -> None:
    """Leave a database behind with one turn that failed, one that was refused, and one that went well."""

    async def turns() -> None:
        outlet = KeptOutlet()
        outlet.failures = [None, PlatformError("not in this channel", permanent=True)]
        model = ScriptedModel(ModelError("The model is\naway."), says("hello"), says("fine"))
        async with house(folder / "data", model, outlet=outlet) as opened:
            await opened.answer(message("one"), message("two", channel="C2"))
            await opened.answer(message("three"))

    asyncio.run(turns())


def test_turns_that_failed_are_listed_with_the_reason_and_without_what_was_said(tmp_path: Path) -> None:
    prepare(tmp_path)
    done = steward(tmp_path, "turns")
    assert (done.returncode, done.stderr) == (0, "")
    heading, failed, refused = done.stdout.splitlines()
    assert heading.split() == ["TURN", "STATE", "ASKED", "(UTC)", "TRIES", "WHERE", "BY", "WHY"]
    assert failed.split()[:2] == ["1", "failed"]
    assert "test/W/C1  U1  The model is away. (The log has the details under e" in failed
    assert refused.split()[:2] == ["2", "undelivered"]


def test_where_nothing_is_wrong_that_is_said(tmp_path: Path) -> None:
    steward(tmp_path, "chat", "--once", "What is 17% of 340?")
    assert steward(tmp_path, "turns").stdout == "No turn is stuck, failed or undelivered.\n"


def test_without_a_database_the_operator_is_told_where_it_was_looked_for(tmp_path: Path) -> None:
    done = steward(tmp_path, "turns")
    assert done.returncode == 2
    assert done.stderr.startswith(f"steward: There is no database {tmp_path}/data/steward.db: check data_dir")


@pytest.mark.parametrize(
    ("turn", "code", "said"),
    [
        ("1", 0, "Turn 1 is tried again when Steward is started."),
        ("2", 0, "Turn 2 is tried again when Steward is started."),
        ("3", 2, "steward: Turn 3 was answered; there is nothing to try again."),
        ("9", 2, "steward: There is no turn 9; `steward turns` lists those that can be tried again."),
    ],
)
def test_a_turn_is_tried_again_or_it_is_said_why_not(tmp_path: Path, turn: str, code: int, said: str) -> None:
    prepare(tmp_path)
    done = steward(tmp_path, "turns", "retry", turn)
    assert (done.returncode, (done.stdout + done.stderr).strip()) == (code, said)


def test_a_turn_tried_again_is_answered_at_the_next_start(tmp_path: Path) -> None:
    prepare(tmp_path)
    steward(tmp_path, "turns", "retry", "1")

    async def next_start() -> list[str]:
        async with house(tmp_path / "data", ScriptedModel(says("the model is back"))) as opened:
            await opened.turns.idle()
            return opened.outlet.texts

    assert asyncio.run(next_start()) == ["the model is back"]


def test_while_steward_runs_a_turn_is_tried_again_in_a_moment(tmp_path: Path) -> None:
    prepare(tmp_path)
    with hold(tmp_path / "data"):
        assert steward(tmp_path, "turns", "retry", "1").stdout == "Turn 1 is tried again in a moment.\n"


@pytest.mark.parametrize("arguments", [["chat", "--once", "hi"], ["run"]])
def test_a_second_steward_on_the_same_data_is_refused_with_a_sentence(tmp_path: Path, arguments: list[str]) -> None:
    with subprocess.Popen(
        command("chat"), cwd=tmp_path, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdin is not None
        assert first.stdout is not None
        first.stdin.write("What is 17% of 340?\n")
        first.stdin.flush()
        assert first.stdout.readline() == "57.8\n"
        second = steward(tmp_path, *arguments, variables={"STEWARD_DISCORD__TOKEN": "t"})
        first.stdin.close()
        assert first.wait(30) == 0
    assert second.returncode == 2
    assert second.stderr.strip() == (
        f"steward: Another Steward (process {first.pid}) uses the data folder {tmp_path}/data: "
        "end it, or set data_dir to another folder."
    )


@pytest.mark.parametrize("moment", ["while it starts", "while it runs"])
def test_told_to_stop_steward_ends_with_0(tmp_path: Path, moment: str) -> None:
    nowhere = {
        "STEWARD_DISCORD__TOKEN": "t",
        "STEWARD_DISCORD__API_URL": "http://127.0.0.1:9/api/v10",
        "STEWARD_DISCORD__GATEWAY_URL": "ws://127.0.0.1:9/",
    }
    with subprocess.Popen(
        command("run"), cwd=tmp_path, env=environment(**nowhere), stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        if moment == "while it starts":
            wait_for(tmp_path / "data" / "steward.lock")
        else:
            said = iter(running.stderr.readline, "")
            assert any("Trying again" in line for line in said), "it ended by itself"
        running.terminate()
        assert running.wait(30) == 0
        assert "Traceback" not in running.stderr.read()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.001)


def test_what_a_chat_leaves_is_for_its_owner_alone(tmp_path: Path) -> None:
    steward(tmp_path, "chat", "--once", "What is 17% of 340?")
    data = tmp_path / "data"
    assert data.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o077 for path in data.iterdir() if path.is_file()} == dict.fromkeys(
        {path.name for path in data.iterdir() if path.is_file()}, 0
    )
