"""The picture of a text's statistics: headline figures, most frequent words, lengths of words."""

from typing import TYPE_CHECKING, Final

from skills.charting import palettes
from skills.charting.axes import value_axis
from skills.charting.canvas import Sheet, add_title, written
from skills.charting.spec import Chart
from skills.charting.words import compact
from skills.writing.statistics import TextStatistics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LONGEST_WORD: Final = 16
"""Words of this length and longer stand together."""


def draw(on: Sheet, chart: Chart, figures: TextStatistics, title: str) -> None:
    """Draw the figures of a text."""
    grid = on.figure.add_gridspec(2, 2, height_ratios=[0.72, on.height - 1.4], width_ratios=[1.15, 1])
    colours = palettes.palette(chart)
    _headlines(on.figure.add_subplot(grid[0, :]), figures, colours if palettes.is_varied(chart) else [])
    _frequent(on.figure.add_subplot(grid[1, 0]), chart, figures)
    _lengths(on.figure.add_subplot(grid[1, 1]), chart, figures)
    add_title(on, title)


def lengths(figures: TextStatistics) -> dict[str, int]:
    """Return how many words have which length, without gaps, long ones together."""
    last = min(max(figures.word_lengths, default=1), LONGEST_WORD)
    counts = {str(length): figures.word_lengths.get(length, 0) for length in range(1, last)}
    rest = sum(count for length, count in figures.word_lengths.items() if length >= last)
    return {**counts, f"{last}+" if max(figures.word_lengths, default=1) > last else str(last): rest}


def words(figures: TextStatistics) -> tuple[list[str], list[int]]:
    """Return the most frequent words and how often each occurs, with equal lengths."""
    return [entry.word for entry in figures.most_frequent_words], [entry.count for entry in figures.most_frequent_words]


def _headlines(axes: "Axes", figures: TextStatistics, colours: list[str]) -> None:
    """Write the figures in a row; `colours` are the strong ones, none for plain ink."""
    shown = (
        (compact(figures.words), "word" if figures.words == 1 else "words"),
        (compact(figures.unique_words), "different word" if figures.unique_words == 1 else "different words"),
        (compact(figures.sentences), "sentence" if figures.sentences == 1 else "sentences"),
        (compact(figures.characters), "character" if figures.characters == 1 else "characters"),
        (figures.reading_time.removeprefix("about "), "to read"),
    )
    axes.set_axis_off()
    axes.set(xlim=(0, len(shown)), ylim=(0, 1))
    for place, ((figure, what), colour) in enumerate(
        zip(shown, palettes.cycle(list(map(palettes.as_ink, colours)) or [palettes.INK], len(shown)), strict=True)
    ):
        axes.text(place, 0.42, figure, fontsize=20, fontweight="bold", color=colour)
        axes.text(place, 0.08, what, fontsize=9.5, color=palettes.MUTED)


def _frequent(axes: "Axes", chart: Chart, figures: TextStatistics) -> None:
    names, counts = words(figures)
    bars = axes.barh(range(len(counts)), counts, 0.72, color=_colours(chart, len(counts), 0))
    axes.bar_label(bars, [compact(count) for count in counts], padding=3, fontsize=9, color=palettes.INK)
    axes.set_yticks(range(len(names)), [written(name, 18) for name in names], color=palettes.INK)
    axes.set_xticks([])
    axes.set_ylim(max(len(names), 5) - 0.4, -0.6)
    axes.margins(x=0.1)
    axes.spines["bottom"].set_visible(False)
    axes.set_title("Most frequent words")


def _lengths(axes: "Axes", chart: Chart, figures: TextStatistics) -> None:
    counts = lengths(figures)
    axes.bar(range(len(counts)), list(counts.values()), 0.86, color=_colours(chart, len(counts), 1))
    axes.set_xticks(range(len(counts)), list(counts))
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel("letters in a word")
    axes.set_xlim(-0.6, max(len(counts), 5) - 0.4)
    value_axis(axes.yaxis, 0, max(counts.values()), whole=True)
    axes.yaxis.grid(True)
    axes.set_title("Length of words")


def _colours(chart: Chart, count: int, place: int) -> list[str]:
    colours = palettes.palette(chart)
    return palettes.spread(colours, count) if palettes.is_varied(chart) else [colours[place % len(colours)]] * count
