"""`steward backup`: a copy that is whole, made while Steward works, and what a Steward restored from it does."""

import asyncio
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bots.simulator.discord import DiscordSimulator
from bots.simulator.model import ModelSimulator, Said
from bots.simulator.model.request import Request
from core import skill
from core.archive.backup import REASON, back_up
from core.errors import OperatorError, PlatformError
from core.messages import Attachment
from core.store.migrations import MIGRATIONS
from core.troubles import Troubles
from tests.command import command, environment, steward
from tests.house import House, house
from tests.readme import carry_out
from tests.scripted import KeptOutlet, ScriptedModel, calls, message, says
from tests.test_discord_program import answers, echo, serving


@skill
async def paint(name: str) -> Attachment:
    """Paint a picture.

    Args:
        name: of the picture.
    """
    return Attachment(filename=name, media_type="text/plain", content=name.encode() * 1000)


def play(folder: Path, model: ScriptedModel, what: Callable[[House], Awaitable[None]], outlet: KeptOutlet) -> None:
    """Open a house in a data folder, and do something in it."""

    async def run() -> None:
        async with house(folder, model, paint, outlet=outlet) as opened:
            await what(opened)

    asyncio.run(run())


def painted(folder: Path, *names: str) -> None:
    """Leave a data folder behind in which pictures were asked for."""
    steps = [step for name in names for step in (calls(("paint", f'{{"name": "{name}"}}')), says(f"here is {name}"))]

    async def ask(opened: House) -> None:
        await opened.answer(*(message(f"paint {name}") for name in names))

    play(folder / "data", ScriptedModel(*steps), ask, KeptOutlet())


def saved(folder: Path) -> Path:
    """Back up the data folder in a folder, and return where the backup is."""
    return back_up(folder / "data" / "steward.db", folder / "data" / "files", folder / "saved").folder


def change(folder: Path, sql: str, *values: str | int | float) -> None:
    with closing(sqlite3.connect(folder / "steward.db")) as connection:
        connection.execute(sql, values)
        connection.commit()


def query(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "steward.db")) as connection:
        return connection.execute(sql).fetchall()


# What is in it


def test_a_backup_is_told_with_its_place_and_holds_every_file_that_its_database_names(tmp_path: Path) -> None:
    painted(tmp_path, "dawn", "dusk")
    done = steward(tmp_path, "backup", "saved")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(rf"Backed up to {tmp_path}/saved: 2 turns and 2 files, \d+ kB\.\n", done.stdout)
    named = {str(row[0]) for row in query(tmp_path / "saved", "SELECT id FROM files")}
    assert len(named) == 2
    kept, copied = tmp_path / "data" / "files", tmp_path / "saved" / "files"
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == {
        name: (kept / name).read_bytes() for name in named
    }


def test_without_a_folder_a_backup_is_named_by_the_time(tmp_path: Path) -> None:
    painted(tmp_path, "dawn")
    assert steward(tmp_path, "backup").returncode == 0
    assert [path.name for path in tmp_path.glob("steward-backup-*") if re.search(r"-\d{8}-\d{6}$", path.name)]


def test_a_backup_is_for_its_owner_alone(tmp_path: Path) -> None:
    painted(tmp_path, "dawn")
    folder = saved(tmp_path)
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.rglob("*"))} == {0}


def test_a_file_that_was_erased_meanwhile_is_forgotten_by_the_backup_too(tmp_path: Path) -> None:
    painted(tmp_path, "dawn", "dusk")
    [(gone,)] = query(tmp_path / "data", "SELECT id FROM files WHERE name = 'dawn'")
    (tmp_path / "data" / "files" / str(gone)).unlink()
    assert query(saved(tmp_path), "SELECT name FROM files") == [("dusk",)]


@contextmanager
def writing(path: Path) -> Iterator[list[int]]:
    """Write turns, each with a row that belongs to it, as fast as that goes; the list has their numbers."""
    written: list[int] = []
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            while not stop.is_set():
                connection.execute("BEGIN IMMEDIATE")
                number = connection.execute(
                    "INSERT INTO turns (key, platform, conversation, channel, audience, author, message, state,"
                    " received_at) VALUES (?, '', '', '', '', '', ?, 'answered', 0)",
                    (f"k{len(written)}", "long " * 2000),
                ).lastrowid
                connection.execute("INSERT INTO memory VALUES (?, '', '', '', '[]', 0, 0)", (number,))
                connection.execute("COMMIT")
                written.append(number or 0)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        stop.set()
        thread.join()


