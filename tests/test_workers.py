"""Worker processes: what a blocking skill gets and gives there, what it may take, and how it is stopped."""

import ast
import asyncio
import base64
import contextlib
import json
import logging
import os
import pickle
import signal
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import JsonValue

import skills
from core import Attachment, Context, Reply
from core.config import WorkersConfig
from core.discovery import discover
from core.errors import OperatorError
from core.items import Call
from core.skill import Outcome, Skill, Skillset, options_of
from core.workers import Workers
from tests import worker_skills
from tests.shelf import CONTEXT, PICTURE, TEXT
from tests.waiting import until

PRELOAD = (*discover(skills).preload, worker_skills.__name__)
"""One fork server serves all tests of a run, so it is given what any of them has use for."""

SKILLS = tuple(Skill.of(value, topic="test") for value in vars(worker_skills).values() if options_of(value))
ROOT = Path(__file__).parent.parent


class Bench:
    """Workers with skills to call in them."""

    def __init__(self, workers: Workers, scratch: Path) -> None:
        self.scratch = scratch
        self.skillset = Skillset(SKILLS, {"test": {"key": "k1"}}).with_runner(workers)

    async def call(self, name: str, /, context: Context = CONTEXT, **arguments: JsonValue) -> Outcome:
        call = Call(id="c1", name=name, arguments=json.dumps(arguments))
        async with asyncio.timeout(30):
            return await self.skillset.call(call, context)

    async def text(self, name: str, context: Context = CONTEXT, **arguments: JsonValue) -> str:
        return (await self.call(name, context, **arguments)).reply.text

    async def pid(self) -> int:
        return int(json.loads(await self.text("where"))[0])


@contextlib.asynccontextmanager
async def opened(
    folder: Path, *, processes: int = 1, memory_mb: float = 1024, cpu_seconds: float = 60
) -> AsyncIterator[Bench]:
    config = WorkersConfig(processes=processes, memory_mb=memory_mb, cpu_seconds=cpu_seconds)
    workers = Workers(config, scratch=folder / "scratch", preload=PRELOAD)
    await workers.start()
    try:
        yield Bench(workers, folder / "scratch")
    finally:
        await workers.close()


def state(pid: int) -> str:
    """Return the letter of a process's state, "" where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def ended(pid: int) -> bool:
    return state(pid) in ("", "Z", "X")


def children(pid: int) -> list[int]:
    """Return the processes that descend from one."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                found += [int(entry.name), *children(int(entry.name))] if parent == pid else []
    return found


def error(text: str) -> Outcome:
    return Outcome(reply=Reply(text=f"Error: {text}"), ok=False)


# What a skill gets and gives


