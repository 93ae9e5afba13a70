"""Charts: what is drawn, described, refused and changed again."""

import csv
import io
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core import Attachment, Context, SkillError
from core.controls import file_controls
from core.messages import Conversation, Person
from core.skill import Skill
from skills import chart as module
from skills.chart import chart_data, chart_text, draw_chart, redraw_chart, restyle_chart
from skills.charting.fonts import legible
from skills.charting.kinds import around, bins
from skills.charting.palettes import cycle, ink_on, spread
from skills.charting.spec import MOST_VALUES, Kind, Palette, Series, Size
from skills.charting.words import compact, number, shorten, tidy

KINDS: tuple[Kind, ...] = ("bar", "line", "scatter", "pie", "histogram")
TEXT = "The cat sat on the mat. The dog did not, e.g. because of the cat."


class Shelf:
    """The charts of a conversation."""

    def __init__(self, *files: Attachment) -> None:
        self.files = files

    async def get(self, file_id: str) -> Attachment | None:
        return next((file for file in self.files if file.id == file_id), None)

    async def latest(self, kind: str) -> Attachment | None:
        return next((file for file in reversed(self.files) if file.spec and file.spec["kind"] == kind), None)


def _context(*files: Attachment) -> Context:
    place = Conversation(platform="terminal", workspace="local", channel="here")
    return Context(conversation=place, person=Person(id="1", name="Ann"), files=Shelf(*files))


def _image(chart: Attachment) -> Image.Image:
    assert chart.content is not None
    with Image.open(io.BytesIO(chart.content)) as image:
        image.load()
        return image.convert("RGB")


def _hues(chart: Attachment) -> int:
    """Count the strong colours that cover a visible part of the picture."""
    image = _image(chart)
    colours = image.getcolors(image.width * image.height) or []
    return sum(
        1 for count, pixel in colours if count > 500 and isinstance(pixel, tuple) and max(pixel) - min(pixel) > 60
    )


def _fruit(kind: Kind = "bar", palette: Palette = "calm") -> Attachment:
    return draw_chart(kind=kind, labels=["apples", "pears", "plums"], values=[3, 5, 4], title="Fruit", palette=palette)


def test_importing_the_skill_does_not_import_matplotlib() -> None:
    modules = "skills.chart, skills.charting.render, skills.charting.kinds, skills.charting.fonts"
    code = f"import sys, {modules}; print([name for name in ('matplotlib', 'numpy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_drawing_does_not_touch_global_state() -> None:
    _fruit()
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_a_png_of_a_sensible_size(kind: Kind) -> None:
    chart = _fruit(kind)
    assert (chart.media_type, chart.filename) == ("image/png", "fruit.png")
    assert _image(chart).size == (1184, 752)


def test_the_kinds_look_different() -> None:
    assert len({_image(_fruit(kind)).tobytes() for kind in KINDS}) == len(KINDS)


def test_the_same_chart_is_the_same_bytes() -> None:
    assert _fruit().content == _fruit().content


@pytest.mark.parametrize(
    ("size", "pixels"), [("small", (832, 544)), ("large", (1600, 992)), ("tall", (992, 1280)), ("square", (1056, 1056))]
)
def test_sizes(size: Size, pixels: tuple[int, int]) -> None:
    assert _image(draw_chart(values=[1, 2], size=size)).size == pixels


def test_many_lying_bars_make_the_picture_taller_but_not_endless() -> None:
    labels = [f"a rather long label {index}" for index in range(30)]
    several = [Series(name=name, values=[1.0] * 30) for name in "abcdefgh"]
    assert 752 < _image(draw_chart(labels=[*labels], values=[1.0] * 30)).height < 1600
    assert _image(draw_chart(labels=[*labels], series=several)).height == 1600


def test_several_series_have_their_colours() -> None:
    rows = [Series(name=name, values=[3, 4, 5]) for name in ("one", "two", "three")]
    assert _hues(draw_chart(series=rows)) == 3


