"""Axes: how numbers and labels stand along them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from skills.charting.words import compact, number, shorten, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

_CHARACTER: Final = 0.088  # inches, of the labels along an axis
_SLANTED: Final = 0.24  # inches that a slanted label needs along the axis
_SHORT: Final = 0.8  # inches of labels that are rather left out than slanted


def value_axis(axis: "Axis", low: float, high: float, *, whole: bool = False) -> None:
    """Write numbers shortly, unless they differ only in digits that would be left out; `whole`: no fractions."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    is_narrow = (high - low) < 0.01 * max(abs(low), abs(high))

    def write(value: float, _: int | None) -> str:
        return signed(number(value) if is_narrow else compact(value, digits=4))

    axis.set_major_formatter(FuncFormatter(write))
    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10], integer=whole))


def label_axis(axes: "Axes", labels: Sequence[str], width: float) -> None:
    """Put labels at 0, 1, 2, … along the x axis: level where they are short, else slanted; only every so many."""
    level = (max(map(len, labels)) + 1) * _CHARACTER
    is_level = level * len(labels) <= width * 0.86 or level <= _SHORT
    kept = range(0, len(labels), _step(len(labels) * (level if is_level else _SLANTED) / (width * 0.86)))
    shown = [shorten(labels[index], 20) for index in kept]
    if is_level:
        axes.set_xticks(kept, shown)
    else:
        axes.set_xticks(kept, shown, rotation=38, ha="right", rotation_mode="anchor")


def label_rows(axes: "Axes", labels: Sequence[str], height: float) -> None:
    """Put labels at 0, 1, 2, … down the y axis, only every so many where there is no room."""
    kept = range(0, len(labels), _step(len(labels) * 0.17 / (height * 0.8)))
    axes.set_yticks(kept, [shorten(labels[index], 28) for index in kept])
    axes.invert_yaxis()


def _step(least: float) -> int:
    """Return the next round number, one of 1, 2, 5, 10, 20 and so on."""
    step = 1
    while step < least:
        step = {"1": step * 2, "2": step // 2 * 5, "5": step * 2}[str(step)[0]]
    return step