async def test_a_blocking_skill_runs_in_another_process_and_an_async_one_in_this(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        pids = {name: int(await bench.text(name)) for name in ("here", "there")}

        assert pids == {"here": os.getpid(), "there": await bench.pid()}
        assert pids["there"] != os.getpid()


async def test_a_wrapped_function_is_found_under_the_name_its_module_has_for_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        assert await bench.text("disguised") == "found"


async def test_a_skill_gets_the_values_it_would_get_in_this_process(tmp_path: Path) -> None:
    arguments: dict[str, JsonValue] = {
        "colour": "red",
        "place": {"name": "größe 字", "at": [1.5, 2]},
        "steps": [{"day": "2026-02-03", "cost": "1.20"}],
        "either": "3",
        "one": "f1",
        "named": {"a": ["f2", "f1"]},
        "parcel": {"files": ["f2"]},
    }
    found = next(skill for skill in SKILLS if skill.tool.name == "values")
    direct = found.function(**found.bind(arguments, {"f1": PICTURE, "f2": TEXT}, None))

    async with opened(tmp_path) as bench:
        assert await bench.text("values", CONTEXT, **arguments) == direct


async def test_a_skill_gets_the_context_with_the_contents_of_its_files(tmp_path: Path) -> None:
    context = replace(CONTEXT, attachments=(PICTURE, replace(TEXT, content=None, source="there")))
    expected = (context.conversation, context.person, context.attachments, {"key": "k1"})

    async with opened(tmp_path) as bench:
        assert await bench.text("surroundings", context) == repr(expected)


class Shelf:
    """A shelf with one file, which is large."""

    large = Attachment(id="f9", filename="a.bin", media_type="a/b", content=bytes(25_000_000), spec={"kind": "chart"})

    async def get(self, file_id: str) -> Attachment | None:
        return self.large if file_id == "f9" else None

    async def latest(self, kind: str) -> Attachment | None:
        return self.large if kind == "chart" else None


@pytest.mark.parametrize("found", [True, False])
async def test_a_skill_finds_files_on_the_shelf(tmp_path: Path, found: bool) -> None:
    file_id, kind = ("f9", "chart") if found else ("f8", "picture")
    expected = Shelf.large if found else None

    async with opened(tmp_path) as bench:
        text = await bench.text("look", replace(CONTEXT, files=Shelf()), file_id=file_id, kind=kind)
        assert text == repr((expected, expected))


async def test_the_shelf_of_a_call_is_out_of_reach_after_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        await bench.call("keep_shelf")

        assert await bench.call("use_kept_shelf") == error("The call has ended; its files are out of reach.")


async def test_large_files_come_and_go(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        assert await bench.text("measure", replace(CONTEXT, files=Shelf()), file="f9") == "25000000"
        outcome = await bench.call("make", size=25_000_000, text="Größe", spec=[1, None, {"a": "字"}])

    made = Attachment(
        filename="größe.bin",
        media_type="a/b",
        content=b"x" * 25_000_000,
        alt="x",
        spec={"kind": [1, None, {"a": "字"}]},
    )
    assert outcome == Outcome(reply=Reply(text="Größe", attachments=(made,)))


async def test_files_beyond_all_measure_are_an_error(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        assert await bench.call("make", size=128_000_001) == error(
            "make returned too much: at most 128 MB can be taken."
        )


async def test_half_a_character_comes_back_as_a_replacement(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        assert await bench.text("half") == "a\ufffd"


# What goes wrong in a skill


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("refuse", "The moon is not visible."),
        ("abort", "The moon is gone."),
        ("fail", "fail failed: ValueError: the flux is low"),
        ("leave", "leave failed: SystemExit: 3"),
        ("odd", "The skill returned a object, which is neither text, JSON nor a file."),
        (
            "make_odd",
            "What odd.bin was made from is not JSON: Object of type object is not JSON serializable.",
        ),
    ],
)
async def test_what_a_skill_raises_is_told_to_the_model(tmp_path: Path, name: str, text: str) -> None:
    async with opened(tmp_path) as bench:
        assert await bench.call(name) == error(text)


async def test_what_a_skill_raises_is_logged_with_its_own_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path) as bench:
        await bench.call("fail")

    assert "fail (call c1) failed" in caplog.text
    assert "worker_skills.py" in caplog.text
    assert "in fail" in caplog.text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("crash", "crash crashed: its process was ended by SIGSEGV."),
        ("leave_at_once", "leave_at_once crashed: its process ended with exit code 7."),
    ],
)
async def test_a_crash_is_an_error_for_that_call_alone(tmp_path: Path, name: str, text: str) -> None:
    async with opened(tmp_path, processes=2) as bench:
        go = tmp_path / "go"
        other = asyncio.create_task(bench.text("wait_for", path=str(go)))

        assert await bench.call(name) == error(text)

        go.touch()
        assert await other == "there"
        assert await bench.text("disguised") == "found"


def frame(sizes: object, message: object, *blobs: bytes) -> bytes:
    header = json.dumps([sizes, message]).encode()
    return struct.pack(">I", len(header)) + header + b"".join(blobs)


def file_of(**changes: object) -> dict[str, object]:
    plain = {"filename": "a", "media_type": "b", "source": None, "alt": "", "spec": None, "id": "", "blob": None}
    return {"type": "returned", "files": [{**plain, **changes}]}


