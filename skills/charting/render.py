"""From a chart to its picture."""

import re
from typing import Final

from core import Attachment
from skills.charting import kinds, textpicture
from skills.charting.alt import describe
from skills.charting.canvas import SIZES, add_title, sheet, written
from skills.charting.palettes import palette
from skills.charting.spec import Chart, check
from skills.charting.words import number, shorten
from skills.writing.statistics import TextStatistics

_DRAW: Final = {
    "bar": kinds.bar,
    "line": kinds.line,
    "scatter": kinds.scatter,
    "pie": kinds.pie,
    "histogram": kinds.histogram,
}
LONGEST_LABEL: Final = 40
LONGEST_TITLE: Final = 160
TALLEST: Final = 10.0  # inches
ROW: Final = 0.27  # inches of a lying bar

# The picture of a text needs more room than a chart of one thing.
_TEXT_SIZES: Final = {name: (max(width * 1.2, 7.6), max(height * 1.15, 4.8)) for name, (width, height) in SIZES.items()}


def picture(chart: Chart) -> Attachment:
    """Draw a chart as a PNG that keeps what it was made from.

    Raises:
        SkillError: its data or its colours cannot be drawn.
    """
    palette(check(chart))
    return Attachment(
        filename=_filename(chart),
        media_type="image/png",
        content=_draw_text(chart, chart.statistics) if chart.statistics else _draw(chart),
        alt=describe(chart),
        spec=chart.spec(),
    )


def _draw(chart: Chart) -> bytes:
    labels = [written(label, LONGEST_LABEL) for label in chart.labels or _numbered(chart)]
    names = [
        written(row.name, LONGEST_LABEL) or (f"Series {index}" if len(chart.series) > 1 else "")
        for index, row in enumerate(chart.series, start=1)
    ]
    title = written(chart.title, LONGEST_TITLE) or (names[0] if len(names) == 1 else "")
    across, up = written(chart.x_title, LONGEST_TITLE), written(chart.y_title, LONGEST_TITLE)
    with sheet(*_size(chart, labels), [title, across, up, *labels, *names]) as on:
        axes = on.figure.add_subplot()
        if len(names) == 1:
            add_title(on, title)
        if chart.form != "pie":
            below, beside = (up, across) if kinds.is_lying(chart, labels) else (across, up)
            axes.set_xlabel(shorten(below, int(on.width * 6)))
            axes.set_ylabel(shorten(beside, int(on.height * 8)))
        _DRAW[chart.form](kinds.Drawing(on=on, axes=axes, chart=chart, title=title, labels=labels, names=names))
        return on.png()


def _draw_text(chart: Chart, figures: TextStatistics) -> bytes:
    title = written(chart.title, LONGEST_TITLE) or "Text statistics"
    frequent = [written(word, LONGEST_LABEL) for word in textpicture.words(figures)[0]]
    width, height = _TEXT_SIZES[chart.size]
    with sheet(width, height, [title, *frequent]) as on:
        textpicture.draw(on, chart, figures, title)
        return on.png()


def _numbered(chart: Chart) -> list[str]:
    """Return what stands under values without labels: their x positions, else their numbers."""
    longest = max(chart.series, key=lambda row: len(row.values))
    return [number(x) for x in longest.x or range(1, len(longest.values) + 1)]


def _size(chart: Chart, labels: list[str]) -> tuple[float, float]:
    width, height = SIZES[chart.size]
    if kinds.is_lying(chart, labels):
        rows = len(labels) * max(1.0, len(chart.series) * 0.6)
        height = min(max(height, rows * ROW + 1.0), TALLEST)
    return width, height


def _filename(chart: Chart) -> str:
    """Make a file name of a title's plain letters."""
    plain = re.sub(r"[^a-z0-9]+", "-", chart.title[:200].lower()).strip("-")[:40].strip("-")
    return f"{plain or ('text-statistics' if chart.form == 'text' else f'{chart.form}-chart')}.png"
