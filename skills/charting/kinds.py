"""The kinds of chart, each drawn onto axes."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from skills.charting import palettes
from skills.charting.axes import label_axis, label_rows, value_axis
from skills.charting.canvas import Sheet, add_legend
from skills.charting.spec import Chart, Series
from skills.charting.words import compact, number, shorten, signed

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

MOST_WHOLE: Final = 20  # whole numbers in a row that get a bar of a histogram each
MOST_SLICES: Final = 10
MOST_VALUES_SHOWN: Final = 14
MOST_POINTS_NAMED: Final = 12
MOST_ROWS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A chart on its way: where it is drawn, with texts that are already legible."""

    on: Sheet
    axes: "Axes"
    chart: Chart
    title: str
    labels: list[str]
    names: list[str]

    @property
    def colours(self) -> list[str]:
        """A colour for each series."""
        return palettes.cycle(palettes.palette(self.chart), len(self.chart.series))

    def colours_of_values(self, count: int) -> list[str]:
        """A colour for each value of a single series."""
        colours = palettes.palette(self.chart)
        return palettes.spread(colours, count) if palettes.is_varied(self.chart) else colours[:1] * count

    def x(self, row: Series) -> list[float]:
        """Where the values of a series stand on the x axis: from 0 on under labels, else from 1 on."""
        first = 0 if self.chart.labels else 1
        return row.x or [float(first + index) for index in range(len(row.values))]

    def legend(self, handles: Sequence["Artist"]) -> None:
        """Name the series, where there are several."""
        if len(self.names) > 1:
            add_legend(self.on, list(handles), self.names, self.title)


def is_lying(chart: Chart, labels: list[str]) -> bool:
    """Tell whether bars lie, which long labels need."""
    return 3 < len(labels) <= MOST_ROWS and max(map(len, labels)) > 11 and chart.form == "bar"


def bar(drawing: Drawing) -> None:
    """Draw bars: side by side for several series, lying where the labels are long."""
    axes, series = drawing.axes, drawing.chart.series
    lying = is_lying(drawing.chart, drawing.labels)
    thickness = (0.78 if len(drawing.labels) > 3 else 0.56) / len(series)
    handles: list[Artist] = []
    for index, (row, colour) in enumerate(zip(series, drawing.colours, strict=True)):
        offset = (index - (len(series) - 1) / 2) * thickness
        at = [position + offset for position in range(len(row.values))]
        colours = drawing.colours_of_values(len(row.values)) if len(series) == 1 else [colour] * len(row.values)
        draw = axes.barh if lying else axes.bar
        bars = draw(at, row.values, thickness * 0.94, color=colours)
        handles.append(bars.patches[0])
        if len(row.values) * len(series) <= MOST_VALUES_SHOWN:
            texts = [signed(compact(value)) for value in row.values]
            axes.bar_label(bars, texts, padding=3, fontsize=9, color=palettes.INK)
    _finish_bars(drawing, lying)
    drawing.legend(handles)


def _finish_bars(drawing: Drawing, lying: bool) -> None:
    axes, series = drawing.axes, drawing.chart.series
    low, high = _bounds(series)
    (label_rows if lying else label_axis)(axes, drawing.labels, drawing.on.height if lying else drawing.on.width)
    value = axes.xaxis if lying else axes.yaxis
    if lying:
        axes.set_ymargin(0.02)
    else:
        room = 0.75 if len(drawing.labels) <= 3 else 0.55
        axes.set_xlim(-room, len(drawing.labels) - 1 + room)
    axes.spines["bottom"].set_visible(not lying and low >= 0)
    if low < 0:
        (axes.axvline if lying else axes.axhline)(0, color="#b8c1c9", linewidth=0.8)
    if sum(len(row.values) for row in series) <= MOST_VALUES_SHOWN:
        value.set_ticks([])
        (axes.set_xmargin if lying else axes.set_ymargin)(0.12 if low < 0 else 0.08)
    else:
        value_axis(value, min(low, 0), max(high, 0))
        value.grid(True)


def line(drawing: Drawing) -> None:
    """Draw a line for each series, over labels or over numbers."""
    axes, series = drawing.axes, drawing.chart.series
    handles: list[Artist] = []
    for row, colour in zip(series, drawing.colours, strict=True):
        x = drawing.x(row)
        marker = "o" if len(row.values) <= 25 else ""
        thickness = 2.2 if len(row.values) <= 100 else 1.1
        handles += axes.plot(x, row.values, color=colour, linewidth=thickness, marker=marker, markersize=5)
        if len(series) == 1 and palettes.is_varied(drawing.chart) and len(row.values) > 1:
            axes.fill_between(x, row.values, min(row.values), color=colour, alpha=0.16, linewidth=0)
            if marker:
                axes.scatter(x, row.values, c=drawing.colours_of_values(len(x)), s=52, zorder=3)
    _finish_plane(drawing)
    drawing.legend(handles)


def scatter(drawing: Drawing) -> None:
    """Draw a point for each value, named where there are few."""
    axes, series = drawing.axes, drawing.chart.series
    handles: list[Artist] = []
    points = sum(len(row.values) for row in series)
    area = 46 if points <= 60 else 24 if points <= 400 else 11
    for row, colour in zip(series, drawing.colours, strict=True):
        x = drawing.x(row)
        colours = drawing.colours_of_values(len(x)) if len(series) == 1 else [colour] * len(x)
        alpha = 0.85 if points <= 400 else 0.55
        handles.append(axes.scatter(x, row.values, s=area, c=colours, alpha=alpha, linewidths=0))
        if row.x and drawing.chart.labels and points <= MOST_POINTS_NAMED:
            for label, point in zip(drawing.labels, zip(x, row.values, strict=True), strict=True):
                axes.annotate(shorten(label, 20), point, (5, 5), textcoords="offset points", fontsize=8.5)
    _finish_plane(drawing)
    axes.xaxis.grid(True)
    axes.margins(0.07)
    drawing.legend(handles)


