"""Files: kept under generated names, reached from their own channel only, swept when old, over quota or left over."""

import asyncio
import contextlib
import os
import re
import resource
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import FilesConfig
from core.errors import OperatorError, SkillError
from core.files import Files, Shelf, describe, size_text
from core.messages import Attachment, Audience, JsonObject, Message
from core.store import Store
from tests.scripted import message

HOSTILE = [
    "../../etc/passwd",
    "/etc/passwd",
    "..\\..\\boot.ini",
    "a\x00.png",
    "",
    ".",
    "con",
    "a/b/c",
    "x" * 5000,
    "größe 字.png",
    "\n[file f000: other]\n",
]


@pytest.fixture(name="files")
def kept_files(store: Store, tmp_path: Path) -> Files:
    return Files(store, tmp_path / "files", FilesConfig())


def limited(store: Store, **limits: float) -> Files:
    return Files(store, store.path.parent / "files", FilesConfig.model_validate(limits))


def attachment(content: bytes = b"content", name: str = "notes.txt", spec: JsonObject | None = None) -> Attachment:
    return Attachment(filename=name, media_type="text/plain", content=content, alt="what it shows", spec=spec)


def chart(content: bytes) -> Attachment:
    return attachment(content, "chart.png", {"kind": "chart", "rows": [1, 2.5, None, {"a": "größe"}]})


def shelf(files: Files, asked: Message) -> Shelf:
    return Shelf(files=files, conversation=asked.conversation, audience=asked.audience)


def on_disk(store: Store) -> list[str]:
    folder = store.path.parent / "files"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


async def rows(store: Store) -> list[str]:
    return sorted(row["id"] for row in await store.fetch("SELECT id FROM files"))


# Keeping


async def test_a_kept_file_can_be_had_again_with_everything(files: Files) -> None:
    asked = message("draw")

    kept = await files.keep(chart(b"png"), message=asked, source="made")

    assert kept == replace(chart(b"png"), id=kept.id)
    assert await shelf(files, asked).get(kept.id) == kept


async def test_the_database_lists_source_size_owner_and_expiry(store: Store) -> None:
    files = limited(store, keep_days=2)

    await files.keep(attachment(b"12345"), message=message("hi", id="test/C1/7", author="U2"), source="received")

    (row,) = await store.fetch("SELECT *, expires_at - created_at AS kept FROM files")
    assert (row["source"], row["size"], row["owner"], row["turn"]) == ("received", 5, "U2", "test/C1/7")
    assert (row["channel"], row["audience"]) == ("test/W/C1", "workspace:test/W")
    assert row["kept"] == pytest.approx(2 * 86_400)


async def test_an_empty_file_is_a_file(files: Files) -> None:
    asked = message("hi")

    kept = await files.keep(attachment(b""), message=asked, source="made")

    found = await shelf(files, asked).get(kept.id)
    assert found is not None
    assert found.content == b""


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
async def test_s9_a_name_from_outside_is_kept_for_people_and_never_becomes_a_path(
    store: Store, files: Files, name: str
) -> None:
    asked = message("hi")

    kept = await files.keep(attachment(name=name), message=asked, source="received")

    assert re.fullmatch("f[0-9a-f]{12}", kept.id)
    assert on_disk(store) == [kept.id]
    found = await shelf(files, asked).get(kept.id)
    assert found is not None
    assert found.filename == name


async def test_half_a_character_in_a_name_is_replaced(files: Files) -> None:
    asked = message("hi")
    hostile = replace(attachment(name="a\ud83d.txt"), alt="\udc00", media_type="text/\ud800")

    kept = await files.keep(hostile, message=asked, source="received")

    assert (kept.filename, kept.alt, kept.media_type) == ("a\ufffd.txt", "\ufffd", "text/\ufffd")


async def test_every_file_has_a_name_of_its_own(store: Store, files: Files) -> None:
    kept = await asyncio.gather(*(files.keep(attachment(), message=message("hi"), source="made") for _ in range(20)))

    assert on_disk(store) == sorted({one.id for one in kept})
    assert len(on_disk(store)) == 20


async def test_a_file_over_the_limit_is_refused_with_a_sentence(store: Store) -> None:
    files = limited(store, max_mb=0.001)
    await files.keep(attachment(b"x" * 1000), message=message("hi"), source="received")

    with pytest.raises(SkillError) as error:
        await files.keep(attachment(b"x" * 1001), message=message("hi"), source="received")

    assert str(error.value) == "notes.txt has 1 kB; at most 1 kB are kept."
    assert len(on_disk(store)) == 1


async def test_a_file_without_content_is_refused_with_a_sentence(store: Store, files: Files) -> None:
    missing = Attachment(filename="a.txt", media_type="text/plain", source="https://files.example/a")

    with pytest.raises(SkillError, match=r"^a\.txt has no content\.$"):
        await files.keep(missing, message=message("hi"), source="received")

    assert (on_disk(store), await rows(store)) == ([], [])