RETURNED = {"type": "returned", "files": []}
PICKLE = pickle.dumps(subprocess.Popen)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xff\xff\xff",
        struct.pack(">I", len(PICKLE)) + PICKLE,
        frame([], {"type": "invocation"}),
        frame([], {"type": "ready"}),
        frame([], {"type": "refused", "text": 3, "aborted": False}),
        frame([], {"type": "wanted", "by": "id", "value": "f1"}),
        frame([], RETURNED),
        frame([10**12], RETURNED),
        frame([-1], RETURNED),
        frame([1], RETURNED, b"\xff"),
        frame([0], file_of(blob=1)),
        frame([0], file_of(spec="[1]")),
        frame([0], file_of(spec="{")),
    ],
    ids=range(13),
)
async def test_an_answer_that_cannot_be_read_ends_the_process(tmp_path: Path, content: bytes) -> None:
    async with opened(tmp_path) as bench:
        pid = await bench.pid()

        assert await bench.call("say_raw", content=base64.b64encode(content).decode()) == error(
            "say_raw gave an answer that cannot be read, and was stopped."
        )

        await until(lambda: ended(pid))
        assert await bench.pid() != pid


async def test_a_process_that_hangs_up_is_ended(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        pid = await bench.pid()
        assert await bench.call("hang_up") == error("hang_up closed its connection, and was stopped.")
        await until(lambda: ended(pid))


# What a skill may take


async def test_a_skill_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        pid = await bench.pid()

        assert await bench.call("linger") == error("linger took longer than 0.3 s and was stopped.")

        await until(lambda: ended(pid))
        assert await bench.pid() != pid


async def test_waiting_for_a_free_process_does_not_count(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        go = tmp_path / "go"
        first = asyncio.create_task(bench.text("wait_for", path=str(go)))
        await until(lambda: len(list(bench.scratch.glob("*.out"))) == 1)
        second = asyncio.create_task(bench.text("hurry"))
        await asyncio.sleep(0.5)  # longer than the second may take
        go.touch()

        assert await first == "there"
        assert await second == "done"


async def test_as_many_calls_run_at_once_as_there_are_processes(tmp_path: Path) -> None:
    async with opened(tmp_path, processes=3) as bench:
        go = tmp_path / "go"
        calls = [asyncio.create_task(bench.text("wait_for", path=str(go))) for _ in range(5)]
        await until(lambda: len(list(bench.scratch.glob("*.out"))) == 3)
        go.touch()

        assert await asyncio.gather(*calls) == ["there"] * 5


async def test_too_much_memory_is_an_error_that_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path, memory_mb=100) as bench:
        assert await bench.call("hoard") == error("hoard needed more than 100 MB of memory and was stopped.")


async def test_memory_within_the_limit_can_be_had(tmp_path: Path) -> None:
    async with opened(tmp_path, memory_mb=400) as bench:
        assert (await bench.call("hoard")).ok


async def test_too_much_processor_time_ends_the_call(tmp_path: Path) -> None:
    async with opened(tmp_path, cpu_seconds=0.1) as bench:
        assert await bench.call("spin") == error("spin used more than 0.1 s of processor time and was stopped.")


async def test_the_limits_of_a_process(tmp_path: Path) -> None:
    async with opened(tmp_path, memory_mb=300) as bench:
        shown = json.loads(await bench.text("limits"))

    assert 200 < shown.pop("room") <= 300, "the memory that is left is not the limit's"
    assert shown == {
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 256,
        "files": 256_000_000,
        "nice": min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10),
        "oom": 500,
    }


async def test_f14_while_a_skill_hangs_that_lets_nothing_else_run_everything_else_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path, processes=2) as bench:
        note = tmp_path / "pid"
        hanging = asyncio.create_task(bench.text("hang_hard", pid_file=str(note)))
        await until(note.exists)

        assert await bench.text("here") == str(os.getpid()), "the event loop has to wait"
        assert await bench.text("disguised") == "found", "another call has to wait"
        assert not hanging.done()
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
        await until(lambda: ended(int(note.read_text())))


