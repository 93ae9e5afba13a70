"""Changing a chart: the same data in another way."""

from skills.charting import textpicture
from skills.charting.palettes import british
from skills.charting.spec import Chart, Kind, Palette, Series


def with_kind(chart: Chart, kind: Kind) -> Chart:
    """Show a chart's data as another kind; of a text's picture the words, or as a histogram the lengths of words."""
    if chart.statistics is None:
        return chart.model_copy(update={"form": kind})
    if kind == "histogram":
        sizes = textpicture.lengths(chart.statistics)
        labels, counts, title = list(sizes), list(sizes.values()), "Length of words"
    else:
        labels, counts = textpicture.words(chart.statistics)
        title = "Most frequent words"
    series = [Series(name=title, values=[float(count) for count in counts])]
    form = "bar" if kind == "histogram" else kind
    named = {"title": chart.title or title, "labels": labels, "series": series}
    return chart.model_copy(update={"form": form, "statistics": None, **named})


def with_palette(chart: Chart, palette: Palette) -> Chart:
    """Use a palette instead of any colours; the one in use is rotated, so that asking again changes something."""
    is_same = british(palette) == british(chart.palette) and not chart.colors
    return chart.model_copy(update={"palette": palette, "colors": [], "shift": chart.shift + 1 if is_same else 0})
