"""The sheet a chart is drawn on: sizes, style, title, legend, PNG."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from skills.charting import fonts, palettes
from skills.charting.words import shorten, tidy, wrap

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

DPI: Final = 160
SIZES: Final = {
    "small": (5.2, 3.4),
    "medium": (7.4, 4.7),
    "large": (10.0, 6.2),
    "wide": (10.5, 4.4),
    "tall": (6.2, 8.0),
    "square": (6.6, 6.6),
}
"""Width and height in inches."""

# Matplotlib is not safe to use in two threads at once: matplotlib.org/stable/users/faq.html
_LOCK: Final = threading.Lock()

_STYLE: "Final[dict[RcKeyType, object]]" = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#b8c1c9",
    "axes.facecolor": palettes.PAPER,
    "axes.labelcolor": palettes.MUTED,
    "axes.labelpad": 7,
    "axes.labelsize": 9.5,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": palettes.INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.unicode_minus": True,
    "figure.constrained_layout.h_pad": 0.12,
    "figure.constrained_layout.w_pad": 0.16,
    "figure.facecolor": palettes.PAPER,
    "font.size": 9.5,
    "grid.color": palettes.GRID,
    "grid.linewidth": 0.9,
    "legend.borderaxespad": 0.6,
    "legend.columnspacing": 1.6,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "legend.handlelength": 1.1,
    "legend.labelcolor": palettes.INK,
    "text.color": palettes.INK,
    "text.parse_math": False,  # a `$` in people's text is a `$`
    "text.usetex": False,
    "xtick.color": palettes.MUTED,
    "xtick.labelsize": 9,
    "xtick.major.size": 0,
    "ytick.color": palettes.MUTED,
    "ytick.labelsize": 9,
    "ytick.major.size": 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """An empty figure, with its size in inches."""

    figure: "Figure"
    width: float
    height: float

    def png(self) -> bytes:
        """Return the picture; the same drawing gives the same bytes."""
        buffer = BytesIO()
        self.figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
        return buffer.getvalue()


@contextmanager
def sheet(width: float, height: float, texts: Iterable[str]) -> Iterator[Sheet]:
    """Give a sheet to draw on, one at a time; `texts` are what will stand on it, for the choice of fonts."""
    with _LOCK:
        from matplotlib import rc_context
        from matplotlib.figure import Figure

        with rc_context({**_STYLE, "font.family": fonts.families(texts)}):
            yield Sheet(figure=Figure(figsize=(width, height), layout="constrained"), width=width, height=height)


def written(text: str, width: int) -> str:
    """Return people's text as it can stand on a sheet."""
    return shorten(fonts.legible(tidy(text)), width)


def add_title(on: Sheet, title: str) -> None:
    """Write the title, already legible, over everything, in at most two lines."""
    if title:
        size = _title_size(on)
        on.figure.suptitle(_lines(on, title), x=0.16 / on.width, ha="left", fontsize=size, fontweight="bold")


def add_legend(on: Sheet, handles: list["Artist"], names: list[str], title: str) -> None:
    """Say under the title which colour is what."""
    widest = max(len(name) for name in names)
    columns = max(1, min(len(names), int(on.width * 11 / (widest + 5))))
    blanks = [" "] * len(names)  # a name that begins with "_" would be left out: it is written afterwards
    legend = on.figure.legend(
        handles,
        blanks,
        loc="outside upper left",
        ncols=columns,
        alignment="left",
        title=_lines(on, title) or None,
        title_fontproperties={"size": _title_size(on), "weight": "bold"},
    )
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(name)


def _title_size(on: Sheet) -> float:
    return 14 if on.width > 6 else 12


def _lines(on: Sheet, title: str) -> str:
    return wrap(title, int(on.width * 112 / _title_size(on)), 2)
