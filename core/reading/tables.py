"""Tables: CSV and TSV, and how a row of any table is written."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from core.reading.excerpt import Content
from core.reading.texts import decode, lines
from core.reading.unreadable import UnreadableError

MOST_COLUMNS: Final = 200
LONGEST_CELL: Final = 5_000
_LONGEST_LINE: Final = 1_000_000
_HEADS: Final = 500
"""Characters of a table's first row that are told with a part of it."""

_SEPARATORS: Final = ",;\t|"
_LOOKED_AT: Final = 20
"""Lines by which the separator is found."""


def read_table(content: bytes, start: int) -> Content:
    """Read CSV, TSV or the like from a row on, counted from 1; the rows are written with commas.

    Raises:
        UnreadableError: it is not to be divided into cells.
    """
    text, remarks = decode(content)
    separator = separator_of(text)
    shaping = Shaping()
    first = next(_rows(text, separator), [])
    total = sum(1 for _ in _rows(text, separator))
    units = (shaping.written(row) for row in islice(_rows(text, separator), start - 1, None))
    heads = f"its first row: {Shaping().written(first)[:_HEADS]}" if start > 1 else ""
    if re.search(f"[^\\n]{{{_LONGEST_LINE + 1}}}", text):
        remarks += (f"Of lines with more than {_LONGEST_LINE:,} characters the rest is left out.",)
    wide = (f"Only the first {MOST_COLUMNS} of its {len(first):,} columns are read.",)
    return Content(
        name="table",
        unit="row",
        units=units,
        total=total,
        remarks=remarks + (wide if len(first) > MOST_COLUMNS else ()),
        about=heads,
    )


def separator_of(text: str) -> str:
    """Find what separates the cells: what is most often in the first lines, and in each as often as in the others."""
    counts = [_separators_in(line) for line in islice(lines(text[:100_000]), _LOOKED_AT) if line.strip()]
    if not counts:
        return ","

    def merit(separator: str) -> tuple[float, int]:
        found = [count[separator] for count in counts]
        most, times = Counter(found).most_common(1)[0]
        return (times / len(found) if most else 0.0, sum(found))

    return max(_SEPARATORS, key=merit)


class Shaping:
    """Writes rows as lines of CSV, within limits."""

    def __init__(self) -> None:
        self._line = io.StringIO()
        self._writer = csv.writer(self._line, lineterminator="")

    def written(self, row: Sequence[str]) -> str:
        """Return a row as a line: long cells and rows cut, empty cells at the end left out."""
        cells = [cell if len(cell) <= LONGEST_CELL else f"{cell[:LONGEST_CELL]}…" for cell in row[:MOST_COLUMNS]]
        while cells and not cells[-1]:
            cells.pop()
        self._writer.writerow(cells)
        line = self._line.getvalue()
        self._line.seek(0)
        self._line.truncate()
        return f"{line},…" if len(row) > MOST_COLUMNS else line


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_LINE)
    try:
        yield from csv.reader(_short(io.StringIO(text, newline="")), delimiter=separator)
    except csv.Error as error:
        raise UnreadableError(f"it is no proper table: {error}") from error


def _short(rows: Iterable[str]) -> Iterator[str]:
    """Cut lines of which one alone would take the memory: a million columns."""
    return (line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}\n" for line in rows)


def _separators_in(line: str) -> Counter[str]:
    """Count what may be separators, outside of quotation marks."""
    return Counter(character for part in line.split('"')[::2] for character in part if character in _SEPARATORS)
