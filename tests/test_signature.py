"""Signatures: every kind of hint as the schema a model is given, and as the value a skill gets."""

import enum
import json
import math
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, Optional, Required, Union

import pytest
import typing_extensions
from annotated_types import Ge, Len
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, JsonValue

from core import Attachment, Context
from core.docstring import Docstring, parse
from core.errors import SkillDefinitionError, SkillError
from core.hints import FileId
from core.messages import JsonObject
from core.signature import Signature, place, read
from tests import hints_as_text

NO_DOCSTRING = Docstring(description="Do it.")


class Colour(enum.Enum):
    """A colour."""

    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Point:
    x: float
    y: float = 0.0


@dataclass
class Line:
    title: str
    points: list[Point]


class Place(typing.TypedDict):
    """Where something is."""

    city: str
    zip: NotRequired[int]


class Extras(typing_extensions.TypedDict, total=False):
    size: Required[int]
    colour: str


class Trip(typing.TypedDict):
    stops: list[Place]
    picture: NotRequired[Attachment]


class Tree(typing.TypedDict):
    children: "list[Tree]"


class Pair(NamedTuple):
    left: int
    right: int


class Series(BaseModel):
    title: str
    values: list[float] = Field(min_length=1)


def taking(hint: object, *default: object) -> Callable[..., object]:
    """Make a function with one parameter `value` of this hint."""

    def function(value: object) -> object:
        """Do it."""
        return value

    function.__annotations__ = {"value": hint, "return": object}
    function.__defaults__ = default or None
    return function


def signature_of(hint: object, *default: object) -> Signature:
    return read(taking(hint, *default), NO_DOCSTRING)


def resolved(schema: JsonObject) -> JsonObject:
    """Return the schema of `value`, with the definition it refers to in its place."""
    properties = schema["properties"]
    assert isinstance(properties, dict)
    found = properties["value"]
    assert isinstance(found, dict)
    reference = found.get("$ref")
    if isinstance(reference, str):
        definitions = schema["$defs"]
        assert isinstance(definitions, dict)
        found = definitions[reference.removeprefix("#/$defs/")]
        assert isinstance(found, dict)
    return found


FILE: JsonObject = {"type": "string", "format": "steward-file", "description": "Id of a file of this conversation."}

