"""Workbooks, documents and PDF: read in parts, and said where they cannot be."""

import io
from datetime import date

import pypdf
import pytest

from core.reading.excerpt import Excerpt
from core.reading.pdfs import NO_TEXT
from core.reading.reading import excerpt_of
from core.reading.unreadable import UnreadableError
from tests.papers import archive, document, file, pdf, pdf_of, sheet_of, workbook, workbook_parts


def read(name: str, content: bytes, *, start: int = 1, sheet: str = "", room: int = 6_000) -> Excerpt:
    return excerpt_of(file(name, content), start=start, skip=0, sheet=sheet, room=room)


def why_not(name: str, content: bytes, *, start: int = 1, sheet: str = "") -> str:
    with pytest.raises(UnreadableError) as caught:
        read(name, content, start=start, sheet=sheet)
    return str(caught.value)


# Workbooks


def test_the_first_sheet_of_a_workbook_is_read() -> None:
    excerpt = read("b.xlsx", workbook({"Sales": [["city", "sum"], ["Köln, am Rhein", 12.5], ["Bonn", True]]}))
    assert excerpt.text == 'city,sum\n"Köln, am Rhein",12.5\nBonn,TRUE'
    assert (excerpt.unit, excerpt.total, excerpt.about) == ("row", 3, "")


def test_another_sheet_is_read_by_its_name() -> None:
    book = workbook({"Sales": [["a"]], "Costs": [["b"], ["c"]]})
    assert read("b.xlsx", book, sheet="costs").text == "b\nc"
    assert read("b.xlsx", book).about == "this sheet: 'Sales'; all sheets: 'Sales', 'Costs'"
    assert why_not("b.xlsx", book, sheet="Wages") == "there is no sheet 'Wages' in it, but 'Sales', 'Costs'"


def test_rows_have_the_numbers_they_have_in_the_workbook() -> None:
    row = '<row r="{0}"><c r="B{0}"><v>{0}</v></c></row>'
    book = archive(workbook_parts({"S": sheet_of(row.format(3) + row.format(5))}))
    assert read("b.xlsx", book).total == 5
    assert read("b.xlsx", book, start=5).text.strip(",") == "5"


def test_dates_are_dates() -> None:
    parts = workbook_parts({"S": sheet_of('<row r="1"><c r="A1" s="1"><v>46000</v></c></row>')})
    style = '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts["xl/styles.xml"] = f'<styleSheet xmlns="{main}">{style}</styleSheet>'
    assert read("b.xlsx", archive(parts)).text.startswith(date(2025, 12, 9).isoformat())


def test_a_workbook_is_one_whatever_its_name_says() -> None:
    assert read("b.txt", workbook({"S": [["a"]]})).text == "a"


def test_an_empty_sheet_is_said_to_be_empty() -> None:
    assert why_not("b.xlsx", workbook({"S": []})) == "there is no text in it"


def test_only_so_many_columns_are_read_and_the_others_are_told_of() -> None:
    excerpt = read("b.xlsx", workbook({"S": [list(range(300))]}))
    assert excerpt.text.endswith(",199,…")
    assert excerpt.remarks == ("Only the first 200 of its 300 columns are read.",)


# Documents


def test_a_document_is_read_with_headings_lists_and_tables() -> None:
    content = document("# Plan", "First.", "- one", "", table=[["who", "when"], ["Ana", "May"]])
    excerpt = read("d.docx", content)
    assert excerpt.text == "# Plan\nFirst.\n- one\n| who | when |\n| Ana | May |"
    assert (excerpt.unit, excerpt.total) == ("paragraph", 5)


def test_a_document_is_read_on() -> None:
    excerpt = read("d.docx", document(*(f"Paragraph {n}." for n in range(100))), start=51, room=40)
    assert (excerpt.text, excerpt.more) == ("Paragraph 50.\nParagraph 51.", (53, 0))


def test_a_document_without_its_parts_is_broken() -> None:
    assert why_not("d.docx", archive({"word/document.xml": "<w/>"})) == "it is broken"


# PDF


def test_the_pages_of_a_pdf_are_read() -> None:
    excerpt = read("r.pdf", pdf("Hello", "world"))
    assert excerpt.text == "--- page 1 ---\nHello\n--- page 2 ---\nworld"
    assert (excerpt.unit, excerpt.total) == ("page", 2)


def test_a_pdf_is_read_from_a_page_on() -> None:
    assert read("r.pdf", pdf("one", "two", "three"), start=3).text == "--- page 3 ---\nthree"
    assert why_not("r.pdf", pdf("one"), start=2) == "it ends before page 2"


def test_pages_without_text_are_told_of() -> None:
    assert NO_TEXT in read("r.pdf", pdf("one", "")).text
    assert not read("r.pdf", pdf("one", "")).remarks
    assert "may be pictures" in read("r.pdf", pdf("", "")).remarks[0]


def protected(algorithm: str, password: str) -> bytes:
    writer, written = pypdf.PdfWriter(clone_from=io.BytesIO(pdf("secret"))), io.BytesIO()
    writer.encrypt(password, owner_password="owner", algorithm=algorithm)
    writer.write(written)
    return written.getvalue()


ciphers = pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256"])


@ciphers
def test_a_protected_pdf_is_said_to_be_one(algorithm: str) -> None:
    assert why_not("r.pdf", protected(algorithm, "x")) == "it is protected by a password"


@ciphers
def test_a_pdf_that_may_be_opened_by_anybody_is_read(algorithm: str) -> None:
    assert "secret" in read("r.pdf", protected(algorithm, "")).text


@pytest.mark.parametrize("content", [b"%PDF-1.7 nothing", pdf("one")[:200], b"%PDF-1.4\n%%EOF"])
def test_a_broken_pdf_is_said_to_be_broken(content: bytes) -> None:
    assert why_not("r.pdf", content) == "it is broken"


def test_what_comes_before_a_broken_page_is_read_and_the_page_told_of() -> None:
    huge = b"BT /F1 12 Tf (x) Tj ET " + b" " * 21_000_000
    excerpt = read("r.pdf", pdf_of(b"BT /F1 12 Tf 9 9 Td (one) Tj ET", huge, b""))
    assert excerpt.text == "--- page 1 ---\none"
    assert excerpt.remarks == (
        "I could not read all of it: its page 2 would become far too large when it is unpacked.",
    )
    assert excerpt.more == (3, 0)


# What else is in a ZIP file


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"a.txt": "x"}, "it is an archive, and I do not unpack archives"),
        ({"ppt/presentation.xml": "<p/>"}, "it is a presentation; saved as PDF I could read it"),
        (
            {"mimetype": "application/vnd.oasis.opendocument.text"},
            "it is an OpenDocument or EPUB file; saved as XLSX, DOCX or PDF I could read it",
        ),
        ({"xl/workbook.bin": b"x"}, "it is a binary workbook; saved as XLSX I could read it"),
        ({"xl/workbook.xml": "no xml"}, "it is broken"),
    ],
)
def test_what_is_no_workbook_or_document_is_named(parts: dict[str, str | bytes], reason: str) -> None:
    assert why_not("x.xlsx", archive(parts)) == reason


@pytest.mark.parametrize("content", [workbook({"S": [["a"]]})[:-30], b"PK\x03\x04 nothing"])
def test_a_cut_off_package_is_broken(content: bytes) -> None:
    assert why_not("x.xlsx", content) == "it is broken"
