"""`steward export` and `steward import`: what is stored, as lines, and taken into another data folder."""

import asyncio
import contextlib
import json
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from bots.simulator.discord import DiscordSimulator
from bots.simulator.model import ModelSimulator
from core import skill
from core.archive import lines
from core.archive.intake import Taken, take_in
from core.archive.lines import Line
from core.archive.writer import write
from core.audience import readers_of
from core.channels import Channels
from core.errors import UserError
from core.facts import Facts
from core.items import Answer, Question
from core.messages import Attachment, Audience, Conversation, JsonObject, Message, Person
from core.passages import Passage, Passages, add
from core.reports import Report
from core.store import hold, open_store
from core.store.snapshot import snapshot
from core.summaries import ref
from tests.command import steward
from tests.house import House, house
from tests.readme import carry_out
from tests.scripted import PATIENT, Asked, KeptOutlet, ScriptedModel, Step, calls, message, says
from tests.test_discord_program import echo, serving

HEADER = lines.Header(format="steward", version=1, schema=4, at=0.0)


@skill
async def note(text: str) -> Attachment:
    """Write a note.

    Args:
        text: of it.
    """
    return Attachment(filename="note.txt", media_type="text/plain", content=text.encode(), spec={"kind": "note"})


def play(
    folder: Path, what: Callable[[House], Awaitable[None]], *steps: Step, outlet: KeptOutlet | None = None
) -> None:
    """Open a house in a data folder, and do something in it."""

    async def run() -> None:
        async with house(folder, ScriptedModel(*steps), note, outlet=outlet) as opened:
            await what(opened)

    asyncio.run(run())


def lived_in(folder: Path) -> None:
    """Leave a data folder behind with a row of each kind."""
    public, private = message("what is public?"), message("and what is secret?", channel="G1", scope="person")

    async def live(opened: House) -> None:
        await opened.answer(public)
        await opened.answer(private)
        facts, channels = Facts(opened.store), Channels(opened.store)
        await facts.remember("the sky is blue", replace(public, link="https://chat/1"), 1)
        await facts.remember("the safe is behind the clock", private, 2)
        await channels.set(public.conversation, "language", "German", public.author)
        async with opened.store.transaction() as transaction:
            await transaction.execute("INSERT INTO accounts VALUES ('test/U1', 'p1', 'Ana', 1.5)")
            await transaction.execute("INSERT INTO feedback VALUES (1, 'U2', 'good', 2.5)")
            key = public.conversation.channel_key
            values = (key, public.audience.key, 1, key, "They talked of the sky.", 7, 3.5)
            await transaction.execute("INSERT INTO summaries VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            told = Passage(
                kind="summary",
                ref=ref(key, public.audience.key),
                conversation=key,
                channel=key,
                audience=public.audience.key,
                text="They talked of the sky.",
                at=3.5,
            )
            await add(transaction, [told])

    play(folder, live, calls(("note", '{"text": "blue"}')), says("the sky"), says("the safe"))


def exported(folder: Path) -> list[bytes]:
    """The lines of a data folder without the header, which says when."""
    with snapshot(folder / "steward.db") as source:
        return list(write(source, folder / "files", at=0.0))[1:]


def imported(folder: Path, archive: Iterable[bytes]) -> Taken:
    async def run() -> Taken:
        store = await open_store(folder / "steward.db")
        try:
            return await take_in([lines.dump_header(HEADER), *archive], store, folder / "files")
        finally:
            await store.close()

    return asyncio.run(run())


def whole(*archive: Line) -> list[bytes]:
    return [lines.dump(line) for line in (*archive, lines.End(lines=len(archive)))]


def parsed(archive: Iterable[bytes]) -> list[JsonObject]:
    return [json.loads(line) for line in archive]


def of_type(archive: Iterable[bytes], kind: str) -> list[JsonObject]:
    return [line for line in parsed(archive) if line["type"] == kind]


def query(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(folder / "steward.db")) as connection:
        return connection.execute(sql).fetchall()