async def test_a_cancelled_call_is_killed(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        note = tmp_path / "pid"
        call = asyncio.create_task(bench.text("hang", pid_file=str(note)))
        await until(note.exists)
        call.cancel()

        with pytest.raises(asyncio.CancelledError):
            await call
        await until(lambda: ended(int(note.read_text())))
        assert await bench.text("disguised") == "found"


async def test_a_cancelled_wait_for_a_process_takes_none(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        go = tmp_path / "go"
        first = asyncio.create_task(bench.text("wait_for", path=str(go)))
        await until(lambda: len(list(bench.scratch.glob("*.out"))) == 1)
        second = asyncio.create_task(bench.text("hurry"))
        await asyncio.sleep(0)
        second.cancel()
        go.touch()

        assert await first == "there"
        assert await bench.text("disguised") == "found"


@pytest.mark.parametrize("name", ["hang_with_child", "desert_child"])
async def test_what_a_skill_started_is_killed_with_it(tmp_path: Path, name: str) -> None:
    async with opened(tmp_path) as bench:
        note = tmp_path / "pid"
        call = asyncio.create_task(bench.text(name, pid_file=str(note)))
        await until(note.exists)
        if name == "hang_with_child":
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        else:
            assert await call == f"Error: {name} crashed: its process ended with exit code 9."

        await until(lambda: ended(int(note.read_text())))


async def test_what_a_forked_child_returns_is_not_taken_for_the_result_of_a_later_call(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        go, later = tmp_path / "go", tmp_path / "later"
        child = int(await bench.text("go_on_as_two", path=str(go)))
        call = asyncio.create_task(bench.text("wait_for", path=str(later)))
        await until(lambda: len(list(bench.scratch.glob("*.out"))) == 1)
        go.touch()
        await until(lambda: ended(child) or call.done())
        later.touch()

        assert await call == "there"


# Where a skill works


async def test_s7_the_environment_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEWARD_CANARY", "tweet")
    async with opened(tmp_path) as bench:
        shown = json.loads(await bench.text("environment"))

    assert shown[0] == "{}"
    assert "tweet" not in str(shown)
    assert "PATH" not in str(shown)
    assert os.environ["STEWARD_CANARY"] == "tweet"


async def test_each_call_has_a_directory_that_is_gone_afterwards(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        directory, temporary, *names = json.loads(await bench.text("scratch"))
        again, _, *empty = json.loads(await bench.text("scratch", leave=False))

        assert Path(directory).parent == bench.scratch
        assert temporary == directory
        assert names[:1] == ["deep"]
        assert "note.txt" in names
        assert again != directory
        assert len(empty) == 1, "there is more than the one temporary file"
        await until(lambda: not list(bench.scratch.iterdir()))


async def test_the_directory_of_a_killed_call_is_removed(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        note = tmp_path / "directory"
        call = asyncio.create_task(bench.call("hang_untidily", note=str(note)))
        await until(note.exists)
        call.cancel()

        await until(lambda: not list(bench.scratch.iterdir()))
        assert Path(note.read_text()).parent == bench.scratch


async def test_what_calls_left_that_a_crash_cut_off_is_removed_at_the_start(tmp_path: Path) -> None:
    left = tmp_path / "scratch" / "abc" / "deep" / "note.txt"
    left.parent.mkdir(parents=True)
    left.write_text("x")

    async with opened(tmp_path) as bench:
        assert await bench.text("disguised") == "found"
        assert not left.parent.parent.exists()


async def test_what_a_skill_prints_is_logged_and_nothing_of_it_reaches_the_terminal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG, logger="steward.workers"):
        async with opened(tmp_path) as bench:
            await bench.call("say", lines=1)
            await bench.call("say", lines=10_000)

    printed = [record.getMessage() for record in caplog.records if " printed: " in record.getMessage()]
    assert sorted(printed[0].removeprefix("say printed: ").splitlines()) == [
        "an error",
        "from Python",
        "from a child",
        "past Python",
    ]
    assert len(printed[1]) < 11_000, "what is logged has no cap"
    assert capfd.readouterr() == ("", "")


# How processes come and go


async def test_a_process_is_replaced_after_a_hundred_calls(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        pids = [await bench.pid() for _ in range(101)]

    assert len(set(pids[:100])) == 1
    assert pids[100] != pids[0]


async def test_a_process_that_died_while_it_waited_is_replaced(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        pid = await bench.pid()
        os.kill(pid, signal.SIGKILL)
        await until(lambda: ended(pid))

        assert await bench.text("disguised") == "found"


async def test_calls_under_way_outlive_a_signal_that_tells_all_processes_to_stop(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        (pid, server), go = json.loads(await bench.text("where")), tmp_path / "go"
        call = asyncio.create_task(bench.text("wait_for", path=str(go)))
        await until(
            lambda: len(list(bench.scratch.glob("*.out"))) == 1 and Path(f"/proc/{pid}/cwd").readlink() != Path("/")
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(server, number)
            os.kill(pid, number)
        go.touch()

        assert await call == "there"
        assert json.loads(await bench.text("where"))[1] == server


async def test_a_process_that_waits_ends_when_it_is_told_to(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        pid = await bench.pid()

        def tell() -> bool:
            """Tell it again, because it may still have been busy with its call."""
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            return ended(pid)

        await until(tell)


class BrokenShelf:
    """A shelf that falls down."""

    async def get(self, file_id: str) -> Attachment | None:
        raise OperatorError("The folder cannot be read.")

    async def latest(self, kind: str) -> Attachment | None:
        raise OperatorError("The folder cannot be read.")


async def test_a_process_that_was_left_without_an_answer_takes_no_other_call(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        outcome = await bench.call("look", replace(CONTEXT, files=BrokenShelf()), file_id="f1", kind="chart")

        assert outcome == error("look failed: OperatorError: The folder cannot be read.")
        assert await bench.text("disguised") == "found"


async def test_without_a_folder_to_work_in_calls_say_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        assert await bench.text("disguised") == "found"
        await until(lambda: not list(bench.scratch.iterdir()))
        bench.scratch.rmdir()
        bench.scratch.touch()
        refused = await bench.text("disguised")
        bench.scratch.unlink()

        assert refused.startswith("Error: disguised could not be run, because no folder could be made for it: ")
        assert await bench.text("disguised") == "found"


async def test_a_fork_server_that_died_is_launched_again_with_an_empty_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEWARD_CANARY", "tweet")
    async with opened(tmp_path) as bench:
        _, server = json.loads(await bench.text("where"))
        os.kill(server, signal.SIGKILL)
        await until(lambda: ended(server))

        assert not (await bench.call("leave_at_once")).ok
        assert "tweet" not in await bench.text("environment")
        assert json.loads(await bench.text("where"))[1] != server


async def test_closing_ends_every_process_and_every_call(tmp_path: Path) -> None:
    notes = [tmp_path / "hang", tmp_path / "hard"]
    async with opened(tmp_path, processes=3) as bench:
        hanging = [
            asyncio.create_task(bench.text("hang", pid_file=str(notes[0]))),
            asyncio.create_task(bench.text("hang_hard", pid_file=str(notes[1]))),
        ]
        idle = await bench.pid()
        await until(lambda: all(note.exists() for note in notes))
        waiting = [asyncio.create_task(bench.text("hang", pid_file=str(tmp_path / str(number)))) for number in range(3)]
        await until((tmp_path / "0").exists)
        pids = [idle, *(int(note.read_text()) for note in notes)]

    assert all(ended(pid) for pid in pids)
    assert not bench.scratch.exists()
    texts = await asyncio.gather(*hanging, *waiting)
    assert sorted(text.split()[1] for text in texts) == ["hang", "hang", "hang", "hang", "hang_hard"]
    assert await bench.text("hurry") == "Error: hurry could not be run, because no process could be started for it."


async def test_the_fork_server_prints_nothing_once_it_has_imported_everything(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        _, server = json.loads(await bench.text("where"))

        assert [os.readlink(f"/proc/{server}/fd/{stream}") for stream in (1, 2)] == ["/dev/null"] * 2


async def test_closing_does_not_wait_for_processes_that_are_starting(tmp_path: Path) -> None:
    before = set(children(os.getpid()))
    async with opened(tmp_path, processes=8):
        pass

    await until(lambda: all(ended(pid) for pid in set(children(os.getpid())) - before))


# A bot of its own

BOT = """
import asyncio, json, logging, multiprocessing, os, sys
from pathlib import Path
from core.config import WorkersConfig
from core.discovery import discover
from core.items import Call
from core.skill import Skill, Skillset, options_of
from core.workers import Workers
from tests.shelf import CONTEXT
{extra}

async def main():
    workers = Workers(WorkersConfig(processes=3), scratch=Path("scratch"), preload=skillset.preload)
    bound = skillset.with_runner(workers)

    async def call(name, **arguments):
        outcome = await bound.call(Call(id="c1", name=name, arguments=json.dumps(arguments)), CONTEXT)
        return outcome.reply

    await workers.start()
    try:
        await use(call)
    finally:
        await workers.close()

if __name__ == "__main__":
    asyncio.run(main())
else:
    Path("imported").touch()
"""

TEST_SKILLS = """
from tests import worker_skills
values = [value for value in vars(worker_skills).values() if options_of(value)]
skillset = Skillset(tuple(Skill.of(value, topic="test") for value in values))
"""


def bot(folder: Path, extra: str) -> "subprocess.Popen[str]":
    """Start a program that is not part of the project, in a folder of its own."""
    path = folder / "bot.py"
    path.write_text(BOT.format(extra=extra))
    return subprocess.Popen(
        [sys.executable, str(path)],
        cwd=folder,
        env={**os.environ, "STEWARD_CANARY": "tweet"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """Wait for the end of a program and return what it printed, and what of errors."""
    with contextlib.ExitStack() as stack:
        stack.callback(process.kill)
        return process.communicate(timeout=30)


def finished(process: "subprocess.Popen[str]") -> list[str]:
    """Wait for the good end of a program and return the lines it printed."""
    out, err = output(process)
    assert process.returncode == 0, err
    assert err == ""
    return out.splitlines()


def all_end(family: list[int]) -> None:
    """Fail where a process does not end by itself."""
    limit = time.monotonic() + 10
    while not all(ended(pid) for pid in family) and time.monotonic() < limit:
        time.sleep(0.01)
    left = [pid for pid in family if not ended(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left


def test_charts_are_drawn_without_importing_matplotlib_here_and_by_no_worker_for_itself(tmp_path: Path) -> None:
    process = bot(
        tmp_path,
        f"""
import skills
from dataclasses import replace
{TEST_SKILLS}
found = discover(skills)
skillset = Skillset((*found, *skillset))

async def use(call):
    print(await call("modules", names=["matplotlib.backends.backend_agg", "matplotlib.font_manager", "skills.chart"]))
    for _ in range(2):
        reply = await call("draw_chart", values=[1, 2])
        print(reply.attachments[0].content[:4])
    global CONTEXT

    class Shelf:
        async def latest(self, kind):
            return reply.attachments[0]

    CONTEXT = replace(CONTEXT, files=Shelf())
    print((await call("restyle_chart", kind="pie")).attachments[0].filename)
    print([name for name in ("matplotlib", "numpy", "PIL") if name in sys.modules])
""",
    )
    lines = finished(process)

    assert "backend_agg" in lines[0]
    assert "skills.chart" in lines[0]
    assert lines[1:3] == [repr(b"\x89PNG")] * 2
    assert lines[3:] == ["pie-chart.png", "[]"]


def test_a_process_has_the_project_on_its_path_but_not_the_program_that_began(tmp_path: Path) -> None:
    process = bot(
        tmp_path,
        TEST_SKILLS + "\nasync def use(call):\n    print((await call('modules', names=['bots', 'bot'])).text)\n",
    )

    assert finished(process) == ["[]"]
    assert not (tmp_path / "imported").exists()


def test_everything_ends_when_the_bot_is_killed(tmp_path: Path) -> None:
    process = bot(
        tmp_path,
        TEST_SKILLS
        + """
async def use(call):
    names = ["hang_hard", "hang_with_child"]
    hanging = [asyncio.create_task(call(name, pid_file=f"../{name}")) for name in names]
    while not all(Path("scratch", name).exists() for name in names):
        await asyncio.sleep(0.005)
    print((await call("where")).text, flush=True)
    await asyncio.gather(*hanging)
""",
    )
    assert process.stdout is not None
    idle, server = json.loads(process.stdout.readline())
    family = children(process.pid)
    noted = [int((tmp_path / "scratch" / name).read_text()) for name in ("hang_hard", "hang_with_child")]
    assert {idle, server, *noted} <= set(family)
    assert not any(ended(pid) for pid in family)

    process.kill()
    process.wait()

    all_end(family)
    process.communicate()


def test_nothing_is_left_when_the_bot_has_ended(tmp_path: Path) -> None:
    process = bot(
        tmp_path,
        TEST_SKILLS
        + """
async def use(call):
    print((await call("where")).text, flush=True)
    sys.stdin.readline()
""",
    )
    assert process.stdout is not None
    process.stdout.readline()
    family = children(process.pid)
    finished(process)

    all_end(family)


def test_a_bot_that_ends_while_processes_start_ends_in_silence(tmp_path: Path) -> None:
    process = bot(tmp_path, f"{TEST_SKILLS}\nasync def use(call):\n    await asyncio.sleep(0.1)\n")

    assert finished(process) == []


def test_a_module_that_cannot_be_imported_beforehand_keeps_no_skill_from_running(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('the printer is gone')")
    process = bot(
        tmp_path,
        TEST_SKILLS
        + """
from core import skill
logging.disable()
@skill(preload=["broken"])
def breaking() -> None:
    "Need a module that is broken."

skillset = Skillset(tuple(Skill.of(value, topic="test") for value in [*values, breaking]))

async def use(call):
    print((await call("disguised")).text)
""",
    )
    out, err = output(process)

    assert out == "found\n"
    assert "the printer is gone" in err


def test_without_processes_calls_say_so(tmp_path: Path) -> None:
    process = bot(
        tmp_path,
        TEST_SKILLS
        + """
logging.disable()
multiprocessing.set_executable("/nowhere/python")

async def use(call):
    print((await call("disguised")).text)
""",
    )

    out, _ = output(process)

    assert out == "Error: disguised could not be run, because no process could be started for it.\n"
    assert process.returncode == 0


def test_where_no_thread_can_be_started_calls_say_so_until_one_can(tmp_path: Path) -> None:
    process = bot(
        tmp_path,
        TEST_SKILLS
        + """
import threading
logging.disable()

async def use(call):
    print((await call("disguised")).text)
    threading.stack_size(1 << 46)
    while "no process could be started" not in (text := (await call("leave_at_once")).text):
        pass
    print(text)
    threading.stack_size(0)
    while (text := (await call("disguised")).text) != "found":
        pass
    print(text)
""",
    )

    assert finished(process) == [
        "found",
        "Error: leave_at_once could not be run, because no process could be started for it.",
        "found",
    ]


def test_starting_processes_leaves_the_folder_for_temporary_files_as_it_is(tmp_path: Path) -> None:
    process = bot(
        tmp_path,
        TEST_SKILLS
        + """
import tempfile
os.environ["TMPDIR"] = str(Path.cwd())

async def use(call):
    print(tempfile.gettempdir())
""",
    )

    assert finished(process) == [str(tmp_path)]


def test_s7_a_process_is_started_with_nothing_in_its_environment(tmp_path: Path) -> None:
    process = bot(
        tmp_path,
        TEST_SKILLS + "\nasync def use(call):\n    print((await call('environment')).text)\n",
    )

    assert ast.literal_eval(finished(process)[0]) == ["{}", "b''", "b''"]
