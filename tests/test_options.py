"""Options: a schema as people fill it in, and what they type read back."""

import json
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Literal

import pytest
from hypothesis import given as over
from hypothesis import strategies as st
from pydantic import BaseModel, Field, JsonValue

from bots.app import skills
from core.config import Config
from core.docstring import Docstring
from core.errors import UserError
from core.messages import Attachment, JsonObject
from core.model import Tool
from core.options import Option, given, missing, options, typed, words
from core.signature import read


class Mood(Enum):
    CALM = "calm"
    LOUD = "LOUD"


class Point(BaseModel):
    """A place."""

    x: float


def tool(function: Callable[..., object], **told: str) -> Tool:
    parameters = read(function, Docstring(description="Do it.", arguments=told, examples=())).parameters
    return Tool(name=function.__name__, description="Do it.", parameters=parameters)


def only(hint: object, default: object = ...) -> Option:
    """Return the option of a skill with one parameter."""

    def act(value: object = default) -> None: ...

    if default is ...:
        act.__defaults__ = None
    act.__annotations__["value"] = hint
    return options(tool(act))[0]


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        (str, "text"),
        (int, "integer"),
        (float, "number"),
        (bool, "boolean"),
        (Attachment, "file"),
        (Attachment | None, "file"),
        (int | None, "integer"),
        (int | float, "number"),
        (str | int, "text"),
        (bool | str, "json"),
        (list[int], "json"),
        (dict[str, int], "json"),
        (Point, "json"),
        (Point | None, "json"),
        (str | list[str], "json"),
        (Mood, "text"),
        (Literal[1, 2], "integer"),
        (Literal[1, "a"], "text"),
        (Literal[True], "boolean"),
    ],
)
def test_a_hint_is_a_kind(hint: object, kind: str) -> None:
    option = only(hint)
    assert (option.name, option.kind, option.required) == ("value", kind, True)


@pytest.mark.parametrize(
    ("hint", "choices"),
    [
        (Literal["b", "a"], ("b", "a")),
        (Literal["a"], ("a",)),
        (Literal["a", None], ("a",)),
        (Literal["a", "b"] | None, ("a", "b")),
        (Mood, ("calm", "LOUD")),
        (Mood | None, ("calm", "LOUD")),
        (Literal[1, 2], (1, 2)),
        (Literal["a"] | Mood, ("a", "calm", "LOUD")),
        (Literal["a"] | int, ()),
        (Literal[True], ()),
        (list[Mood], ()),
    ],
)
def test_a_literal_or_an_enum_has_choices_wherever_the_schema_puts_them(
    hint: object, choices: tuple[str | int, ...]
) -> None:
    assert only(hint).choices == choices


@pytest.mark.parametrize(
    ("hint", "bounds"),
    [
        (Annotated[int, Field(ge=1, le=6)], (1, 6)),
        (Annotated[int, Field(gt=1, lt=6)], (2, 5)),
        (Annotated[float, Field(gt=0)], (0, None)),
        (Annotated[int, Field(ge=0)] | None, (0, None)),
        (Annotated[str, Field(min_length=2, max_length=9)], (2, 9)),
        (list[int], (None, None)),
    ],
)
def test_bounds_are_those_of_the_number_or_of_the_length(
    hint: object, bounds: tuple[float | None, float | None]
) -> None:
    option = only(hint)
    assert (option.minimum, option.maximum) == bounds


@pytest.mark.parametrize(
    ("hint", "items"),
    [
        (list[int], "integer"),
        (list[float] | None, "number"),
        (list[str | float], "text"),
        (set[Mood], "text"),
        (list[Point], None),
        (list[list[int]], None),
        (dict[str, int], None),
        (str, None),
    ],
)
def test_a_list_of_plain_values_says_what_each_is(hint: object, items: str | None) -> None:
    assert only(hint).items == items


def test_a_default_makes_an_option_optional() -> None:
    assert (only(int, 6).required, only(int, 6).default) == (False, 6)
    assert (only(int | None, None).required, only(int | None, None).default) == (False, None)