def test_beside_somebody_who_writes_all_the_time_a_backup_is_of_one_moment(tmp_path: Path) -> None:
    painted(tmp_path, "dawn")
    with writing(tmp_path / "data" / "steward.db") as written:
        while len(written) < 500:
            time.sleep(0.001)
        before = len(written)
        folder = saved(tmp_path)
        meanwhile = len(written) - before
    [(turns,)], [(remembered,)] = (query(folder, f"SELECT count(*) FROM {each}") for each in ("turns", "memory"))
    assert meanwhile > 0, "nobody could write"
    assert turns == remembered, "a turn was cut in half"
    assert isinstance(turns, int)
    assert turns > before


# When something is in the way


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    painted(tmp_path, "dawn")
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "letter").write_text("dear Ada")
    done = steward(tmp_path, "backup", "saved")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"steward: {tmp_path}/saved is there already: name a folder that is new or empty.\n"
    assert [path.name for path in (tmp_path / "saved").iterdir()] == ["letter"]


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    painted(tmp_path, "dawn")
    (tmp_path / "saved").mkdir()
    assert (saved(tmp_path) / "steward.db").exists()


def test_without_a_database_the_operator_is_told_where_it_was_looked_for(tmp_path: Path) -> None:
    done = steward(tmp_path, "backup")
    assert done.returncode == 2
    assert done.stderr.startswith(f"steward: There is no database {tmp_path}/data/steward.db: check data_dir")
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_an_earlier_version_is_left_to_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with closing(sqlite3.connect(tmp_path / "data" / "steward.db")) as connection:
        connection.executescript(MIGRATIONS[0] + "PRAGMA user_version = 1;")
    with pytest.raises(OperatorError, match="has schema 1, this Steward knows"):
        saved(tmp_path)