def test_a_named_colour_is_used() -> None:
    chart = draw_chart(values=[1, 2], colors=["Sky Blue"])
    assert (135, 206, 235) in {pixel for _, pixel in _image(chart).getcolors(2_000_000) or []}


def test_a_colour_that_is_none_is_named() -> None:
    with pytest.raises(SkillError, match="'sparkle' is not a colour"):
        draw_chart(values=[1], colors=["sparkle"])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("bar", "Bar chart “Fruit”: pears 5, plums 4, apples 3."),
        ("line", "Line chart “Fruit”: apples 3, pears 5, plums 4."),
        ("pie", "Pie chart “Fruit”: pears 5 (42%), plums 4 (33%), apples 3 (25%)."),
        ("scatter", "Scatter chart “Fruit”: 3 points, y from 3 to 5."),
        ("histogram", "Histogram “Fruit”: 3 values from 3 to 5, median 4."),
    ],
)
def test_the_alt_text_says_what_is_shown(kind: Kind, expected: str) -> None:
    assert _fruit(kind).alt == expected


def test_the_alt_text_of_much_data_gives_its_main_figures() -> None:
    chart = draw_chart(kind="line", labels=[*range(1990, 2020)], values=[float(n) for n in range(30)])
    assert chart.alt == "Line chart: 30 values from 1990 0 to 2019 29, lowest 1990 0, highest 2019 29."


def test_the_alt_text_names_the_series_and_stays_short() -> None:
    rows = [Series(name=f"series of sensor {n}", values=[1e5, 2e5] * 4) for n in range(10)]
    alt = draw_chart(kind="line", series=rows).alt
    assert alt.startswith("Line chart of 10 series. series of sensor 0: 8 values from 100,000 to 200,000;")
    assert len(alt) <= 700


@pytest.mark.parametrize(
    ("draw", "reason"),
    [
        (draw_chart, "either as `values` or"),
        (lambda: draw_chart(values=[1], series=[Series(values=[1])]), "either as `values` or"),
        (lambda: draw_chart(values=[]), "nothing to draw"),
        (lambda: draw_chart(series=[Series(values=[1]), Series(name="B", values=[])]), "no values in B"),
        (lambda: draw_chart(values=[1, float("nan")]), "only ordinary numbers"),
        (lambda: draw_chart(values=[1, float("inf")]), "only ordinary numbers"),
        (lambda: draw_chart(values=[1, 1e300]), "too far from 1"),
        (lambda: draw_chart(values=[1, 2], labels=["a"]), "1 labels but 2 values"),
        (lambda: draw_chart(kind="scatter", values=[1, 2], x=[1]), "1 x positions but 2 values"),
        (lambda: draw_chart(kind="pie", values=[1, -2]), "cannot show negative"),
        (lambda: draw_chart(kind="pie", values=[0, 0]), "a value above zero"),
        (lambda: draw_chart(kind="pie", series=[Series(values=[1])] * 2), "a bar chart shows several"),
        (lambda: draw_chart(series=[Series(values=[1])] * 11), "at most 10"),
        (lambda: draw_chart(values=[1.0] * (MOST_VALUES + 1)), "too much data"),
        (lambda: chart_text("🍎 !!"), "no words"),
        (lambda: chart_text(""), "no text"),
    ],
)
def test_what_cannot_be_drawn_is_explained(draw: Callable[[], Attachment], reason: str) -> None:
    with pytest.raises(SkillError, match=reason):
        draw()


@pytest.mark.parametrize("kind", ["bar", "line", "pie"])
@pytest.mark.parametrize(
    "text",
    [
        "$\\frac{1}{0}$ \\input{/etc/passwd}",
        "x" * 10_000,
        "many words " * 1000,
        "日本語 🍎",
        "a\nb\0c\ud800",
        "_hidden",
        " ",
    ],
    ids=["mathtext", "one long word", "long", "cjk and emoji", "controls", "underscore", "blank"],
)
def test_hostile_text_is_drawn_as_text(kind: Kind, text: str) -> None:
    rows = [Series(name=text, values=[1, 2, 3, 4, 5])] * (1 if kind == "pie" else 3)
    chart = draw_chart(kind=kind, labels=[text] * 5, series=rows, title=text, x_title=text, y_title=text, size="small")
    assert _image(chart).width == 832
    assert len(chart.alt) <= 700
    assert len(chart.filename) <= 60