def change(folder: Path, sql: str) -> None:
    with contextlib.closing(sqlite3.connect(folder / "steward.db")) as connection:
        connection.execute(sql)
        connection.commit()


# There and back


def test_everything_comes_back_as_it_was(tmp_path: Path) -> None:
    lived_in(tmp_path / "one")
    archive = exported(tmp_path / "one")
    kinds = {str(line["type"]) for line in parsed(archive)}
    assert kinds == {"turn", "usage", "feedback", "summary", "fact", "file", "setting", "account", "end"}
    taken = imported(tmp_path / "two", archive)
    assert (taken.new["turn"], taken.new["fact"], taken.new["file"]) == (2, 2, 1)
    assert exported(tmp_path / "two") == archive


def test_the_same_archive_changes_nothing_a_second_time(tmp_path: Path) -> None:
    lived_in(tmp_path / "one")
    archive = exported(tmp_path / "one")
    imported(tmp_path / "two", archive)
    before = query(tmp_path / "two", "SELECT * FROM passages")
    assert sum(imported(tmp_path / "two", archive).new.values()) == 0
    assert exported(tmp_path / "two") == archive
    assert query(tmp_path / "two", "SELECT * FROM passages") == before


def test_the_commands_move_a_chat_to_another_folder_as_the_readme_says(tmp_path: Path) -> None:
    there = {"STEWARD_DATA_DIR": "elsewhere"}
    steward(tmp_path, "chat", "--once", "draw a bar chart of apples 3, pears 5")
    first, second = carry_out("export", tmp_path)
    assert first.startswith("Exported to archive.jsonl: ")
    assert second == "Imported 1 turn, 0 facts and 1 file; what was there already stayed as it is."
    assert (tmp_path / "archive.jsonl").stat().st_mode & 0o777 == 0o600
    told = steward(tmp_path, "export", variables=there).stdout
    assert told.splitlines()[1:] == (tmp_path / "archive.jsonl").read_text().splitlines()[1:]
    assert "Here is the picture" in steward(tmp_path, "chat", "--once", "make it bigger", variables=there).stdout


text = st.text(max_size=40)
name = st.text(min_size=1, max_size=12)
words = st.lists(st.sampled_from(["sky", "blau", "空", "é", "x1"]), min_size=1, max_size=5).map(" ".join)
time = st.floats(min_value=0, max_value=4e9)
audience = st.builds(
    Audience, scope=st.sampled_from(["workspace", "channel", "person"]), id=st.sampled_from(["t/1", "t/2"])
)
place = st.builds(
    Conversation,
    platform=st.just("t"),
    workspace=st.just("W"),
    channel=st.sampled_from(["C1", "C2"]),
    thread=st.sampled_from([None, "7"]),
)


@st.composite
def turns(draw: st.DrawFn, key: str) -> lines.Turn:
    where, seen = draw(place), draw(audience)
    said = Message(
        id=key,
        conversation=where,
        audience=seen,
        author=Person(id=draw(name), name=draw(name), roles=draw(st.frozensets(name, max_size=3))),
        text=draw(text),
        attachments=tuple(draw(st.lists(st.builds(Attachment, filename=name, media_type=name), max_size=2))),
        sent_at=draw(time),
        origin=draw(st.dictionaries(st.sampled_from(["ts", "channel_id"]), text)),
        link=draw(text),
    )
    items = st.one_of(st.builds(Question, text=text), st.builds(Answer, text=text))
    memory = st.builds(lines.Memory, items=st.lists(items, max_size=3).map(tuple), tokens=st.integers(0, 9), at=time)
    part = st.builds(lines.Part, text=text, files=st.lists(name, max_size=2).map(tuple), message_id=text)
    return lines.Turn(
        key=key,
        platform=where.platform,
        conversation=where.key,
        channel=where.channel_key,
        audience=seen.key,
        author=said.author.id,
        received_at=draw(time),
        closed_at=draw(time),
        message=said,
        answer=tuple(draw(st.lists(part, max_size=2))),
        memory=draw(st.none() | memory),
        removed=draw(st.booleans()),
        found=tuple(draw(st.lists(words, max_size=2))),
    )


