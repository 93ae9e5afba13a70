"""Files of office programs for tests: workbooks, documents, PDF and pictures, by their libraries or by hand."""

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

import docx
from PIL import Image

from core.messages import Attachment

Cell = str | float | bool | None

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def file(name: str, content: bytes, media_type: str = "application/octet-stream") -> Attachment:
    return Attachment(id="f1", filename=name, media_type=media_type, content=content)


def archive(parts: Mapping[str, str | bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return written.getvalue()


def workbook(sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> bytes:
    """Write an XLSX workbook: https://ecma-international.org/publications-and-standards/standards/ecma-376/."""
    return archive(workbook_parts({name: _sheet(rows) for name, rows in sheets.items()}))


def workbook_parts(sheets: Mapping[str, str]) -> dict[str, str | bytes]:
    """Return the parts of a workbook whose sheets are given as XML."""
    numbers = range(1, len(sheets) + 1)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_KIND}.worksheet+xml"/>' for n in numbers
    )
    named = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1)
    )  # fmt: skip
    related = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>{overrides}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{named}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{related}</Relationships>',
        **{f"xl/worksheets/sheet{n}.xml": sheet for n, sheet in enumerate(sheets.values(), 1)},
    }


def sheet_of(rows: str) -> str:
    """Return a sheet's XML around its rows'."""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def _sheet(rows: Sequence[Sequence[Cell]]) -> str:
    return sheet_of("".join(f'<row r="{n}">{_row(cells, n)}</row>' for n, cells in enumerate(rows, 1)))


def _row(cells: Sequence[Cell], number: int) -> str:
    return "".join(_cell(cell, f"{_column(place)}{number}") for place, cell in enumerate(cells) if cell is not None)


def _column(place: int) -> str:
    return (_column(place // 26 - 1) if place >= 26 else "") + chr(ord("A") + place % 26)


def _cell(cell: Cell, place: str) -> str:
    match cell:
        case bool():
            return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
        case str():
            return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
        case _:
            return f'<c r="{place}"><v>{cell}</v></c>'


def document(*paragraphs: str, table: Sequence[Sequence[str]] = ()) -> bytes:
    """Write a DOCX document; a paragraph that begins with "# " is a heading, with "- " one of a list."""
    written, made = io.BytesIO(), docx.Document()
    for paragraph in paragraphs:
        if paragraph.startswith("# "):
            made.add_heading(paragraph[2:], 1)
        elif paragraph.startswith("- "):
            made.add_paragraph(paragraph[2:], style="List Bullet")
        else:
            made.add_paragraph(paragraph)
    if table:
        grid = made.add_table(len(table), len(table[0]))
        for row, cells in zip(grid.rows, table, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    made.save(written)
    return written.getvalue()


def pdf(*pages: str) -> bytes:
    """Write a PDF with a line of text on each page, none on one whose text is empty."""
    return pdf_of(*(f"BT /F1 12 Tf 72 720 Td ({page}) Tj ET".encode() if page else b"" for page in pages))


def pdf_of(*streams: bytes) -> bytes:
    """Write a PDF from its pages' drawing instructions: ISO 32000-1, 7.5."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(streams)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(streams)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, stream in enumerate(streams):
        packed = zlib.compress(stream, 9)
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode(),
            f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream",
        ]
    written, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = len(written)
    written += f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{table}".encode()
    written += f"trailer << /Size {len(places) + 1} /Root 1 0 R >>\nstartxref\n{end}\n%%EOF\n".encode()
    return bytes(written)


def picture(width: int, height: int, kind: str = "PNG", *, mode: str = "RGB") -> bytes:
    written = io.BytesIO()
    Image.new(mode, (width, height)).save(written, kind)
    return written.getvalue()