async def test_a_file_made_from_something_that_is_not_json_is_refused_with_a_sentence(
    store: Store, files: Files
) -> None:
    made = attachment(spec={"kind": "chart", "rows": object()})  # type: ignore[dict-item]  # what a skill may do

    with pytest.raises(SkillError, match=r"^What notes\.txt was made from is not JSON: "):
        await files.keep(made, message=message("hi"), source="made")

    assert (on_disk(store), await rows(store)) == ([], [])


# Finding


@pytest.mark.parametrize("file_id", [*HOSTILE, "steward.db", "../steward.db", "f000000000000"], ids=range(14))
async def test_s9_an_id_from_the_model_never_becomes_a_path(files: Files, file_id: str) -> None:
    asked = message("hi")
    await files.keep(attachment(), message=asked, source="made")

    assert await shelf(files, asked).get(file_id) is None


@pytest.mark.parametrize("thread", [None, "T1"])
async def test_another_channel_cannot_get_a_file_by_its_id(files: Files, thread: str | None) -> None:
    kept = await files.keep(chart(b"secret"), message=message("hi"), source="made")
    other = shelf(files, message("hi", channel="C2", thread=thread))

    assert await other.get(kept.id) is None
    assert await other.latest("chart") is None


async def test_a_file_of_a_private_time_is_not_handed_out_once_the_channel_is_public(files: Files) -> None:
    public = message("hi")
    private = replace(public, audience=Audience(scope="channel", id="test/C1"))
    secret = await files.keep(chart(b"secret"), message=private, source="made")

    assert await shelf(files, private).get(secret.id) == secret
    assert await shelf(files, public).get(secret.id) is None
    assert await shelf(files, public).latest("chart") is None


async def test_a_file_of_a_public_time_is_there_once_the_channel_is_private(files: Files) -> None:
    public = message("hi")
    private = replace(public, audience=Audience(scope="channel", id="test/C1"))
    kept = await files.keep(chart(b"known"), message=public, source="made")

    assert await shelf(files, private).get(kept.id) == kept
    assert await shelf(files, private).latest("chart") == kept


async def test_what_has_expired_is_not_found(store: Store) -> None:
    asked, files = message("hi"), limited(store, keep_days=1e-12)
    expired = await files.keep(chart(b"old"), message=asked, source="made")

    assert await shelf(files, asked).get(expired.id) is None
    assert await shelf(files, asked).latest("chart") is None


async def test_a_thread_gets_the_files_of_its_channel(files: Files) -> None:
    kept = await files.keep(attachment(), message=message("hi"), source="made")

    assert await shelf(files, message("hi", thread="T1")).get(kept.id) == kept


async def test_the_latest_of_a_kind_is_the_newest_one(files: Files) -> None:
    asked = message("hi")
    await files.keep(chart(b"old"), message=asked, source="made")
    newest = await files.keep(chart(b"new"), message=asked, source="made")
    await files.keep(attachment(), message=asked, source="made")
    await files.keep(attachment(spec={"kind": "table"}), message=asked, source="made")

    assert await shelf(files, asked).latest("chart") == newest


async def test_the_latest_is_taken_from_the_own_conversation_first(files: Files) -> None:
    own = await files.keep(chart(b"own"), message=message("hi", thread="T1"), source="made")
    channel = await files.keep(chart(b"channel"), message=message("hi"), source="made")
    newest = await files.keep(chart(b"other"), message=message("hi", thread="T2"), source="made")

    assert await shelf(files, message("hi", thread="T1")).latest("chart") == own
    assert await shelf(files, message("hi")).latest("chart") == channel
    assert await shelf(files, message("hi", thread="T3")).latest("chart") == newest, "else from anywhere in the channel"


@pytest.mark.parametrize("spec", [None, {}, {"kind": 3}, {"kind": None}, {"rows": []}])
async def test_a_file_without_a_kind_is_no_latest_of_any(files: Files, spec: JsonObject | None) -> None:
    asked = message("hi")
    kept = await files.keep(attachment(spec=spec), message=asked, source="made")

    assert await shelf(files, asked).latest("3") is None
    assert await shelf(files, asked).get(kept.id) == kept


async def test_a_file_that_somebody_removed_from_the_disk_is_not_there(store: Store, files: Files) -> None:
    asked = message("hi")
    kept = await files.keep(chart(b"png"), message=asked, source="made")
    (store.path.parent / "files" / kept.id).unlink()

    assert await shelf(files, asked).get(kept.id) is None
    assert await shelf(files, asked).latest("chart") is None


# Sweeping


async def test_what_is_young_and_within_the_quota_stays(store: Store, files: Files) -> None:
    kept = await files.keep(attachment(), message=message("hi"), source="made")

    assert await files.sweep() == 0
    assert on_disk(store) == await rows(store) == [kept.id]


async def test_what_has_expired_is_swept(store: Store, files: Files) -> None:
    await limited(store, keep_days=1e-12).keep(attachment(), message=message("hi"), source="made")
    kept = await files.keep(attachment(), message=message("hi"), source="made")

    assert await files.sweep() == 1
    assert on_disk(store) == await rows(store) == [kept.id]