@st.composite
def archives(draw: st.DrawFn) -> list[Line]:
    """An archive in the order in which one is written."""
    keys = [f"k{number}" for number in range(draw(st.integers(0, 4)))]
    fact = st.builds(
        lines.Fact,
        text=text,
        conversation=name,
        channel=name,
        audience=audience.map(lambda each: each.key),
        author=name,
        author_name=name,
        turn=st.sampled_from([None, *keys]),
        link=text,
        created_at=time,
        changed_at=time,
        found=st.lists(words, max_size=2).map(tuple),
    )
    report = st.none() | st.builds(Report, model=text, asked=st.integers(0, 9))
    number = st.integers(0, 2**53)
    facts = draw(st.lists(fact, max_size=4, unique_by=lambda each: (each.author, each.text, each.created_at)))
    return [
        *[draw(turns(key)) for key in keys],
        *[
            lines.Usage(
                turn=key,
                platform="t",
                person=draw(name),
                at=draw(time),
                calls=draw(number),
                input=draw(number),
                cached=draw(number),
                output=draw(number),
                cost=draw(time),
                report=draw(report),
            )
            for key in keys
        ],
        *[lines.Feedback(turn=key, person=draw(name), value="bad", at=draw(time)) for key in keys],
        *facts,
    ]


@settings(max_examples=25, deadline=None)
@given(archives())
def test_whatever_is_taken_in_is_written_again_as_it_was(archive: Sequence[Line]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        imported(Path(folder), whole(*archive))
        assert exported(Path(folder)) == whole(*archive)


# What is not in it


def test_what_opens_something_is_left_out(tmp_path: Path) -> None:
    origin = {"ts": "1.5", "response_url": "https://hooks/secret-1", "interaction_token": "secret-2"}
    file = Attachment(filename="a.txt", media_type="text/plain", source="https://cdn/a.txt?secret-3")
    asked = replace(message("hello", attachments=(file,)), origin=origin)

    async def ask(opened: House) -> None:
        opened.outlet.downloads["https://cdn/a.txt?secret-3"] = b"words"
        await opened.answer(asked)

    play(tmp_path, ask, says("good day"))
    archive = exported(tmp_path)
    assert b"secret" not in b"".join(archive)
    [turn] = of_type(archive, "turn")
    assert cast("JsonObject", turn["message"])["origin"] == {"ts": "1.5"}


async def test_the_token_of_a_command_is_left_out(tmp_path: Path) -> None:
    async with DiscordSimulator() as discord, ModelSimulator(echo) as model:
        general, ada = discord.channel("general"), discord.person("Ada")
        async with serving(tmp_path, model, discord):
            await discord.command(general, ada, "ask", {"question": "question 1"})
            await discord.transcript.wait(lambda shown: shown.text == "answer 1", timeout=30)
    [(token,)] = query(tmp_path, "SELECT message ->> '$.origin.interaction_token' FROM turns")
    assert isinstance(token, str)
    archive = b"".join(exported(tmp_path))
    assert b"question 1" in archive
    assert token.encode() not in archive


def test_what_is_not_answered_yet_is_left_out(tmp_path: Path) -> None:
    async def accept(opened: House) -> None:
        await opened.turns.drain(0)
        await opened.turns.accept(message("wait for me"))

    play(tmp_path, accept)
    assert exported(tmp_path) == [lines.dump(lines.End(lines=0))]


def test_of_a_forgotten_turn_only_that_it_was_is_kept(tmp_path: Path) -> None:
    lived_in(tmp_path / "one")
    change(tmp_path / "one", "UPDATE turns SET forgotten = 1 WHERE id = 2")
    archive = exported(tmp_path / "one")
    turn = of_type(archive, "turn")[1]
    assert (turn["message"], turn["memory"], turn["answer"], turn["found"]) == (None, None, [], [])
    imported(tmp_path / "two", archive)
    assert query(tmp_path / "two", "SELECT forgotten, message FROM turns WHERE id = 2") == [(1, "")]
    assert exported(tmp_path / "two") == archive


def test_what_people_had_forgotten_is_exported_and_imported_and_never_comes_back(tmp_path: Path) -> None:
    async def forget(opened: House) -> None:
        await opened.forgetting.place(message("").conversation)

    lived_in(tmp_path / "one")
    before = exported(tmp_path / "one")
    said = query(tmp_path / "one", "SELECT count(*) FROM turns WHERE channel = 'test/W/C1' AND message <> ''")
    play(tmp_path / "one", forget)
    after = exported(tmp_path / "one")
    imported(tmp_path / "two", after)
    assert exported(tmp_path / "two") == after
    assert said > [(0,)]
    imported(tmp_path / "one", before)
    for table in ("turns", "memory", "passages", "facts", "files", "usage", "outbox"):
        held = query(tmp_path / "one", f"SELECT * FROM {table}")
        assert len(held) == len(query(tmp_path / "two", f"SELECT * FROM {table}")), f"{table} has it again"


def test_a_turn_that_cannot_be_read_is_left_out_as_if_it_were_forgotten(tmp_path: Path) -> None:
    lived_in(tmp_path)
    change(tmp_path, "UPDATE turns SET message = '{' WHERE id = 1")
    first, second = of_type(exported(tmp_path), "turn")
    assert (first["message"], first["memory"]) == (None, None)
    assert second["message"]


def test_roles_are_written_in_the_same_order_each_time(tmp_path: Path) -> None:
    asked = message("hello")
    asked = replace(asked, author=replace(asked.author, roles=frozenset("edcba")))

    async def ask(opened: House) -> None:
        await opened.answer(asked)

    play(tmp_path, ask, says("good day"))
    [turn] = of_type(exported(tmp_path), "turn")
    author = cast("JsonObject", cast("JsonObject", turn["message"])["author"])
    assert author["roles"] == ["a", "b", "c", "d", "e"]


# What comes of it


def moved(tmp_path: Path) -> Path:
    """A data folder into which that of `lived_in` was imported."""
    lived_in(tmp_path / "one")
    imported(tmp_path / "two", exported(tmp_path / "one"))
    return tmp_path / "two"


def test_imported_turns_are_remembered_and_nothing_is_sent_for_them(tmp_path: Path) -> None:
    outlet = KeptOutlet()

    async def ask(opened: House) -> None:
        await opened.turns.idle()
        assert outlet.texts == []
        await opened.answer(message("once more?"))

    def again(asked: Asked) -> Answer:
        return says("yes" if "talked of the sky" in asked.text and "secret" not in asked.text else "no")

    play(moved(tmp_path), ask, again, outlet=outlet)
    assert outlet.texts == ["yes"]


def test_what_was_imported_is_found_by_those_who_could_see_it_and_by_nobody_else(tmp_path: Path) -> None:
    public, private = message(""), message("", channel="G1", scope="person")

    async def search(opened: House) -> None:
        passages = Passages(opened.store, patience=PATIENT)

        async def found(by: Message, wanted: str) -> list[tuple[str, str]]:
            readers = readers_of(by.conversation, by.audience)
            return sorted((each.kind, each.text) for each in await passages.search(readers, wanted, most=9))

        assert await found(public, "sky") == [
            ("fact", "Ana: the sky is blue"),
            ("summary", "They talked of the sky."),
            ("turn", "Ana: what is public? the sky"),
        ]
        assert await found(private, "safe") == [
            ("fact", "Ana: the safe is behind the clock"),
            ("turn", "and what is secret? the safe"),
        ]
        assert await found(public, "safe") == []

    play(moved(tmp_path), search)


def test_the_answer_to_an_imported_question_goes_where_the_question_is_deleted(tmp_path: Path) -> None:
    folder, outlet = moved(tmp_path), KeptOutlet()
    [(key,)] = query(folder, "SELECT key FROM turns WHERE id = 1")

    async def delete(opened: House) -> None:
        assert await opened.desk.deleted(str(key))
        await opened.turns.idle()
        assert await opened.store.fetch("SELECT turn FROM memory WHERE turn = 1") == []

    sent = query(folder, "SELECT message_id FROM outbox WHERE turn = 1 ORDER BY part")
    play(folder, delete, outlet=outlet)
    assert outlet.cleared == [tuple(str(each) for (each,) in sent)]
    assert sent


def test_what_is_there_already_stays_as_it_is(tmp_path: Path) -> None:
    folder = moved(tmp_path)
    archive = exported(folder)
    change(folder, "UPDATE turns SET message = '', forgotten = 1")
    change(folder, "UPDATE settings SET value = 'French'")
    change(folder, "UPDATE accounts SET person = 'p9'")
    change(folder, "UPDATE feedback SET value = 'bad'")
    imported(folder, archive)
    assert query(folder, "SELECT forgotten, message FROM turns") == [(1, ""), (1, "")]
    assert query(folder, "SELECT value FROM settings") == [("French",)]
    assert query(folder, "SELECT person FROM accounts") == [("p9",)]
    assert query(folder, "SELECT value FROM feedback") == [("bad",)]


def test_what_was_forgotten_since_does_not_come_back(tmp_path: Path) -> None:
    folder = moved(tmp_path)
    archive = exported(folder)
    tables = ("facts", "files", "summaries", "feedback", "usage", "memory")
    for table in tables:
        change(folder, f"DELETE FROM {table}")
    imported(folder, archive)
    assert [table for table in tables if query(folder, f"SELECT 1 FROM {table}")] == []


def test_numbers_are_given_anew_where_others_are_taken(tmp_path: Path) -> None:
    lived_in(tmp_path / "one")
    elsewhere = message("taken", channel="C9")

    async def ask(opened: House) -> None:
        await opened.answer(elsewhere)

    play(tmp_path / "two", ask, says("yes"))
    imported(tmp_path / "two", exported(tmp_path / "one"))
    assert query(tmp_path / "two", "SELECT turn FROM facts ORDER BY id") == [(2,), (3,)]
    assert query(tmp_path / "two", "SELECT upto FROM summaries") == [(2,)]
    assert query(tmp_path / "two", "SELECT turn FROM feedback") == [(2,)]


def test_a_summary_is_left_out_where_it_would_hide_what_was_said_there_since(tmp_path: Path) -> None:
    lived_in(tmp_path / "one")

    async def ask(opened: House) -> None:
        await opened.answer(message("said in the same channel"))

    play(tmp_path / "two", ask, says("yes"))
    imported(tmp_path / "two", exported(tmp_path / "one"))
    assert query(tmp_path / "two", "SELECT upto FROM summaries") == []


def test_a_summary_up_to_a_turn_that_is_gone_goes_up_to_the_one_before(tmp_path: Path) -> None:
    lived_in(tmp_path)
    change(tmp_path, "UPDATE summaries SET upto = 900")
    [summary] = of_type(exported(tmp_path), "summary")
    [(key,)] = query(tmp_path, "SELECT key FROM turns WHERE id = 2")
    assert summary["upto"] == key


# When something is wrong


FILE: JsonObject = {
    "type": "file",
    "id": "f0123456789ab",
    "name": "a",
    "media_type": "text/plain",
    "source": "made",
    "turn": "k",
    "conversation": "c",
    "channel": "c",
    "audience": "workspace:t",
    "owner": "U1",
    "alt": "",
    "kind": None,
    "spec": None,
    "created_at": 1.0,
    "expires_at": 9e9,
    "found": [],
    "content": "aGVsbG8=",
}
SETTING: JsonObject = {"type": "setting", "channel": "c", "name": "n", "value": "v", "by": "", "by_name": "", "at": 1.0}
FEEDBACK: JsonObject = {"type": "feedback", "turn": "nowhere", "person": "U1", "value": "good", "at": 1.0}
WRONG: list[tuple[dict[str, JsonValue] | str, str]] = [
    ("{", "Line 3 of the archive is wrong: Invalid JSON"),
    ("[]", "Line 3 of the archive is wrong: "),
    ({"type": "spell"}, "Line 3 of the archive is wrong: "),
    ({"type": "setting"}, "Line 3 of the archive is wrong: setting.channel: Field required."),
    (SETTING | {"extra": 1}, "Line 3 of the archive is wrong: setting.extra: "),
    (SETTING | {"at": "NaN"}, "Line 3 of the archive is wrong: setting.at: "),
    (FILE | {"id": "../../etc/passwd"}, "Line 3 of the archive is wrong: file.id: "),
    (FILE | {"content": "…"}, "Line 3 of the archive is wrong: file.content: "),
    (FILE | {"content": 5}, "Line 3 of the archive is wrong: file.content: "),
    (FILE | {"audience": "everybody"}, "Line 3 of the archive is wrong: file.audience: "),
    (FEEDBACK, "Line 3 of the archive is wrong: there is no turn 'nowhere' before it."),
    ({"type": "end", "lines": 9}, "The archive is not whole: of 9 lines it has 1."),
    ("", "Line 3 of the archive is wrong: Invalid JSON"),
]


@pytest.mark.parametrize(("line", "said"), WRONG)
def test_a_wrong_line_is_named_and_nothing_is_left_of_the_others(
    tmp_path: Path, line: JsonObject | str, said: str
) -> None:
    written = line if isinstance(line, str) else json.dumps(line)
    archive = [json.dumps(FILE).encode(), written.encode(), *whole()]
    with pytest.raises(UserError) as wrong:
        imported(tmp_path, archive)
    assert str(wrong.value).startswith(said)
    assert query(tmp_path, "SELECT * FROM files") == []
    assert list((tmp_path / "files").glob("*")) == []


def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    lived_in(tmp_path / "one")
    with pytest.raises(UserError, match=r"^The archive is cut off: its last line is missing\.$"):
        imported(tmp_path / "two", exported(tmp_path / "one")[:-1])
    assert query(tmp_path / "two", "SELECT * FROM turns") == []


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("", "This is no archive of Steward: its first line is no header of one."),
        ('{"name": "Ada"}', "This is no archive of Steward: its first line is no header of one."),
        (
            '{"type": "header", "format": "steward", "version": 2, "schema": 9, "at": 1, "colour": "red"}',
            "The archive was written by a newer Steward (version 2, this one reads 1): update this one first.",
        ),
    ],
)
def test_what_is_no_archive_or_a_newer_one_is_one_sentence(tmp_path: Path, first: str, said: str) -> None:
    (tmp_path / "archive.jsonl").write_text(f"{first}\n")
    done = steward(tmp_path, "import", "archive.jsonl")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"steward: {said}\n")


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    done = steward(tmp_path, "import", "archive.jsonl")
    assert done.returncode == 2
    assert done.stderr == "steward: archive.jsonl cannot be read: No such file or directory.\n"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_imported_beside_a_steward_that_runs(tmp_path: Path) -> None:
    (tmp_path / "archive.jsonl").write_bytes(b"".join([lines.dump_header(HEADER), *whole()]))
    with hold(tmp_path / "data"):
        done = steward(tmp_path, "import", "archive.jsonl")
    assert done.returncode == 2
    assert f"uses the data folder {tmp_path}/data: end it" in done.stderr


def test_an_export_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    lived_in(tmp_path / "data")
    (tmp_path / "archive.jsonl").write_text("the last one")
    file = next((tmp_path / "data" / "files").iterdir())
    file.unlink()
    file.mkdir()
    done = steward(tmp_path, "export", "archive.jsonl")
    assert done.returncode == 2
    assert done.stderr == f"steward: The file {file} cannot be read: Is a directory.\n"
    assert (tmp_path / "archive.jsonl").read_text() == "the last one"
    assert not list(tmp_path.glob("*.partial"))
