"""Colours."""

from typing import Final

from core import SkillError
from skills.charting.spec import Chart

INK: Final = "#22303c"
MUTED: Final = "#5c6b78"
GRID: Final = "#e3e7eb"
PAPER: Final = "#fdfdfc"

_PALETTES: Final[dict[str, tuple[str, ...]]] = {
    "calm": (
        *("#3a6ea5", "#e09145", "#4f9d7e", "#c2575b", "#8470b0"),
        *("#927a61", "#d488ae", "#6d7a87", "#b3a23f", "#4ba3b3"),
    ),
    "colourful": (
        *("#e63462", "#ff8a1f", "#f9c22e", "#3db54a", "#0fa3b1"),
        *("#3a5fe5", "#8b3fe0", "#e04fb5", "#7a4a21", "#1b7f5c"),
    ),
    "pastel": (
        *("#8ab6de", "#f2b3a0", "#a3d3b6", "#efd583", "#c6b2e3"),
        *("#f0b1d1", "#98d4d2", "#d6c3a2", "#b3c1cd", "#dfa0a0"),
    ),
    "warm": (
        *("#d1495b", "#edae49", "#b5442b", "#f28f3b", "#8c2f39"),
        *("#f2c14e", "#c8553d", "#e07a5f", "#9c6644", "#f4a261"),
    ),
    "cool": (
        *("#1d6fa5", "#3fa7a3", "#5b6fc4", "#7fb6d9", "#2a9d8f"),
        *("#8e7cc3", "#264b8a", "#66c2c9", "#4f86c6", "#9bb7d4"),
    ),
    "earth": (
        *("#7a5c3e", "#a08c3f", "#5d7052", "#b5764a", "#8f4b32"),
        *("#a8a17a", "#4f5d4e", "#c79a5b", "#6b4f4f", "#d0b58c"),
    ),
    "grey": (
        *("#4a5560", "#98a2ab", "#2b3238", "#bcc4cb", "#6b757f"),
        *("#aab3bb", "#3a434b", "#cdd3d8", "#7f8992", "#5a646e"),
    ),
    # Told apart with every kind of colour vision: jfly.uni-koeln.de/color
    "contrast": ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#000000"),
}
_SPELLINGS: Final = {"colorful": "colourful", "gray": "grey"}


def british(name: str) -> str:
    """Return a palette's name in the one spelling that is used here."""
    return _SPELLINGS.get(name, name)


def palette(chart: Chart) -> list[str]:
    """Return the colours a chart draws with, in order.

    Raises:
        SkillError: names a colour that is none.
    """
    if chart.colors:
        return [_colour(name) for name in chart.colors]
    colours = _PALETTES[british(chart.palette)]
    turn = chart.shift % len(colours)
    return [*colours[turn:], *colours[:turn]]


def is_varied(chart: Chart) -> bool:
    """Tell whether the values of a single series get a colour each."""
    return len(chart.colors) > 1 or (not chart.colors and british(chart.palette) == "colourful")


def cycle(colours: list[str], count: int) -> list[str]:
    """Return `count` colours, beginning again where there are too few."""
    return [colours[index % len(colours)] for index in range(count)]


def spread(colours: list[str], count: int) -> list[str]:
    """Return `count` colours: the first ones, or, where there are too few, steps of a gradient through all."""
    if count <= len(colours):
        return colours[:count]
    steps = [index * (len(colours) - 1) / (count - 1) for index in range(count)]
    return [_between(colours[int(step)], colours[min(int(step) + 1, len(colours) - 1)], step % 1) for step in steps]


def ink_on(colour: str) -> str:
    """Return the colour of text that can be read on `colour`."""
    red, green, blue = _channels(colour)
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 150 else "#ffffff"


def as_ink(colour: str) -> str:
    """Return the colour dark enough for text on paper."""
    return _between(colour, INK, 0.35)


def _colour(name: str) -> str:
    from matplotlib.colors import is_color_like, to_hex

    plain = name.strip().lower()
    for spelling in (plain, plain.replace(" ", "").replace("-", "")):
        if is_color_like(spelling) and "$" not in spelling:
            return str(to_hex(spelling))
    raise SkillError(f"{name[:40]!r} is not a colour known here; use a plain English name, or a code such as #3a6ea5.")


def _between(first: str, second: str, part: float) -> str:
    pairs = zip(_channels(first), _channels(second), strict=True)
    return "#" + "".join(f"{round(start + (end - start) * part):02x}" for start, end in pairs)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
