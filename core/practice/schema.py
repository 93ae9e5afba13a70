"""What the planner needs to know of a parameter, read from its JSON schema."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pydantic import JsonValue

from core.messages import JsonObject
from core.model import Tool

Kind: TypeAlias = Literal["text", "number", "flag", "choice", "file", "list", "map", "record"]

_KINDS: Final[dict[str, Kind]] = {"string": "text", "integer": "number", "number": "number", "boolean": "flag"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a value looks like.

    Attributes:
        choices: the values of a "choice".
        whole: a "number" without fraction.
        items: the elements of a "list", the values of a "map".
        fields: the parts of a "record".
    """

    kind: Kind
    choices: tuple[str, ...] = ()
    whole: bool = False
    items: tuple["Shape", ...] = ()
    fields: tuple["Parameter", ...] = ()

    @property
    def numeric(self) -> bool:
        """Whether it is a list of numbers and nothing else."""
        return self.kind == "list" and bool(self.items) and all(item.kind == "number" for item in self.items)

    def holds(self, kind: Kind) -> bool:
        """Whether it is a list or map of such values."""
        return any(item.kind == kind for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter; where a schema allows several shapes, they are in its order."""

    name: str
    description: str
    required: bool
    shapes: tuple[Shape, ...]

    @property
    def position(self) -> bool:
        """Whether it takes where numbers stand, not the numbers."""
        return self.name == "x" or self.name.startswith("x_")

    def shape(self, kind: Kind) -> Shape | None:
        """Return its shape of a kind."""
        return next((shape for shape in self.shapes if shape.kind == kind), None)


def parameters(tool: Tool) -> tuple[Parameter, ...]:
    """Read a tool's parameters, in their order."""
    definitions = tool.parameters.get("$defs")
    return _fields(tool.parameters, definitions if isinstance(definitions, dict) else {})


def _fields(schema: JsonObject, definitions: JsonObject) -> tuple[Parameter, ...]:
    properties, required = schema.get("properties"), schema.get("required")
    return tuple(
        Parameter(
            name=name,
            description=str(of.get("description", "")),
            required=isinstance(required, list) and name in required,
            shapes=tuple(_shapes(of, definitions)),
        )
        for name, of in (properties if isinstance(properties, dict) else {}).items()
        if isinstance(of, dict)
    )


def _shapes(schema: JsonValue, definitions: JsonObject, depth: int = 0) -> Iterator[Shape]:
    if not isinstance(schema, dict) or depth > 8:  # a recursive type ends somewhere
        return
    for key in ("anyOf", "oneOf", "allOf"):
        branches = schema.get(key)
        for branch in branches if isinstance(branches, list) else ():
            yield from _shapes(branch, definitions, depth + 1)
    reference = schema.get("$ref")
    if isinstance(reference, str):
        yield from _shapes(definitions.get(reference.rpartition("/")[2]), definitions, depth + 1)
    choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if isinstance(choices, list):
        if words := tuple(choice for choice in choices if isinstance(choice, str)):
            yield Shape(kind="choice", choices=words)
        return
    yield from _plain(schema, definitions, depth)


def _plain(schema: JsonObject, definitions: JsonObject, depth: int) -> Iterator[Shape]:
    match schema.get("type"):
        case "string" if schema.get("format") == "steward-file":
            yield Shape(kind="file")
        case "string" | "integer" | "number" | "boolean" as name:
            yield Shape(kind=_KINDS[name], whole=name == "integer")
        case "array":
            yield Shape(kind="list", items=tuple(_shapes(schema.get("items"), definitions, depth + 1)))
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            yield Shape(kind="map", items=tuple(_shapes(schema["additionalProperties"], definitions, depth + 1)))
        case "object" if "properties" in schema and depth < 4:
            yield Shape(kind="record", fields=_fields(schema, definitions))