KINDS: list[tuple[object, JsonObject, JsonValue, object]] = [
    (str, {"type": "string"}, "a", "a"),
    (int, {"type": "integer"}, 3, 3),
    (int, {"type": "integer"}, "3", 3),
    (float, {"type": "number"}, 3, 3.0),
    (bool, {"type": "boolean"}, True, True),
    (list, {"type": "array", "items": {}}, [1, "a"], [1, "a"]),
    (list[int], {"type": "array", "items": {"type": "integer"}}, [1], [1]),
    (dict, {"type": "object", "additionalProperties": True}, {"a": 1}, {"a": 1}),
    (
        dict[str, float],
        {"type": "object", "additionalProperties": {"type": "number"}},
        {"a": 1},
        {"a": 1.0},
    ),
    (Sequence[int], {"type": "array", "items": {"type": "integer"}}, [1], [1]),
    (Mapping[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}, {"a": 1}, {"a": 1}),
    (
        tuple[int, str],
        {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2},
        [1, "a"],
        (1, "a"),
    ),
    (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}, [1, 2], (1, 2)),
    (set[str], {"type": "array", "items": {"type": "string"}, "uniqueItems": True}, ["a", "a"], {"a"}),
    (Optional[int], {"anyOf": [{"type": "integer"}, {"type": "null"}]}, None, None),  # noqa: UP045
    (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}, 3, 3),
    (Union[int, str], {"anyOf": [{"type": "integer"}, {"type": "string"}]}, "a", "a"),  # noqa: UP007
    (int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}, 3, 3),
    (Literal["bar", "pie"], {"type": "string", "enum": ["bar", "pie"]}, "pie", "pie"),
    (Colour, {"type": "string", "enum": ["red", "blue"], "description": "A colour."}, "blue", Colour.BLUE),
    (Level, {"type": "integer", "enum": [1, 2]}, 2, Level.HIGH),
    (date, {"type": "string", "format": "date"}, "2026-02-03", date(2026, 2, 3)),
    (
        Point,
        {
            "type": "object",
            "properties": {"x": {"type": "number"}, "y": {"type": "number", "default": 0.0}},
            "required": ["x"],
            "additionalProperties": False,
        },
        {"x": 1},
        Point(1.0),
    ),
    (
        Place,
        {
            "type": "object",
            "description": "Where something is.",
            "properties": {"city": {"type": "string"}, "zip": {"type": "integer"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        {"city": "Ulm"},
        {"city": "Ulm"},
    ),
    (
        Extras,
        {
            "type": "object",
            "properties": {"size": {"type": "integer"}, "colour": {"type": "string"}},
            "required": ["size"],
            "additionalProperties": False,
        },
        {"size": 1, "colour": "red"},
        {"size": 1, "colour": "red"},
    ),
    (
        Series,
        {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "values": {"type": "array", "items": {"type": "number"}, "minItems": 1},
            },
            "required": ["title", "values"],
        },
        {"title": "A", "values": [1]},
        Series(title="A", values=[1.0]),
    ),
    (Annotated[int, Field(ge=1, le=6)], {"type": "integer", "minimum": 1, "maximum": 6}, 6, 6),
    (Annotated[int, Ge(1)], {"type": "integer", "minimum": 1}, 1, 1),
    (Annotated[list, Len(1, 2)], {"type": "array", "items": {}, "minItems": 1, "maxItems": 2}, [1], [1]),
    (Annotated[str, Field(pattern="^a")], {"type": "string", "pattern": "^a"}, "ab", "ab"),
    (Any, {}, {"a": [None]}, {"a": [None]}),
    (Attachment, FILE, "f1", FileId("f1")),
    (Attachment | None, {"anyOf": [FILE, {"type": "null"}]}, None, None),
    (list[Attachment], {"type": "array", "items": FILE}, ["f1"], [FileId("f1")]),
    (Sequence[Attachment], {"type": "array", "items": FILE}, ["f1"], [FileId("f1")]),
    (dict[str, Attachment], {"type": "object", "additionalProperties": FILE}, {"a": "f1"}, {"a": FileId("f1")}),
    (Annotated[Attachment, Field(description="A picture.")], FILE | {"description": "A picture."}, "f1", FileId("f1")),
]  # fmt: skip


@pytest.mark.parametrize(("hint", "schema", "given_value", "got"), KINDS)
def test_a_hint_is_a_schema_and_a_validated_value(
    hint: object, schema: JsonObject, given_value: JsonValue, got: object
) -> None:
    signature = signature_of(hint)

    assert resolved(signature.parameters) == schema
    assert signature.parameters["required"] == ["value"]
    value = signature.validate({"value": given_value})["value"]
    assert (value, type(value)) == (got, type(got))


def test_nested_types_are_converted_at_any_depth() -> None:
    value = signature_of(list[Line]).validate({"value": [{"title": "a", "points": [{"x": 1}]}]})["value"]

    assert value == [Line(title="a", points=[Point(1.0)])]


def test_a_typed_dict_holds_others_and_files() -> None:
    signature = signature_of(Trip)

    value = signature.validate({"value": {"stops": [{"city": "Ulm", "zip": "5"}], "picture": "f1"}})["value"]
    assert value == {"stops": [{"city": "Ulm", "zip": 5}], "picture": FileId("f1")}
    assert isinstance(value["picture"], FileId), "the id would not be exchanged for the file"


def test_a_named_tuple_stays_one() -> None:
    assert signature_of(Pair).validate({"value": [1, 2]}) == {"value": Pair(1, 2)}


@pytest.mark.parametrize(
    ("hint", "wrong"),
    [
        (int, "many"),
        (int, 1.5),
        (float, "NaN"),
        (bool, "perhaps"),
        (list[int], ["a"]),
        (dict[str, int], [1]),
        (Optional[int], "a"),  # noqa: UP045
        (int | bool, "a"),
        (Literal["bar"], "pie"),
        (Colour, "green"),
        (Point, {"y": 1}),
        (Point, {"x": 1, "z": 1}),
        (Place, {"zip": 1}),
        (Place, {"city": "Ulm", "street": 1}),
        (Series, {"title": "A", "values": []}),
        (Annotated[int, Field(ge=1)], 0),
        (Annotated[str, Field(max_length=2)], "abc"),
        (Attachment, 7),
        (Attachment, None),
        (list[Attachment], "f1"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(hint: object, wrong: JsonValue) -> None:
    with pytest.raises(SkillError, match=r"^The arguments are not valid\. value"):
        signature_of(hint).validate({"value": wrong})


@pytest.mark.parametrize(
    ("hint", "default", "written"),
    [
        (int, 6, 6),
        (str, "a", "a"),
        (int | None, None, None),
        (list[int], [1], [1]),
        (Colour, Colour.RED, "red"),
        (Point, Point(1.0), {"x": 1.0, "y": 0.0}),
        (Attachment | None, None, None),
    ],
)
def test_a_default_is_in_the_schema_and_fills_the_gap(hint: object, default: object, written: JsonValue) -> None:
    signature = signature_of(hint, default)

    assert resolved_default(signature) == written
    assert "required" not in signature.parameters
    assert signature.validate({}) == {"value": default}


def resolved_default(signature: Signature) -> JsonValue:
    properties = signature.parameters["properties"]
    assert isinstance(properties, dict)
    assert isinstance(properties["value"], dict)
    return properties["value"]["default"]


@pytest.mark.parametrize("default", [math.inf, math.nan, object()])
def test_a_default_that_json_cannot_write_is_left_out_without_a_warning(default: object) -> None:
    signature = signature_of(float, default)

    assert resolved(signature.parameters) == {"type": "number"}
    assert signature.validate({}) == {"value": default}


def test_a_mutable_default_is_not_shared_between_calls() -> None:
    signature = signature_of(list[int], [])

    first = signature.validate({})["value"]
    assert isinstance(first, list)
    first.append(1)
    assert signature.validate({}) == {"value": []}


def awkward(
    title: str, copy: int, json: bool, model_x: int, model_config: str, schema: str, argument_z: int, self: int
) -> None:
    """Take names that mean something to pydantic."""


def test_parameters_may_have_names_that_mean_something_to_pydantic() -> None:
    signature = read(awkward, NO_DOCSTRING)
    names = ["title", "copy", "json", "model_x", "model_config", "schema", "argument_z", "self"]
    arguments: JsonObject = dict(zip(names, ["a", 1, True, 2, "b", "c", 3, 4], strict=True))

    assert signature.parameters["required"] == names
    assert signature.validate(arguments) == arguments


def without_parameters() -> None:
    """Take nothing."""


def test_no_parameters_are_an_empty_object() -> None:
    assert read(without_parameters, NO_DOCSTRING).parameters == {
        "type": "object",
        "properties": {},
        "additionalProperties": False,
    }


def with_context(text: str, context: Context) -> None:
    """Take the context."""


def with_optional_context(context: Context | None = None, *, text: str) -> None:
    """Take the context where there is one."""


def with_annotated_context(text: str, here: Annotated[Context, "of this turn"]) -> None:
    """Take the context under another name."""


@pytest.mark.parametrize(
    ("function", "name"),
    [(with_context, "context"), (with_optional_context, "context"), (with_annotated_context, "here")],
)
def test_a_context_is_hidden_and_named(function: Callable[..., object], name: str) -> None:
    signature = read(function, NO_DOCSTRING)

    assert signature.context == name
    assert signature.parameters["properties"] == {"text": {"type": "string"}}
    with pytest.raises(SkillError, match=f"{name}: there is no such argument"):
        signature.validate({"text": "a", name: {}})


def test_hints_that_are_text_are_read_too() -> None:
    signature = read(hints_as_text.visit, NO_DOCSTRING)

    assert signature.context == "context"
    values = signature.validate({"place": {"city": "Ulm"}, "options": {"size": 1}, "points": [{"x": 1}]})
    assert values == {
        "place": {"city": "Ulm"},
        "options": {"size": 1},
        "points": [hints_as_text.Point(1.0)],
        "picture": None,
        "count": 1,
        "mood": "good",
    }
    with pytest.raises(SkillError, match=r"options\.size: is required"):
        signature.validate({"place": {"city": "Ulm"}, "options": {}, "points": []})


def documented(size: int, plain: str, own: Annotated[int, Field(description="From the hint.")]) -> None:
    """Draw.

    Args:
        size: in inches,
            at most 40.
    """


def test_the_docstring_describes_the_arguments() -> None:
    signature = read(documented, parse(documented.__doc__ or ""))

    assert signature.parameters["properties"] == {
        "size": {"type": "integer", "description": "in inches, at most 40."},
        "plain": {"type": "string"},
        "own": {"type": "integer", "description": "From the hint."},
    }


def test_titles_go_but_a_property_called_title_stays() -> None:
    written = json.dumps(signature_of(dict[str, Line | Series | Colour]).parameters)

    assert written.count('"title"') == 4, "twice as a property, twice as a required one"


@pytest.mark.parametrize("hint", [hint for hint, *_ in KINDS])
def test_a_schema_is_valid_json_schema(hint: object) -> None:
    parameters = signature_of(hint).parameters

    check_schema(parameters, parameters)
    json.dumps(parameters, allow_nan=False)


KEYWORDS: dict[str, type | tuple[type, ...]] = {
    "type": str,
    "description": str,
    "format": str,
    "pattern": str,
    "required": list,
    "enum": list,
    "minimum": (int, float),
    "maximum": (int, float),
    "minItems": int,
    "maxItems": int,
    "uniqueItems": bool,
    "default": object,
    "const": object,
}
TYPES = {"string", "integer", "number", "boolean", "array", "object", "null"}


def check_schema(schema: JsonValue, whole: JsonObject) -> None:
    """Check the vocabulary of a schema and that its references lead somewhere."""
    if isinstance(schema, bool):
        return
    assert isinstance(schema, dict), f"not a schema: {schema}"
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            assert isinstance(value, dict)
            for of in value.values():
                check_schema(of, whole)
        elif key in ("items", "additionalProperties"):
            check_schema(value, whole)
        elif key in ("anyOf", "prefixItems"):
            assert isinstance(value, list)
            for of in value:
                check_schema(of, whole)
        elif key == "$ref":
            definitions = whole["$defs"]
            assert isinstance(definitions, dict)
            assert str(value).removeprefix("#/$defs/") in definitions
        else:
            assert key in KEYWORDS, f"unknown keyword {key}"
            assert isinstance(value, KEYWORDS[key]), f"{key}: {value}"
    assert schema.get("type", "string") in TYPES


def test_every_wrong_argument_is_named_with_what_came() -> None:
    signature = read(documented, NO_DOCSTRING)

    with pytest.raises(SkillError) as error:
        signature.validate({"size": "large", "plian": "a", "own": 1})

    assert str(error.value) == (
        "The arguments are not valid. size: Input should be a valid integer, unable to parse string as an integer, "
        "got 'large'; plain: is required; plian: there is no such argument"
    )


@given(
    st.one_of(
        st.dictionaries(st.text(min_size=1, max_size=500), st.integers(), min_size=3, max_size=30),
        st.fixed_dictionaries({"value": st.text(min_size=500)}),
    )
)
def test_what_is_said_about_wrong_arguments_is_short(arguments: JsonObject) -> None:
    with pytest.raises(SkillError) as error:
        signature_of(Literal["a"]).validate(arguments)

    assert len(str(error.value)) < 1500


def unhinted(value, other: int) -> None:  # type: ignore[no-untyped-def]  # that is the point
    """Lack a hint."""


def variadic(*values: int) -> None:
    """Take any number."""


def any_names(**values: int) -> None:
    """Take any name."""


def positional(value: int, /) -> None:
    """Take a value without a name."""


def misspelled(value: "Unknown") -> None:  # type: ignore[name-defined]  # noqa: F821  # that is the point
    """Name a type that is not there."""


def twice(one: Context, two: Context) -> None:
    """Take the context twice."""


@dataclass
class Album:
    cover: Attachment


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (unhinted, "needs a type hint for its parameter value"),
        (variadic, r"takes \*values: int; a model can only fill named parameters"),
        (any_names, r"takes \*\*values: int; a model can only fill named parameters"),
        (positional, "takes value: int; a model can only fill named parameters"),
        (misspelled, "its hints cannot be read: name 'Unknown' is not defined"),
        (twice, "takes the Context twice, as one and two"),
        (taking(Album), "Attachment cannot be filled in inside of another type"),
        (taking(set[Attachment]), "Attachment cannot be filled in inside of another type"),
        (taking(list[Context]), "FileShelf"),
        (taking(Callable[[], int]), "Cannot generate a JsonSchema"),
        (taking(open), "Unable to generate pydantic-core schema"),
        (taking(Tree), "takes a TypedDict that contains itself; use a dataclass"),
        (taking(Annotated[str, Field(pattern="(")]), "regex"),
    ],
)
def test_what_cannot_be_offered_to_a_model_is_an_error_with_file_and_line(
    function: Callable[..., object], reason: str
) -> None:
    with pytest.raises(SkillDefinitionError, match=reason) as error:
        read(function, NO_DOCSTRING)

    assert str(error.value).startswith(f"{__file__}:{function.__code__.co_firstlineno}: skill {function.__name__}")
    assert "\n" not in str(error.value), "it is not one line"


def test_a_place_is_the_line_of_the_function_inside_its_decorators() -> None:
    assert place(without_parameters) == f"{__file__}:{without_parameters.__code__.co_firstlineno}"
