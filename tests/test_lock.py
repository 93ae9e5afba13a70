"""The data folder belongs to one Steward, until its process ends, however that is."""

import contextlib
import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import OperatorError
from core.store import hold, holder

ROOT = Path(__file__).parent.parent

HOLD = """
import os, pathlib, subprocess, sys
from core.store import hold
with hold(pathlib.Path(sys.argv[1])):
    if sys.argv[2] == "child":
        child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], close_fds=False)
        print(child.pid, flush=True)
    elif sys.argv[2] == "fork":
        child = os.fork()
        if child:
            print(child, flush=True)
    else:
        print(os.getpid(), flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def another(folder: Path, kind: str = "alone") -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Another process that holds the folder until its standard input ends, and the id that it printed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), kind],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_second_steward_on_the_same_folder_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with another(tmp_path) as (process, pid), pytest.raises(OperatorError) as error, hold(tmp_path):
        pass

    assert pid == process.pid
    assert str(error.value) == (
        f"Another Steward (process {pid}) uses the data folder {tmp_path}: end it, or set data_dir to another folder."
    )


def test_a_second_one_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    with hold(tmp_path):
        with pytest.raises(OperatorError, match=rf"^Another Steward \(process {os.getpid()}\)"), hold(tmp_path):
            pass
        assert holder(tmp_path) == os.getpid(), "the one that was refused took the lock with it"


def test_two_folders_are_two_locks(tmp_path: Path) -> None:
    with hold(tmp_path / "a"), hold(tmp_path / "b"):
        assert holder(tmp_path / "a") == holder(tmp_path / "b") == os.getpid()


def test_the_folder_is_free_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with hold(tmp_path):
            assert holder(tmp_path) == os.getpid()
        assert holder(tmp_path) is None
    with pytest.raises(ZeroDivisionError), hold(tmp_path):
        raise ZeroDivisionError
    assert holder(tmp_path) is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_f6_a_folder_is_free_however_its_process_ended(tmp_path: Path, number: signal.Signals) -> None:
    with another(tmp_path) as (process, _):
        assert holder(tmp_path) == process.pid
        process.send_signal(number)
        process.wait(20)
        with hold(tmp_path):
            assert holder(tmp_path) == os.getpid()


@pytest.mark.parametrize("kind", ["child", "fork"])
def test_f6_a_child_that_outlives_its_steward_does_not_hold_the_folder(tmp_path: Path, kind: str) -> None:
    with another(tmp_path, kind) as (process, child):
        assert holder(tmp_path) == process.pid, "a child let go of its parent's lock"
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert alive(child)
        with hold(tmp_path):
            pass
        assert process.stdin is not None
        process.stdin.close()  # which ends the child too
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_nobody_holds_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert holder(tmp_path / "new") is None
    assert not (tmp_path / "new").exists()


def test_the_folder_and_its_lock_are_for_their_owner_alone(tmp_path: Path) -> None:
    with hold(tmp_path / "new" / "data"):
        assert (tmp_path / "new" / "data").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "new" / "data" / "steward.lock").stat().st_mode & 0o777 == 0o600


def test_a_look_at_the_lock_refuses_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hold(tmp_path):
        pass
    with (tmp_path / "steward.lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)  # as `holder` does for a moment
        monkeypatch.setattr(time, "sleep", lambda _: fcntl.flock(file, fcntl.LOCK_UN))
        with hold(tmp_path):
            assert holder(tmp_path) == os.getpid()


def test_a_holder_that_has_not_written_its_id_yet_is_a_holder(tmp_path: Path) -> None:
    with (tmp_path / "steward.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert holder(tmp_path) == 0
        with pytest.raises(OperatorError, match=r"^Another Steward uses the data folder "), hold(tmp_path):
            pass


def test_what_an_earlier_holder_wrote_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "steward.lock").write_text("12345678901234\n")
    with hold(tmp_path):
        assert holder(tmp_path) == os.getpid()


def test_a_file_system_without_locks_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(_file: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)  # there is no such file system to test with
    (tmp_path / "steward.lock").touch()
    told = f"The data folder {tmp_path} cannot be locked: No locks available; set data_dir to a folder on a local disk."
    with pytest.raises(OperatorError) as error, hold(tmp_path):
        pass
    assert str(error.value) == told
    with pytest.raises(OperatorError) as error:
        holder(tmp_path)
    assert str(error.value) == told


def test_a_folder_in_place_of_the_lock_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "steward.lock").mkdir()

    with pytest.raises(OperatorError) as error, hold(tmp_path):
        pass

    assert str(error.value) == f"The data folder {tmp_path} cannot be locked: Is a directory."


def test_a_data_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")

    told = r"^The data folder .*/data cannot be made: File exists\.$"
    with pytest.raises(OperatorError, match=told), hold(tmp_path / "data"):
        pass
