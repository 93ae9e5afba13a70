"""S10: files that would take all memory or time, each read in a real worker process within its limits."""

import asyncio
import contextlib
import io
import re
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

import skills
from core import reading
from core.config import WorkersConfig
from core.discovery import discover
from core.items import Call
from core.messages import Attachment
from core.reading import Reader, Reading
from core.workers import Workers
from tests.papers import archive, document, file, pdf_of, picture, sheet_of, workbook, workbook_parts
from tests.scripted import ScriptedModel
from tests.shelf import CONTEXT
from tests.test_workers import PRELOAD


@contextlib.asynccontextmanager
async def opened(folder: Path, *, memory_mb: float = 512) -> AsyncIterator[Workers]:
    workers = Workers(WorkersConfig(processes=1, memory_mb=memory_mb), scratch=folder / "scratch", preload=PRELOAD)
    await workers.start()
    try:
        yield workers
    finally:
        await workers.close()


@contextlib.asynccontextmanager
async def reader(folder: Path, *, memory_mb: float = 512) -> AsyncIterator[Reader]:
    async with opened(folder, memory_mb=memory_mb) as workers:
        yield Reader(workers, ScriptedModel())


async def read(folder: Path, name: str, content: bytes) -> Reading:
    async with asyncio.timeout(30), reader(folder) as reads:
        return await reads.read(file(name, content), CONTEXT)


async def refused(folder: Path, name: str, content: bytes) -> str:
    """Return why a file was not read: what people are told, after the name."""
    reading = await read(folder, name, content)
    assert reading.note, f"{name} was read: {reading.text[:200]}"
    assert reading.note in reading.text
    assert not reading.picture
    return reading.note.removeprefix(f"I could not read {name}: ").rstrip(".")


TOO_LARGE = "it would become far too large when it is unpacked"
ENTITIES = "it defines its own XML entities, which no office program does"


async def test_s10_a_zip_bomb_named_as_a_workbook(tmp_path: Path) -> None:
    parts = workbook_parts({"S": sheet_of(" " * 10_000_000)})
    assert await refused(tmp_path, "bomb.xlsx", archive(parts)) == TOO_LARGE


async def test_s10_a_document_whose_parts_are_too_large_together(tmp_path: Path) -> None:
    parts = {f"word/media/{n}.bin": b"x" for n in range(120)}
    content = bytearray(archive({"word/document.xml": "<w/>", **parts}))
    for entry in re.finditer(rb"PK\x01\x02", bytes(content)):  # in the directory: each has 900 kB when unpacked
        content[entry.start() + 24 : entry.start() + 28] = struct.pack("<I", 900_000)
    assert await refused(tmp_path, "bomb.docx", bytes(content)) == TOO_LARGE


async def test_s10_a_package_of_countless_parts(tmp_path: Path) -> None:
    parts: dict[str, str | bytes] = {f"p{n}": b"" for n in range(6_000)}
    assert await refused(tmp_path, "bomb.docx", archive(parts, compression=zipfile.ZIP_STORED)) == TOO_LARGE


async def test_s10_a_zip_that_lies_about_the_size_of_a_part(tmp_path: Path) -> None:
    content = bytearray(archive({"xl/workbook.xml": b"<a>" + b" " * 3_000_000 + b"</a>"}))
    start = content.rindex(b"PK\x01\x02")
    content[start + 24 : start + 28] = struct.pack("<I", 10)  # in the directory: 10 bytes when unpacked
    assert await refused(tmp_path, "bomb.xlsx", bytes(content)) == "it is broken"


async def test_s10_a_zip_within_a_zip_is_not_unpacked(tmp_path: Path) -> None:
    inner = archive({"a.txt": bytes(10_000_000)})
    outer = archive({"b.zip": archive({"c.zip": inner})})
    assert await refused(tmp_path, "bomb.zip", outer) == "it is an archive, and I do not unpack archives"