def _finish_plane(drawing: Drawing) -> None:
    axes, series = drawing.axes, drawing.chart.series
    value_axis(axes.yaxis, *_bounds(series))
    axes.yaxis.grid(True)
    if drawing.chart.labels and not any(row.x for row in series):
        label_axis(axes, drawing.labels, drawing.on.width)
    else:
        every = [x for row in series for x in drawing.x(row)]
        value_axis(axes.xaxis, min(every), max(every), whole=not any(row.x for row in series))


def pie(drawing: Drawing) -> None:
    """Draw slices, the largest first, with a list of what they are; many small ones become one."""
    axes, values = drawing.axes, drawing.chart.series[0].values
    slices = _slices(drawing.labels, values)
    colours = palettes.spread(palettes.palette(drawing.chart), len(slices))
    total = math.fsum(values)
    shares = [value / total for _, value in slices]
    edge = {"linewidth": 1.6, "edgecolor": palettes.PAPER}
    wedges = axes.pie(shares, colors=colours, startangle=90, counterclock=False, wedgeprops=edge, normalize=True)[0]
    for wedge, share, colour in zip(wedges, shares, colours, strict=True):
        if share >= 0.06:
            middle = math.radians((wedge.theta1 + wedge.theta2) / 2)
            at = (0.68 * math.cos(middle), 0.68 * math.sin(middle)) if share < 1 else (0.0, 0.0)
            style = {"ha": "center", "va": "center", "fontsize": 10, "fontweight": "bold"}
            axes.text(*at, _percent(share), color=palettes.ink_on(colour), **style)  # type: ignore[arg-type]
    rows = [
        f"{shorten(label, 26)}   {signed(number(value))} ({_percent(share)})"
        for (label, value), share in zip(slices, shares, strict=True)
    ]
    legend = axes.legend(wedges, [" "] * len(rows), loc="center left", bbox_to_anchor=(1.02, 0.5), labelspacing=0.75)
    for text, row in zip(legend.get_texts(), rows, strict=True):
        text.set_text(row)


def _slices(labels: list[str], values: list[float]) -> list[tuple[str, float]]:
    ranked = sorted(zip(labels, values, strict=True), key=lambda entry: -entry[1])
    if len(ranked) <= MOST_SLICES:
        return ranked
    rest = ranked[MOST_SLICES - 1 :]
    return [*ranked[: MOST_SLICES - 1], (f"{len(rest)} others", math.fsum(value for _, value in rest))]


def histogram(drawing: Drawing) -> None:
    """Draw how often values fall into equal ranges."""
    axes, series = drawing.axes, drawing.chart.series
    low, high = _bounds(series)
    is_near = high - low <= MOST_WHOLE and max(abs(low), abs(high)) < 1e12  # so far halves are exact enough
    whole = is_near and all(value.is_integer() for row in series for value in row.values)
    edges = around(low, high) if whole else bins(low, high, max(len(row.values) for row in series))
    handles: list[Artist] = []
    for row, colour in zip(series, drawing.colours, strict=True):
        counts = [0] * (len(edges) - 1)
        for value in row.values:
            counts[max(0, min(bisect_right(edges, value) - 1, len(counts) - 1))] += 1
        colours = drawing.colours_of_values(len(counts)) if len(series) == 1 else [colour] * len(counts)
        alpha = 1.0 if len(series) == 1 else 0.6
        edge = {"edgecolor": palettes.PAPER, "linewidth": 0.9}
        bars = axes.bar(edges[:-1], counts, edges[1] - edges[0], align="edge", color=colours, alpha=alpha, **edge)  # type: ignore[arg-type]
        handles.append(bars.patches[0])
    value_axis(axes.xaxis, low, high, whole=whole)
    value_axis(axes.yaxis, 0, max(len(row.values) for row in series), whole=True)
    axes.yaxis.grid(True)
    axes.margins(x=0.02)
    drawing.legend(handles)
    if not drawing.chart.y_title:
        axes.set_ylabel("how many")


def around(low: float, high: float) -> list[float]:
    """Return the edges of ranges that each hold one whole number."""
    return [number - 0.5 for number in range(int(low), int(high) + 2)]


def bins(low: float, high: float, count: int) -> list[float]:
    """Return the edges of equal ranges with round limits around `low` and `high`, more of them for more values."""
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        reach = abs(low) * 0.5 or 0.5
        return [low - reach, high + reach]
    least = (high - low) / max(5, min(30, math.ceil(1.6 * math.sqrt(count))))
    decade = 10.0 ** math.floor(math.log10(least))
    step = next(decade * times for times in (1, 2, 2.5, 5, 10, 20) if decade * times >= least)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [float(f"{index * step:.15g}") for index in range(first, max(last, first + 1) + 1)]


def _bounds(series: list[Series]) -> tuple[float, float]:
    return min(min(row.values) for row in series), max(max(row.values) for row in series)


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 or share == 0 else f"{share:.1%}"