@pytest.mark.parametrize(
    "values",
    [[0.0], [0, 0, 0], [-5, -3], [1e59, -1e59], [1e-59, 2e-59], [1e9, 1e9 + 1e-3], [1e15, 1e15 + 1], [7] * 1000],
    ids=lambda values: f"{len(values)} from {values[0]}",
)
@pytest.mark.parametrize("kind", ["bar", "line", "histogram"])
def test_extreme_numbers_are_drawn(kind: Kind, values: list[float]) -> None:
    assert _image(draw_chart(kind=kind, values=values, size="small")).width == 832


def test_ten_series_of_a_thousand_points() -> None:
    rows = [Series(name=f"row {n}", values=[float(i * n % 17) for i in range(1000)]) for n in range(10)]
    assert _image(draw_chart(kind="line", series=rows)).width == 1184


def test_each_of_a_few_whole_numbers_has_its_own_bar() -> None:
    assert around(1, 3) == [0.5, 1.5, 2.5, 3.5]
    whole = draw_chart(kind="histogram", values=[1, 2, 2, 3, 3], palette="colourful")
    assert _hues(whole) == 3, "the last bar does not hold two numbers"


def test_points_are_named_only_by_labels() -> None:
    def points(labels: list[str | float] | None) -> bytes:
        return _image(draw_chart(kind="scatter", x=[1, 2, 3], values=[4, 5, 6], labels=labels)).tobytes()

    assert points(None) != points(["1", "2", "3"])


def test_small_slices_of_a_pie_become_one() -> None:
    many = draw_chart(kind="pie", labels=[f"c{n}" for n in range(40)], values=[1.0] * 40, palette="colourful")
    assert _hues(many) == 10


def test_the_picture_of_a_text() -> None:
    chart = chart_text(TEXT)
    assert chart.filename == "text-statistics.png"
    assert chart.alt.startswith("Statistics of a text: 15 words, 11 of them different, in 2 sentences; 65 characters;")
    assert "most frequent words: the 4, cat 2," in chart.alt
    assert _hues(chart) == 2


def test_the_picture_of_a_text_file_is_named_after_it() -> None:
    file = Attachment(filename="My notes.txt", media_type="text/plain", content=TEXT.encode())
    assert chart_text(file=file).filename == "my-notes-txt.png"


@pytest.mark.parametrize("text", ["a", "🍎 word", "今日は天気です。", "x" * 5000, "$x$ _y_ \\frac", "w " * 5000])
def test_any_text_with_a_word_has_a_picture(text: str) -> None:
    assert _image(chart_text(text)).size == (1420, 864)


async def test_more_colourful_changes_the_latest_chart() -> None:
    earlier = _fruit()
    later = await restyle_chart(_context(earlier), palette="colourful")
    assert _hues(earlier) == 1
    assert _hues(later) == 3
    assert later.alt == earlier.alt


async def test_with_nothing_said_a_chart_becomes_more_colourful() -> None:
    earlier = _fruit()
    assert (await restyle_chart(_context(earlier))).content == _fruit(palette="colourful").content


async def test_still_more_colourful_changes_it_again() -> None:
    colourful = _fruit(palette="colourful")
    again = await restyle_chart(_context(colourful), palette="colorful")
    assert again.content != colourful.content


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_becomes_visibly_more_colourful(kind: Kind) -> None:
    earlier = _fruit(kind)
    assert _image(await restyle_chart(_context(earlier), palette="colourful")).tobytes() != _image(earlier).tobytes()


async def test_the_picture_of_a_text_becomes_more_colourful() -> None:
    later = await restyle_chart(_context(chart_text(TEXT)), palette="colourful")
    assert _hues(later) > 5