async def test_s10_a_zip_within_a_workbook_is_left_alone(tmp_path: Path) -> None:
    parts = workbook_parts({"S": sheet_of('<row r="1"><c r="A1"><v>7</v></c></row>')})
    inner = archive({"a.txt": bytes(10_000_000)})
    reading = await read(tmp_path, "b.xlsx", archive({**parts, "xl/embeddings/b.zip": inner}))
    assert "\n7\n" in reading.text


LAUGHS = (
    '<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_s10_entities_that_multiply_in_a_workbook(tmp_path: Path, encoding: str) -> None:
    sheet = f'<?xml version="1.0" encoding="{encoding}"?>{LAUGHS}{sheet_of("<row><c><v>&c;</v></c></row>")}'
    parts = workbook_parts({"S": ""})
    parts["xl/worksheets/sheet1.xml"] = sheet.encode(encoding)
    assert await refused(tmp_path, "bomb.xlsx", archive(parts)) == ENTITIES


async def test_s10_entities_that_multiply_in_a_document(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(document("x"))) as made:
        parts: dict[str, str | bytes] = {part: made.read(part) for part in made.namelist()}
    parts["word/document.xml"] = f"<!-- {'.' * 70_000} -->{LAUGHS}<w>&c;</w>"
    assert await refused(tmp_path, "bomb.docx", archive(parts)) == ENTITIES


async def test_s10_a_workbook_with_a_cell_in_its_farthest_corner(tmp_path: Path) -> None:
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    reason = await refused(tmp_path, "bomb.xlsx", archive(workbook_parts({"S": sheet_of(cells)})))
    assert reason in ("its sheet S has too many cells", "it takes too much time or memory")


async def test_s10_a_csv_with_a_million_columns(tmp_path: Path) -> None:
    reading = await read(tmp_path, "wide.csv", b"1," * 1_000_000)
    assert "Only the first 200 of its 500,001 columns are read." in reading.note
    assert "Of lines with more than 1,000,000 characters the rest is left out." in reading.note
    assert len(reading.text) < 7_000


async def test_s10_a_csv_with_millions_of_rows(tmp_path: Path) -> None:
    reading = await read(tmp_path, "long.csv", b"1\n" * 1_000_000)
    assert "of 1,000,000 rows" in reading.text
    assert len(reading.text) < 7_000


async def test_s10_a_table_in_one_cell(tmp_path: Path) -> None:
    reading = await read(tmp_path, "cell.csv", b'a\n"' + b"x\n" * 2_000_000)
    assert "I read it as plain text" in reading.note


async def test_s10_a_json_of_brackets(tmp_path: Path) -> None:
    reading = await read(tmp_path, "deep.json", b"[" * 2_000_000)
    assert "read_file reads on with start=1 and skip=6000" in reading.text


async def test_s10_a_pdf_whose_page_unpacks_to_gigabytes(tmp_path: Path) -> None:
    reason = await refused(tmp_path, "bomb.pdf", pdf_of(b" " * 30_000_000))
    assert reason == "its page 1 would become far too large when it is unpacked"


async def test_s10_a_pdf_whose_page_is_packed_many_times_over(tmp_path: Path) -> None:
    packed = zlib.compress(zlib.compress(bytes(30_000_000), 9), 9)
    plain = pdf_of(b"")
    empty = zlib.compress(b"", 9)
    filters = b"/Filter [/FlateDecode /FlateDecode]"
    bomb = plain.replace(b"/Filter /FlateDecode", filters).replace(empty, packed)
    bomb = bomb.replace(f"/Length {len(empty)}".encode(), f"/Length {len(packed)}".encode())
    reason = await refused(tmp_path, "bomb.pdf", bomb)
    assert reason == "its page 1 would become far too large when it is unpacked"


async def test_s10_a_pdf_whose_pages_contain_themselves(tmp_path: Path) -> None:
    bomb = pdf_of(b"").replace(b"/Kids [4 0 R]", b"/Kids [2 0 R]")
    assert await refused(tmp_path, "bomb.pdf", bomb) in ("it is broken", "there is no text in it")


async def test_s10_a_pdf_that_claims_countless_pages(tmp_path: Path) -> None:
    bomb = pdf_of(b"").replace(b"/Kids [4 0 R]", b"/Kids [" + b"4 0 R " * 30_000 + b"]")
    reason = await refused(tmp_path, "bomb.pdf", bomb)
    assert reason == "it has more pages than the 10,000 that I read"


def png_of(width: int, height: int, rows: bytes) -> bytes:
    """Write a grey PNG whose header says what it likes: https://www.w3.org/TR/png-3/."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


async def test_s10_a_png_of_50_000_by_50_000_pixels(tmp_path: Path) -> None:
    bomb = png_of(50_000, 50_000, bytes(1_000_000))
    assert await refused(tmp_path, "bomb.png", bomb) == "it has more pixels than the 50,000,000 that I look at"


async def test_s10_a_png_just_over_the_limit_of_pixels(tmp_path: Path) -> None:
    bomb = png_of(8_000, 7_000, bytes(1_000))
    assert "it has 8,000 x 7,000 pixels" in await refused(tmp_path, "bomb.png", bomb)


async def test_s10_a_tiff_named_png(tmp_path: Path) -> None:
    reason = await refused(tmp_path, "scan.png", picture(9, 9, "TIFF"))
    assert reason == "it is a TIFF picture, and I read PNG, JPEG, GIF and WebP"


async def test_s10_a_bomb_that_a_model_reads_by_a_skill(tmp_path: Path) -> None:
    class Desk:
        async def get(self, file_id: str) -> Attachment | None:
            return file("bomb.xlsx", archive(workbook_parts({"S": sheet_of(" " * 10_000_000)})))

        async def latest(self, kind: str) -> Attachment | None:
            return None

    async with asyncio.timeout(30), opened(tmp_path) as workers:
        skillset = discover(skills).with_runner(workers)
        context = replace(CONTEXT, files=Desk())
        outcome = await skillset.call(Call(id="c1", name="read_file", arguments='{"file": "f1"}'), context)
    assert outcome.reply.text == f"Error: bomb.xlsx could not be read: {TOO_LARGE}."


GIVEN_UP = "it takes too much time or memory"


async def test_s10_a_file_that_takes_too_much_memory_is_given_up_and_the_next_is_read(tmp_path: Path) -> None:
    async with asyncio.timeout(30), reader(tmp_path, memory_mb=64) as reads:
        greedy = await reads.read(file("many.csv", b"a\n" * 24_000_000), CONTEXT)
        modest = await reads.read(file("b.xlsx", workbook({"S": [["fine"]]})), CONTEXT)
    assert greedy.note == f"I could not read many.csv: {GIVEN_UP}."
    assert "fine" in modest.text


async def test_s10_a_file_that_takes_too_much_time_is_given_up_and_the_next_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = reading.reader._BEGINNING
    hasty = replace(job, options=replace(job.options, timeout=0.5))
    async with asyncio.timeout(30), reader(tmp_path) as reads:
        modest = await reads.read(file("b.pdf", pdf_of(b"BT /F1 12 Tf (fine) Tj ET")), CONTEXT)
        monkeypatch.setattr(reading.reader, "_BEGINNING", hasty)
        slow = await reads.read(file("slow.pdf", pdf_of(b"BT /F1 12 Tf " + b"(x) Tj " * 1_500_000)), CONTEXT)
        monkeypatch.undo()
        again = await reads.read(file("b.pdf", pdf_of(b"BT /F1 12 Tf (fine) Tj ET")), CONTEXT)
    assert slow.note == f"I could not read slow.pdf: {GIVEN_UP}."
    assert "fine" in modest.text
    assert "fine" in again.text
