"""What a chart is made of, kept with its picture so that it can be drawn again in another way."""

import math
from typing import Annotated, Final, Literal, Self, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from core import SkillError
from skills.writing.statistics import TextStatistics

Kind: TypeAlias = Literal["bar", "line", "scatter", "pie", "histogram"]
Palette: TypeAlias = Literal[
    "calm", "colourful", "colorful", "pastel", "warm", "cool", "earth", "grey", "gray", "contrast"
]
Size: TypeAlias = Literal["small", "medium", "large", "wide", "tall", "square"]

MOST_SERIES: Final = 10
MOST_VALUES: Final = 20_000
LARGEST: Final = 1e60  # beyond, and below its inverse, the arithmetic of axes loses its footing


class Series(BaseModel):
    """One row of numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field("", description="What the numbers are, for the legend.")
    values: list[float] = Field(description="The numbers, in order.")
    x: list[float] | None = Field(None, description="Where each value stands on the x axis (scatter and line charts).")


class Chart(BaseModel):
    """A chart before it is drawn: data and looks.

    Attributes:
        form: a kind of chart, or "text": the picture of a text's `statistics`, which no other form has.
        labels: a name for each value.
        shift: how far the palette is rotated, so that asking for the same palette again changes something.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    form: Kind | Literal["text"]
    series: list[Series] = Field(default_factory=list)
    labels: list[str] = Field(default_factory=list)
    title: str = ""
    x_title: str = ""
    y_title: str = ""
    palette: Palette = "calm"
    colors: list[str] = Field(default_factory=list)
    shift: Annotated[int, Field(ge=0)] = 0
    size: Size = "medium"
    statistics: TextStatistics | None = None

    def spec(self) -> dict[str, JsonValue]:
        """Return the chart as JSON, marked as a chart for `Context.files`, with what people can do with it."""
        return {"kind": "chart", **self.model_dump(mode="json", exclude_none=True), "controls": _controls(self)}

    @classmethod
    def read(cls, spec: dict[str, JsonValue] | None) -> Self:
        """Return the chart that `spec` wrote.

        Raises:
            SkillError: it is not the description of a chart.
        """
        if spec is None or spec.get("kind") != "chart":
            raise SkillError("That file is not a chart made here, so it cannot be changed. Draw a chart first.")
        try:
            return cls.model_validate(spec)
        except ValidationError as error:
            raise SkillError("The data of that chart can no longer be read. Draw it again.") from error


def _controls(chart: Chart) -> list[JsonValue]:
    """Describe the controls under a chart: each calls a skill of `skills.chart` with its file."""
    kinds: list[JsonValue] = [kind for kind in get_args(Kind) if kind != chart.form]
    change: JsonValue = {
        "label": "Change type",
        "skill": "restyle_chart",
        "file": "chart",
        "argument": "kind",
        "choices": kinds,
    }
    figures: JsonValue = {"label": "Data (CSV)", "skill": "chart_data", "file": "chart"}
    again: JsonValue = {"label": "Re-run", "skill": "redraw_chart", "file": "chart"}
    return [change, figures, again]


def check(chart: Chart) -> Chart:
    """Return a chart that can be drawn.

    Raises:
        SkillError: says what of its data cannot, and how it has to be.
    """
    if chart.form == "text":
        if chart.statistics is None:
            raise SkillError("The figures of that text are missing, so it cannot be drawn.")
        return chart
    if not chart.series or not any(series.values for series in chart.series):
        raise SkillError("There is nothing to draw: give at least one number in `values`, or a `series`.")
    if len(chart.series) > MOST_SERIES:
        raise SkillError(f"{len(chart.series)} series are too many for one chart; at most {MOST_SERIES} are drawn.")
    if sum(len(series.values) for series in chart.series) > MOST_VALUES:
        raise SkillError(f"That is too much data for one chart; at most {MOST_VALUES:,} numbers are drawn.")
    for number, series in enumerate(chart.series, start=1):
        _check_series(chart, series, series.name or (f"series {number}" if len(chart.series) > 1 else "the data"))
    if chart.form == "pie":
        _check_pie(chart)
    return chart


def _check_series(chart: Chart, series: Series, name: str) -> None:
    values, x, labels = series.values, series.x, chart.labels
    if not values:
        raise SkillError(f"There are no values in {name}.")
    for value in [*values, *(x or [])]:
        if not math.isfinite(value):
            raise SkillError(f"One of the values of {name} is {value}; only ordinary numbers can be drawn.")
        if abs(value) > LARGEST or 0 < abs(value) < 1 / LARGEST:
            raise SkillError(f"One of the values of {name} is {value:g}, too far from 1 to be drawn.")
    if x is not None and len(x) != len(values):
        raise SkillError(f"There are {len(x)} x positions but {len(values)} values in {name}; they have to match.")
    if labels and len(labels) != len(values) and chart.form != "histogram":
        raise SkillError(f"There are {len(labels)} labels but {len(values)} values in {name}; they have to match.")


def _check_pie(chart: Chart) -> None:
    if len(chart.series) > 1:
        raise SkillError(f"A pie chart shows one series, and there are {len(chart.series)}; a bar chart shows several.")
    values = chart.series[0].values
    if min(values) < 0:
        raise SkillError("A pie chart cannot show negative values; a bar chart can.")
    if sum(values) == 0:
        raise SkillError("A pie chart needs a value above zero.")
