"""Workbooks of Excel (XLSX), through calamine.

Why not openpyxl: its last release is of 2024, and it does not guard against entities that multiply
(https://pypi.org/project/openpyxl/).
"""

import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Final, TypeAlias

from core.reading.excerpt import Content
from core.reading.tables import MOST_COLUMNS, Shaping
from core.reading.unreadable import UnreadableError

MOST_CELLS: Final = 20_000_000
"""Cells between the first and the last one that holds something."""

_MOST_NAMED: Final = 30

_Cell: TypeAlias = int | float | str | bool | time | date | datetime | timedelta


def read_workbook(content: bytes, start: int, sheet: str) -> Content:
    """Read a sheet of a workbook from a row on, counted from 1; formulas count as what they gave when it was saved.

    Args:
        content: of the file, as `core.reading.packages` accepts it.
        start: from 1.
        sheet: its name; "" stands for the first one.

    Raises:
        UnreadableError: there is no such sheet, it is broken, or too large.
    """
    import python_calamine as calamine

    try:
        workbook = calamine.load_workbook(io.BytesIO(content))
        name = _wanted(workbook.sheet_names, sheet)
        found = workbook.get_sheet_by_name(name)
        end = found.end or (0, 0)
        if (end[0] + 1) * (end[1] + 1) > MOST_CELLS:
            raise UnreadableError(f"its sheet {name[:80]} has too many cells")
    except calamine.PasswordError as error:
        raise UnreadableError("it is protected by a password") from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise UnreadableError("it is broken") from error
    wide = end[1] + 1
    return Content(
        name="sheet of a workbook",
        unit="row",
        units=islice(_lines(found.iter_rows()), start - 1, None),
        total=end[0] + 1 if found.end else 0,
        remarks=(f"Only the first {MOST_COLUMNS} of its {wide:,} columns are read.",) if wide > MOST_COLUMNS else (),
        about=_about(name, workbook.sheet_names),
    )


def _wanted(names: list[str], sheet: str) -> str:
    if not names:
        raise UnreadableError("there is no sheet in it")
    if not sheet:
        return names[0]
    found = next((name for name in names if name.casefold() == sheet.strip().casefold()), None)
    if found is None:
        raise UnreadableError(f"there is no sheet {sheet[:80]!r} in it, but {_listed(names)}")
    return found


def _about(name: str, names: list[str]) -> str:
    return f"this sheet: {name[:80]!r}; all sheets: {_listed(names)}" if len(names) > 1 else ""


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(repr(name[:80]) for name in names[:_MOST_NAMED]) + more


def _lines(rows: Iterator[list[_Cell]]) -> Iterator[str]:
    """Write the rows; empty ones above them are among them, so each has the number it has in Excel."""
    shaping = Shaping()
    for row in rows:
        yield shaping.written([_written(cell) for cell in row])


def _written(cell: _Cell) -> str:
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return f"{cell:.15g}"
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell)
