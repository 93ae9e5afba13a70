"""Skills that draw."""

from typing import Annotated, Final

from pydantic import Field

from core import Attachment, Context, SkillError, skill
from skills.charting.figures import figures
from skills.charting.render import picture
from skills.charting.restyle import with_kind, with_palette
from skills.charting.spec import MOST_SERIES, Chart, Kind, Palette, Series, Size
from skills.text import wanted_text
from skills.writing.statistics import measure

DRAWING: Final = (
    *("matplotlib.figure", "matplotlib.backends.backend_agg", "matplotlib.font_manager", "PIL.PngImagePlugin"),
    *("matplotlib.layout_engine", "matplotlib.legend", "matplotlib.patches", "matplotlib.ticker"),
)
"""What takes long to import before the first picture."""


@skill(preload=DRAWING)
def draw_chart(
    kind: Kind = "bar",
    labels: list[str | float] | None = None,
    values: list[float] | None = None,
    series: Annotated[list[Series], Field(max_length=MOST_SERIES)] | None = None,
    x: list[float] | None = None,
    title: str = "",
    x_title: str = "",
    y_title: str = "",
    palette: Palette = "calm",
    colors: list[str] | None = None,
    size: Size = "medium",
) -> Attachment:
    """Draw a chart of numbers as a picture.

    Give one row of numbers as `values`, or several as `series`. A histogram takes the raw numbers and counts them.

    Args:
        kind: The kind of chart.
        labels: A name for each value, in the same order.
        values: The numbers of a chart with a single series.
        series: The rows of numbers of a chart with several series.
        x: Where each of `values` stands on the x axis, for scatter and line charts over numbers.
        title: What the chart is about, in a few words.
        x_title: What the labels or x positions are.
        y_title: What the values are, with their unit.
        palette: The mood of the colours; colourful gives each value its own.
        colors: Instead of a palette: colours by English name or code, such as #3a6ea5, one for each series or value.
        size: The shape of the picture.

    Examples:
        draw a bar chart of apples 3, pears 5
        make a pie chart of rent 900, food 400, fun 150
        plot a line chart of sales: Jan 10, Feb 14, Mar 9
        show these numbers as a histogram: 3 5 5 7 8 9 12
        draw a scatter chart
        visualize these numbers as a graph
    """
    if (values is None) == (series is None):
        raise SkillError("Give the numbers either as `values` or, for several rows of them, as `series`.")
    rows = series if series is not None else [Series(values=values or [], x=x)]
    chart = Chart(
        form=kind,
        labels=_texts(labels),
        series=[row if row.x or not x else row.model_copy(update={"x": x}) for row in rows],
        title=title,
        x_title=x_title,
        y_title=y_title,
        palette=palette,
        colors=colors or [],
        size=size,
    )
    return picture(chart)


@skill(preload=DRAWING)
def chart_text(
    text: str = "",
    file: Attachment | None = None,
    title: str = "",
    palette: Palette = "calm",
    size: Size = "medium",
) -> Attachment:
    """Draw the statistics of a text as a picture: headline figures, most frequent words, lengths of words.

    Give the text itself, in full, or a text file; the counting is done here.

    Args:
        text: The text, word for word.
        file: A text file to show instead.
        title: A heading for the picture.
        palette: The mood of the colours.
        size: The shape of the picture.

    Examples:
        create a visual representation of its statistics
        visualize the statistics of this text
        draw a picture of the most frequent words
        make a chart of this text
        show the word counts of this file as a picture
    """
    figures = measure(wanted_text(text, file))
    if not figures.words:
        raise SkillError("There are no words in this text, so there is nothing to draw.")
    heading = title or (file.filename if file else "")
    return picture(Chart(form="text", statistics=figures, title=heading, palette=palette, size=size))


@skill(blocking=True, preload=DRAWING)
async def restyle_chart(
    context: Context,
    chart: Attachment | None = None,
    kind: Kind | None = None,
    palette: Palette | None = None,
    colors: list[str] | None = None,
    title: str | None = None,
    x_title: str | None = None,
    y_title: str | None = None,
    labels: list[str | float] | None = None,
    size: Size | None = None,
) -> Attachment:
    """Draw an earlier chart of this conversation again with another kind, colours, title, labels or size.

    Its data is kept: give only what changes. With nothing given the chart becomes more colourful.

    Args:
        context: The turn.
        chart: The chart to change; the latest one if left out.
        kind: Turn it into this kind of chart.
        palette: The mood of the colours; "more colourful" is colourful.
        colors: Colours by English name or code, one for each series or value.
        title: A new title.
        x_title: A new title of the x axis.
        y_title: A new title of the y axis.
        labels: New names for all values, in order.
        size: A new shape; "bigger" is large.

    Examples:
        make it more colourful
        make it a bar chart
        turn it into a pie chart
        change the colours of the chart
        make the chart bigger
        use warm colours
        change the title to Sales
        show it as a line chart instead
    """
    earlier = chart or await context.files.latest("chart")
    if earlier is None:
        raise SkillError("There is no chart in this conversation yet; draw one first, then it can be changed.")
    changed = Chart.read(earlier.spec)
    if kind:
        changed = with_kind(changed, kind)
    texts = {"title": title, "x_title": x_title, "y_title": y_title}
    lists = {"labels": labels and _texts(labels), "colors": colors}
    given = {name: value for name, value in {**texts, **lists, "size": size}.items() if value is not None}
    changed = changed.model_copy(update=given)
    if palette or not (kind or given):
        changed = with_palette(changed, palette or "colourful")
    return picture(changed)


@skill
def chart_data(chart: Attachment) -> Attachment:
    """Write the numbers of an earlier chart as a CSV file.

    Args:
        chart: The chart.
    """
    return figures(Chart.read(chart.spec), chart.filename)


@skill(preload=DRAWING)
def redraw_chart(chart: Attachment) -> Attachment:
    """Draw an earlier chart once more, as it is.

    Args:
        chart: The chart.
    """
    return picture(Chart.read(chart.spec))


def _texts(labels: list[str | float] | None) -> list[str]:
    return [label if isinstance(label, str) else f"{label:.15g}" for label in labels or []]
