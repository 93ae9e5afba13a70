"""The numbers of a chart as a table that other programs read."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import fields
from itertools import zip_longest
from pathlib import PurePath
from typing import Final

from core import Attachment
from skills.charting.spec import Chart
from skills.writing.statistics import TextStatistics

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula: https://owasp.org/www-community/attacks/CSV_Injection."""


def figures(chart: Chart, filename: str) -> Attachment:
    """Write a chart's numbers as CSV in UTF-8, a row for each value and a column for each series."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(
        _statistics(chart.statistics) if chart.statistics else _rows(chart)
    )
    name = f"{PurePath(filename).stem or 'chart'}.csv"
    return Attachment(filename=name, media_type="text/csv", content=text.getvalue().encode("utf-8-sig"))


def _rows(chart: Chart) -> Iterator[Sequence[str | float]]:
    """Yield the heading and the values; a series with x positions of its own has them in a column before it."""
    labelled = bool(chart.labels) and chart.form != "histogram"
    names: list[str] = [_cell(chart.x_title) or "label"] if labelled else []
    columns: list[Sequence[str | float]] = [[_cell(label) for label in chart.labels]] if labelled else []
    for number, series in enumerate(chart.series, start=1):
        name = _cell(series.name) or (f"series {number}" if len(chart.series) > 1 else _cell(chart.y_title) or "value")
        if series.x is not None:
            names.append(f"x of {name}" if len(chart.series) > 1 else _cell(chart.x_title) or "x")
            columns.append(series.x)
        names.append(name)
        columns.append(series.values)
    yield names
    yield from zip_longest(*columns, fillvalue="")


def _statistics(statistics: TextStatistics) -> Iterator[Sequence[str | float]]:
    """Yield the figures of a text, then how often words, and words of each length, occur."""
    yield "figure", "value"
    for field in fields(statistics):
        value: object = getattr(statistics, field.name)
        if isinstance(value, int | float):
            yield field.name.replace("_", " "), value
    for word in statistics.most_frequent_words:
        yield f"occurrences of {word.word}", word.count
    for length, count in sorted(statistics.word_lengths.items()):
        yield f"words of length {length}", count


def _cell(text: str) -> str:
    """Write a text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