def test_a_full_disk_is_one_sentence_and_leaves_nothing_behind(tmp_path: Path) -> None:
    painted(tmp_path, "dawn")

    def small() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        command("backup", "saved"),
        cwd=tmp_path,
        env=environment(),
        preexec_fn=small,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert re.fullmatch(rf"steward: The backup {tmp_path}/saved could not be made: [^\n]*\.\n", done.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_damaged_database_is_not_taken_for_a_good_one(tmp_path: Path) -> None:
    painted(tmp_path, "dawn")
    path = tmp_path / "data" / "steward.db"
    [(page,)] = query(tmp_path / "data", "SELECT rootpage FROM sqlite_schema WHERE name = 'turns_of_channel'")
    assert isinstance(page, int)
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096 + 8)
        file.write(b"\xff" * 64)
    with pytest.raises(OperatorError, match=r"could not be made|is damaged"):
        saved(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["data"]


@contextmanager
def halfway(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Begin a backup that comes to a file which cannot be read to its end for the time being."""
    painted(folder, "dawn")
    [(name,)] = query(folder / "data", "SELECT id FROM files")
    endless = folder / "data" / "files" / str(name)
    endless.unlink()
    os.mkfifo(endless)
    backup = subprocess.Popen(
        command("backup", "saved"), cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True
    )
    with backup, endless.open("wb"):  # which waits until it is read
        yield backup


def test_a_backup_that_is_killed_is_never_taken_for_one(tmp_path: Path) -> None:
    with halfway(tmp_path) as backup:
        backup.kill()
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".partial")] == ["data"]


def test_a_backup_that_is_given_up_leaves_nothing_behind(tmp_path: Path) -> None:
    with halfway(tmp_path) as backup:
        backup.send_signal(signal.SIGINT)
        assert backup.wait(30) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


# What a restored Steward does


def test_a_restored_steward_remembers_and_has_its_files(tmp_path: Path) -> None:
    painted(tmp_path, "dawn")
    outlet = KeptOutlet()

    async def ask(opened: House) -> None:
        [row] = await opened.store.fetch("SELECT id FROM files")
        place = message("")
        file = await opened.files.get(row["id"], place.conversation, place.audience)
        assert file is not None
        assert file.content == b"dawn" * 1000
        await opened.answer(message("what was it?"))

    model = ScriptedModel(lambda asked: says("the dawn" if "paint dawn" in asked.text else "I do not know"))
    play(saved(tmp_path), model, ask, outlet)
    assert outlet.texts == ["the dawn"]


def left_open(folder: Path) -> None:
    """Leave a data folder behind with a turn in each state in which something is left to do."""

    async def ask(opened: House) -> None:
        await opened.answer(message("done"), message("closed, but not sent", channel="C2"))
        await opened.turns.drain(0)
        for text in ("received", "begun"):
            assert await opened.turns.accept(message(text, channel=f"C-{text}"))

    outlet = KeptOutlet()
    outlet.failures = [None, PlatformError("not now", permanent=True)]
    play(folder / "data", ScriptedModel(says("one"), says("two")), ask, outlet)
    change(folder / "data", "UPDATE outbox SET state = 'waiting' WHERE state = 'failed'")
    change(folder / "data", "UPDATE turns SET state = 'running', attempt = 1, shown = '[\"m9\"]' WHERE id = 4")


def test_what_was_open_is_neither_answered_nor_sent_nor_cleared_again(tmp_path: Path) -> None:
    left_open(tmp_path)
    outlet = KeptOutlet()

    async def nothing(opened: House) -> None:
        await opened.turns.idle()

    play(saved(tmp_path), ScriptedModel(), nothing, outlet)
    assert (outlet.texts, outlet.cleared) == ([], [])


def test_what_was_open_is_listed_and_can_be_tried_again(tmp_path: Path) -> None:
    left_open(tmp_path)
    outlet = KeptOutlet()

    async def look_and_retry(opened: House) -> None:
        troubles = Troubles(opened.store)
        listed = {(trouble.turn, trouble.kind): trouble.reason for trouble in await troubles.list()}
        assert listed == {(2, "undelivered"): "", (3, "failed"): REASON, (4, "failed"): REASON}
        for turn in (2, 3):
            await troubles.retry(turn)
            async with asyncio.timeout(15):
                while len(outlet.attempts) < turn - 1:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)

    play(saved(tmp_path), ScriptedModel(says("three")), look_and_retry, outlet)
    assert outlet.texts == ["two", "three"]
    assert outlet.attempts[0].repeated, "the part may have been sent after the backup"


def test_an_answer_that_was_to_be_removed_is_still_removed(tmp_path: Path) -> None:
    painted(tmp_path, "dawn")
    change(tmp_path / "data", "UPDATE turns SET wish = 'remove'")
    outlet = KeptOutlet()

    async def nothing(opened: House) -> None:
        await opened.turns.idle()
        assert await opened.store.fetch("SELECT turn FROM memory") == []

    play(saved(tmp_path), ScriptedModel(), nothing, outlet)
    assert outlet.cleared == [("m1", "m2")]


def test_an_edit_that_was_to_be_answered_is_what_is_tried_again(tmp_path: Path) -> None:
    left_open(tmp_path)
    [(written,)] = query(tmp_path / "data", "SELECT message FROM turns WHERE id = 3")
    edited = str(written).replace('"received"', '"edited"')
    change(tmp_path / "data", "UPDATE turns SET wish = 'again', revision = ? WHERE id = 3", edited)
    [(restored,)] = query(saved(tmp_path), "SELECT message FROM turns WHERE id = 3")
    assert restored == edited


async def test_what_was_said_between_backup_and_restore_is_not_answered_again(tmp_path: Path) -> None:
    questions: list[str] = []

    def heard(request: Request) -> Said:
        questions.append(request.question)
        return echo(request)

    async with DiscordSimulator() as discord, ModelSimulator(heard) as model:
        general, ada = discord.channel("general"), discord.person("Ada")

        async def ask(number: int) -> None:
            await discord.mention(general, ada, f"question {number}")
            await discord.transcript.wait(lambda shown: shown.text == f"answer {number}", timeout=30)

        async with serving(tmp_path / "data", model, discord):
            await ask(1)
        async with serving(tmp_path / "data", model, discord):  # which stores how far the channel was read
            folder = await asyncio.to_thread(saved, tmp_path)
            await ask(2)
        shutil.move(tmp_path / "data", tmp_path / "before")
        shutil.copytree(folder, tmp_path / "data")
        async with serving(tmp_path / "data", model, discord):
            await ask(3)
        assert answers(discord) == {"answer 1": 1, "answer 2": 1, "answer 3": 1}
    assert [re.sub(r"\D", "", question) for question in questions] == ["1", "2", "3"]


def test_the_readme_says_how_to_restore(tmp_path: Path) -> None:
    steward(tmp_path, "chat", "--once", "draw a bar chart of apples 3, pears 5")
    carry_out("restore", tmp_path)
    assert "Here is the picture" in steward(tmp_path, "chat", "--once", "make it more colourful").stdout