def test_required_options_come_first_and_the_docstring_helps() -> None:
    def act(a: int = 1, b: int = 2, *, c: int, file: Attachment) -> None: ...

    found = options(tool(act, c="Which\none.", b="That."))
    assert [(option.name, option.help) for option in found] == [
        ("c", "Which one."),
        ("file", ""),
        ("a", ""),
        ("b", "That."),
    ]


def test_a_schema_that_refers_to_itself_is_read() -> None:
    parameters: JsonObject = {
        "properties": {"value": {"$ref": "#/$defs/A"}},
        "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]}},
    }
    assert options(Tool(name="a", description="A.", parameters=parameters))[0].kind == "json"


@pytest.mark.parametrize(
    ("hint", "text", "value"),
    [
        (str, "  as it is ", "  as it is "),
        (int, " -7 ", -7),
        (float, "2.5", 2.5),
        (float, "2", 2),
        (float, "1e3", 1000.0),
        (bool, "Yes", True),
        (bool, "off", False),
        (Literal["calm", "warm"], "WARM ", "warm"),
        (Literal["a", "A"], "A", "A"),
        (Mood, "loud", "LOUD"),
        (Literal[1, 2], "2", 2),
        (Literal[1, "a"], "1", 1),
        (list[float], "1, 2.5,3,", [1, 2.5, 3]),
        (list[float], "[1, 2.5]", [1, 2.5]),
        (list[str], "Jan, 2, on", ["Jan", "2", "on"]),
        (list[bool], "yes, no", [True, False]),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (str | list[str], '"word"', "word"),
        (Attachment, " f1.png ", "f1.png"),
    ],
)
def test_a_text_is_read_as_its_kind(hint: object, text: str, value: JsonValue) -> None:
    read_back = given([only(hint)], {"value": text})
    assert read_back == {"value": value}
    assert type(read_back["value"]) is type(value)