@pytest.mark.parametrize("kind", KINDS)
async def test_a_chart_turns_into_another_kind(kind: Kind) -> None:
    later = await restyle_chart(_context(_fruit("line")), kind=kind)
    assert later.content == _fruit(kind).content


async def test_the_picture_of_a_text_turns_into_a_pie_of_its_words() -> None:
    later = await restyle_chart(_context(chart_text(TEXT)), kind="pie")
    assert later.alt.startswith("Pie chart “Most frequent words”: the 4 (29%), cat 2 (14%),")


async def test_the_picture_of_a_text_turns_into_the_lengths_of_its_words() -> None:
    later = await restyle_chart(_context(chart_text(TEXT)), kind="histogram")
    assert later.alt.startswith("Bar chart “Length of words”: 3 12, 2 2, 7 1,")


async def test_title_labels_colours_and_size_change() -> None:
    later = await restyle_chart(
        _context(_fruit()), title="Obst", labels=["Äpfel", 2, "Pflaumen"], colors=["red"], size="large"
    )
    assert later.alt == "Bar chart “Obst”: 2 5, Pflaumen 4, Äpfel 3."
    assert _image(later).size == (1600, 992)
    assert (255, 0, 0) in {pixel for _, pixel in _image(later).getcolors(2_000_000) or []}


async def test_a_change_is_kept_for_the_next_one() -> None:
    first = await restyle_chart(_context(_fruit()), title="Obst")
    second = await restyle_chart(_context(_fruit(), first), kind="pie")
    assert second.alt.startswith("Pie chart “Obst”")


async def test_a_chart_can_be_named() -> None:
    fruit, other = _fruit(), draw_chart(values=[1], title="Other")
    assert (await restyle_chart(_context(fruit, other), fruit, title="New")).alt.startswith("Bar chart “New”: pears 5")


async def test_without_a_chart_it_says_that_one_has_to_be_drawn_first() -> None:
    with pytest.raises(SkillError, match="no chart in this conversation yet; draw one first"):
        await restyle_chart(_context(), palette="warm")


async def test_a_file_that_is_no_chart_is_refused() -> None:
    photo = Attachment(filename="photo.png", media_type="image/png", content=b"")
    with pytest.raises(SkillError, match="not a chart made here"):
        await restyle_chart(_context(), photo)


async def test_a_change_that_does_not_fit_the_data_is_explained() -> None:
    with pytest.raises(SkillError, match="2 labels but 3 values"):
        await restyle_chart(_context(_fruit()), labels=["one", "two"])


@pytest.mark.parametrize(
    ("value", "long", "short"),
    [
        (0, "0", "0"),
        (-0.0, "0", "0"),
        (950, "950", "950"),
        (1200, "1,200", "1,200"),
        (13_400, "13,400", "13.4k"),
        (-2_500_000, "-2,500,000", "-2.5M"),
        (3.14159, "3.14", "3.14"),
        (0.1 + 0.2, "0.3", "0.3"),
        (6.02e23, "6.02e+23", "6.02e+23"),
        (0.00001, "1e-05", "1e-05"),
    ],
)
def test_numbers_for_people(value: float, long: str, short: str) -> None:
    assert (number(value), compact(value)) == (long, short)


def test_letters_without_a_font_are_squares_and_emoji_are_named_where_they_stand_alone() -> None:
    assert legible("plain ä Ж") == "plain ä Ж"
    assert legible("🍎 apples") == "apples"
    assert legible("🍎🍎🍐") == "red apple, pear"
    assert legible("a\U00013000") == "a□"


@given(st.text())
def test_tidy_text_is_one_line_without_controls(text: str) -> None:
    assert all(
        character.isprintable() or character in "\u00ad\u200d" or ord(character) > 127 for character in tidy(text)
    )
    assert "\n" not in tidy(text)
    assert len(shorten(text, 10)) <= 10


_positive = st.just(0.0) | st.floats(1e-60, 1e50)