async def test_over_the_quota_the_oldest_files_go(store: Store) -> None:
    files = limited(store, quota_mb=0.00025)
    kept = []
    for _ in range(4):
        kept.append(await files.keep(attachment(b"x" * 100), message=message("hi"), source="made"))
        assert on_disk(store) == await rows(store) == sorted(one.id for one in kept[-2:])


async def test_a_quota_made_smaller_holds_after_the_next_sweep(store: Store, files: Files) -> None:
    kept = [await files.keep(attachment(b"x" * 100), message=message("hi"), source="made") for _ in range(4)]

    assert await limited(store, quota_mb=0.00025).sweep() == 2
    assert on_disk(store) == await rows(store) == sorted([kept[2].id, kept[3].id])


async def test_a_file_larger_than_the_quota_is_refused_and_nothing_goes_for_it(store: Store) -> None:
    files = limited(store, quota_mb=0.00015)
    kept = await files.keep(attachment(b"x" * 100), message=message("hi"), source="made")

    with pytest.raises(SkillError, match=r"at most 150 B are kept\.$"):
        await files.keep(attachment(b"x" * 151), message=message("hi"), source="made")

    assert await rows(store) == [kept.id]


async def test_a_file_that_fills_the_quota_exactly_stays(store: Store) -> None:
    files = limited(store, quota_mb=0.0001)
    await files.keep(attachment(b"x" * 100), message=message("hi"), source="made")

    assert await files.sweep() == 0


async def test_old_leftovers_of_a_crash_are_swept_and_young_ones_and_folders_are_not(
    store: Store, files: Files
) -> None:
    kept = await files.keep(attachment(), message=message("hi"), source="made")
    folder = store.path.parent / "files"
    (folder / "folder").mkdir()
    for name in ("fold", "fold.partial", "fnew.partial"):
        (folder / name).write_bytes(b"half")
    for name in ("fold", "fold.partial", "folder", kept.id):
        os.utime(folder / name, (0, 0))

    assert await files.sweep() == 2
    assert on_disk(store) == sorted(["fnew.partial", "folder", kept.id])


async def test_sweeping_before_the_first_file_does_nothing(files: Files) -> None:
    assert await files.sweep() == 0


async def test_forgetting_a_channel_takes_its_files(store: Store, files: Files) -> None:
    gone = [
        await files.keep(attachment(), message=message("hi", thread=thread), source="made") for thread in (None, "T1")
    ]
    other = await files.keep(attachment(), message=message("hi", channel="C2"), source="made")

    async with store.transaction() as transaction:
        ids = await files.forget(transaction, "channel = ?", "test/W/C1")
    await files.erase(ids)

    assert sorted(ids) == sorted(kept.id for kept in gone)
    assert on_disk(store) == await rows(store) == [other.id]


# Disks


async def test_a_folder_that_cannot_be_written_is_a_sentence(store: Store, files: Files) -> None:
    folder = store.path.parent / "files"
    folder.write_text("a file")

    with pytest.raises(OperatorError) as error:
        await files.keep(attachment(), message=message("hi"), source="made")

    assert str(error.value) == f"The folder {folder} cannot be written: File exists."
    assert await rows(store) == []


async def test_a_file_that_cannot_be_read_is_a_sentence(store: Store, files: Files) -> None:
    asked = message("hi")
    kept = await files.keep(attachment(), message=asked, source="made")
    path = store.path.parent / "files" / kept.id
    path.unlink()
    path.mkdir()

    with pytest.raises(OperatorError, match=r"^The folder .*/files cannot be read: Is a directory\.$"):
        await shelf(files, asked).get(kept.id)


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Have the system refuse to write files larger than this, as a full disk does."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


async def test_a_write_that_fails_midway_leaves_nothing(store: Store, files: Files) -> None:
    with largest_file(1_000_000), pytest.raises(OperatorError, match=r"cannot be written: File too large\.$"):
        await files.keep(attachment(b"x" * 2_000_000), message=message("hi"), source="made")

    assert (on_disk(store), await rows(store)) == ([], [])


async def test_a_cancelled_keep_leaves_nothing_that_is_not_swept(store: Store, files: Files) -> None:
    keeping = asyncio.create_task(files.keep(attachment(), message=message("hi"), source="made"))
    await asyncio.sleep(0)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)

    assert await rows(store) in ([], on_disk(store)), "a row without its file"


# Words


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1_234_567, "1.2 MB"), (25_000_000, "25.0 MB")]
)
def test_a_size_is_written_for_people(size: int, text: str) -> None:
    assert size_text(size) == text


def test_the_model_reads_id_name_type_and_size() -> None:
    kept = replace(attachment(b"12345"), id="f0a1")

    assert describe(kept) == "[file f0a1: notes.txt, text/plain, 5 B]"


@given(st.text(), st.text())
def test_s1_a_name_cannot_end_the_line_in_which_the_model_reads_it(name: str, media_type: str) -> None:
    described = describe(Attachment(id="f1", filename=name, media_type=media_type, content=b""))

    assert len(described.splitlines()) == 1
    assert described.isprintable()
    assert described.count("[") == described.count("]") == 1


def test_s1_a_long_name_is_shortened_for_the_model() -> None:
    assert len(describe(attachment(name="x" * 10_000))) < 200
