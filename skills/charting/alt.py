"""A chart in words, for people who do not see it, and for the model."""

import statistics
from typing import Final

from skills.charting.spec import Chart, Series
from skills.charting.words import number, plural, shorten, tidy
from skills.writing.statistics import TextStatistics

LONGEST: Final = 700
_FORMS: Final = {
    "bar": "Bar chart",
    "line": "Line chart",
    "scatter": "Scatter chart",
    "pie": "Pie chart",
    "histogram": "Histogram",
    "text": "Statistics of a text",
}


def describe(chart: Chart) -> str:
    """Say what a chart shows, with its main figures."""
    title = shorten(tidy(chart.title), 120)
    head = _FORMS[chart.form] + (f" “{title}”" if title else "")
    if chart.statistics:
        return shorten(f"{head}: {_of_text(chart.statistics)}.", LONGEST)
    labels = [shorten(tidy(label), 40) for label in chart.labels]
    if len(chart.series) == 1:
        return shorten(f"{head}: {_of_series(chart, chart.series[0], labels)}.", LONGEST)
    rows = [
        f"{shorten(tidy(row.name), 30) or f'series {index}'}: {_of_series(chart, row, labels)}"
        for index, row in enumerate(chart.series, start=1)
    ]
    return shorten(f"{head} of {plural(len(rows), 'series')}. {'; '.join(rows)}.", LONGEST)


def _of_text(figures: TextStatistics) -> str:
    words = ", ".join(f"{entry.word} {entry.count}" for entry in figures.most_frequent_words[:5])
    return (
        f"{plural(figures.words, 'word')}, {figures.unique_words:,} of them different, in "
        f"{plural(figures.sentences, 'sentence')}; {plural(figures.characters, 'character')}; reading time "
        f"{figures.reading_time}; most frequent words: {words}; average word length {figures.average_word_length:g}"
    )


def _of_series(chart: Chart, series: Series, labels: list[str]) -> str:
    if chart.form == "histogram":
        middle = number(statistics.median(series.values))
        return f"{plural(len(series.values), 'value')} {_range(series.values)}, median {middle}"
    if chart.form == "scatter":
        across = f"x {_range(series.x)}, " if series.x else ""
        return f"{plural(len(series.values), 'point')}, {across}y {_range(series.values)}"
    if not labels:
        return _unnamed(series.values)
    return _trend(series.values, labels) if chart.form == "line" else _ranking(chart, series.values, labels)


def _ranking(chart: Chart, values: list[float], labels: list[str]) -> str:
    ranked = sorted(zip(labels, values, strict=True), key=lambda entry: -entry[1])
    total = sum(values)
    share = [f" ({value / total:.0%})" if chart.form == "pie" else "" for _, value in ranked]
    shown = [f"{label} {number(value)}{part}" for (label, value), part in zip(ranked, share, strict=True)][:6]
    more = len(ranked) - len(shown)
    lowest = f", and {more} more down to {ranked[-1][0]} {number(ranked[-1][1])}" if more else ""
    return ", ".join(shown) + lowest


def _trend(values: list[float], labels: list[str]) -> str:
    if len(values) <= 6:
        return ", ".join(f"{label} {number(value)}" for label, value in zip(labels, values, strict=True))
    low, high = values.index(min(values)), values.index(max(values))
    return (
        f"{plural(len(values), 'value')} from {labels[0]} {number(values[0])} to {labels[-1]} {number(values[-1])}, "
        f"lowest {labels[low]} {number(values[low])}, highest {labels[high]} {number(values[high])}"
    )


def _unnamed(values: list[float]) -> str:
    if len(values) <= 6:
        return ", ".join(number(value) for value in values)
    return f"{plural(len(values), 'value')} {_range(values)}"


def _range(values: list[float]) -> str:
    return f"from {number(min(values))} to {number(max(values))}"