@given(st.floats(-1e50, -1e-60) | _positive, _positive, st.integers(1, 10_000))
def test_ranges_of_a_histogram_hold_all_values(low: float, reach: float, count: int) -> None:
    edges = bins(low, low + reach, count)
    rounding = (abs(low) + reach) * 1e-12
    assert edges[0] <= low + rounding
    assert edges[-1] >= low + reach - rounding
    assert 2 <= len(edges) <= 40
    assert edges == sorted(set(edges))


@given(st.integers(0, 60))
def test_a_gradient_has_as_many_colours_as_asked(count: int) -> None:
    colours = ["#000000", "#ffffff", "#ff0000"]
    assert len(spread(colours, count)) == len(cycle(colours, count)) == count
    assert all(len(colour) == 7 for colour in spread(colours, count))


def test_text_can_be_read_on_its_colour() -> None:
    assert ink_on("#000000") == "#ffffff"
    assert ink_on("#ffffff") != "#ffffff"


_floats = st.floats(-1e6, 1e6, allow_nan=False)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(KINDS), st.lists(st.tuples(st.text(max_size=40), _floats), max_size=40), st.text(max_size=200))
def test_any_data_is_drawn_or_refused(kind: Kind, data: list[tuple[str, float]], title: str) -> None:
    try:
        labels: list[str | float] = [label for label, _ in data]
        chart = draw_chart(kind=kind, labels=labels, values=[v for _, v in data], title=title, size="small")
    except SkillError:
        return
    assert _image(chart).width == 832


# What people do with a chart by one press


def chart_with(**given: object) -> Attachment:
    return draw_chart(**given)  # type: ignore[arg-type]


def test_a_chart_offers_its_other_kinds_its_data_and_to_be_drawn_again() -> None:
    change, data, again = file_controls(chart_with(kind="pie", labels=["a"], values=[1.0]))
    assert (change.skill, change.argument, "pie" in change.choices, "bar" in change.choices) == (
        "restyle_chart",
        "kind",
        False,
        True,
    )
    assert (data.skill, again.skill) == ("chart_data", "redraw_chart")


def test_the_skills_of_a_charts_controls_take_what_the_controls_give() -> None:
    drawn = chart_with(labels=["a"], values=[1.0])
    for control in file_controls(drawn):
        taken = Skill.of(getattr(module, control.skill), topic="chart").signature.parameters["properties"]
        assert isinstance(taken, dict)
        assert {control.file, control.argument} - {""} <= set(taken)


def test_the_data_of_a_chart_is_a_table_with_a_column_for_each_series() -> None:
    rows = [{"name": "2024", "values": [1.0, 2.5]}, {"name": "=HYPERLINK()", "values": [3.0, 4.0]}]
    series = [Series.model_validate(row) for row in rows]
    table = chart_data(chart_with(labels=["a, b", "@c"], series=series, title="Sales"))
    assert (table.filename, table.media_type) == ("sales.csv", "text/csv")
    assert list(csv.reader(io.StringIO((table.content or b"").decode("utf-8-sig")))) == [
        ["label", "2024", "'=HYPERLINK()"],
        ["a, b", "1.0", "3.0"],
        ["'@c", "2.5", "4.0"],
    ]


def test_the_data_of_a_texts_picture_are_its_figures() -> None:
    table = chart_data(chart_text("one two two"))
    assert b"occurrences of two,2\r\n" in (table.content or b"")


def test_a_chart_drawn_once_more_is_the_same() -> None:
    drawn = chart_with(kind="line", labels=["a", "b"], values=[1.0, 2.0], palette="warm")
    again = redraw_chart(drawn)
    assert (again.spec, again.filename) == (drawn.spec, drawn.filename)


def test_only_a_chart_has_data_and_is_drawn_again() -> None:
    other = Attachment(filename="x.png", media_type="image/png", content=b"png")
    for called in (chart_data, redraw_chart):
        with pytest.raises(SkillError, match="not a chart"):
            called(other)