@pytest.mark.parametrize(
    ("hint", "text", "said"),
    [
        (int, "six", "value has to be a whole number, not 'six'."),
        (int, "2.5", "value has to be a whole number, not '2.5'."),
        (int, "9" * 5000, f"value has to be a whole number, not '{'9' * 59}…'."),
        (float, "much", "value has to be a number, not 'much'."),
        (float, "nan", "value has to be a number, not 'nan'."),
        (float, "1e999", "value has to be a number, not '1e999'."),
        (bool, "maybe", "value has to be yes or no, not 'maybe'."),
        (Literal["a", "b"], "c", "value has to be one of a, b, not 'c'."),
        (Literal["Aa", "aA"], "aa", "value has to be one of Aa, aA, not 'aa'."),
        (list[int], "1, x", "value has to be a list with commas, or JSON, not '1, x'."),
        (list[int], "[1, x]", "value has to be a list with commas, or JSON, not '[1, x]'."),
        (dict[str, int], "a: 1", "value has to be JSON, not 'a: 1'."),
        (dict[str, float], '{"a": NaN}', "value has to be JSON, not '{\"a\": NaN}'."),
        (dict[str, int], "[" * 100_000, f"value has to be JSON, not '{'[' * 59}…'."),
        (Annotated[int, Field(ge=1)], "0", "value has to be at least 1."),
        (Annotated[float, Field(le=1.5)], "2", "value has to be at most 1.5."),
        (Annotated[str, Field(max_length=3)], "long", "value has to be at most 3 characters long."),
    ],
)
def test_a_text_that_does_not_fit_is_refused_with_what_is_expected(hint: object, text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        given([only(hint)], {"value": text})
    assert str(caught.value) == said


def test_an_empty_text_is_not_given() -> None:
    wanted = [only(int)]
    assert given(wanted, {"value": ""}) == {}
    assert missing(wanted, {}) == tuple(wanted)


def test_an_option_that_there_is_not_is_refused_with_those_there_are() -> None:
    with pytest.raises(UserError, match=r"^There is no option 'size'; the options are value\.$"):
        given([only(int)], {"size": "6"})


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("roll", {}),
        ("  roll  sides=6 ", {"sides": "6"}),
        ('roll label="two words" sides=6', {"label": "two words", "sides": "6"}),
        ("roll label='it is \"so\"'", {"label": 'it is "so"'}),
        ("roll label=“typed on a phone”", {"label": "typed on a phone"}),
        (r'roll label="a \"b\" \\ C:\new"', {"label": r'a "b" \ C:\new'}),
        ('roll a=[1, 2] b={"x": "]}"}', {"a": "[1, 2]", "b": '{"x": "]}"}'}),
        ("roll a=[1,2 b=3", {"a": "[1,2", "b": "3"}),
        ("roll a=b=c", {"a": "b=c"}),
        ('roll a=5" b=', {"a": '5"', "b": ""}),
        ("roll a=\nb=2", {"a": "", "b": "2"}),
    ],
)
def test_a_line_is_divided_into_name_and_texts(line: str, texts: dict[str, str]) -> None:
    assert words(line) == ("roll", texts)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "Say which skill first, then its options: NAME key=value."),
        ("sides=6", "Say which skill first, then its options: NAME key=value."),
        ("roll six", "'six' is no key=value; put quotes around a value with spaces."),
        ("roll =6", "'=6' is no key=value; put quotes around a value with spaces."),
        ("roll a=two words", "'words' is no key=value; put quotes around a value with spaces."),
        ("roll a=1 a=2", "'a' is given twice."),
        ('roll a="two', "The quote at the value of 'a' is not closed."),
        ('roll a="two\\"', "The quote at the value of 'a' is not closed."),
        ('roll a="two"b', "Put a space after the value of 'a'."),
        ("roll a=[1]b", "Put a space after the value of 'a'."),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_with_what_to_do(line: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        words(line)
    assert str(caught.value) == said


json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=5,
)
names = st.from_regex(r"[a-z_][a-z0-9_]*", fullmatch=True)


@over(names, st.dictionaries(names, json_values))
def test_what_is_typed_is_read_back(skill: str, arguments: JsonObject) -> None:
    texts = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in arguments.items()
    }
    assert words(typed(skill, arguments)) == (skill, texts)


@over(st.text())
def test_any_line_is_divided_or_refused(line: str) -> None:
    try:
        skill, texts = words(line)
    except UserError:
        return
    assert words(typed(skill, dict(texts))) == (skill, texts)


def test_null_is_not_typed() -> None:
    assert typed("roll", {"sides": None, "label": ""}) == 'roll label=""'


def _bound(value: float | None) -> int | None:
    return None if value is None else int(value)


def fitting(option: Option) -> st.SearchStrategy[JsonValue]:
    """Values that an option takes."""
    if option.choices:
        return st.sampled_from(option.choices)
    plain: dict[str, st.SearchStrategy[JsonValue]] = {
        "text": st.text(min_size=1),
        "integer": st.integers(_bound(option.minimum), _bound(option.maximum)),
        "number": st.integers() | st.floats(allow_nan=False, allow_infinity=False),
        "boolean": st.booleans(),
        "file": st.just("abc.png"),
        "json": st.lists(json_values) | st.dictionaries(st.text(), json_values),
    }
    return st.lists(plain[option.items]) if option.items else plain[option.kind]


@pytest.mark.parametrize("each", skills(Config()).tools, ids=lambda each: each.name)
@over(st.data())
def test_what_is_given_to_a_skill_of_this_repository_survives_being_typed(each: Tool, data: st.DataObject) -> None:
    wanted = options(each)
    chosen = data.draw(st.lists(st.sampled_from(wanted), unique_by=lambda option: option.name))
    arguments = {option.name: data.draw(fitting(option)) for option in chosen}
    skill, texts = words(typed(each.name, arguments))
    assert (skill, given(wanted, texts)) == (each.name, arguments)
