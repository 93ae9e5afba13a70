"""From a function's signature to the JSON schema of its arguments, and from a model's arguments to a call.

Pydantic does both, once `core.hints` has exchanged what it cannot read.
"""

import inspect
import json
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, JsonSchemaWarningKind
from pydantic_core import PydanticSerializationError, SchemaError, core_schema

from core.context import Context
from core.docstring import Docstring
from core.errors import SkillDefinitionError, SkillError
from core.hints import adapt, takes_context
from core.messages import Attachment, JsonObject

_PREFIX: Final = "argument_"
"""Keeps a parameter called `copy` or `json` from shadowing a method of the pydantic model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a function takes.

    Attributes:
        parameters: JSON schema, an object.
        context: name of the parameter that takes the `Context`, None where there is none.
    """

    parameters: JsonObject
    context: str | None
    _arguments: type[BaseModel]

    def validate(self, arguments: dict[str, JsonValue]) -> dict[str, object]:
        """Check and convert a model's arguments.

        Raises:
            SkillError: says of each wrong argument what was expected.
        """
        try:
            valid = self._arguments.model_validate(arguments)
        except ValidationError as error:
            raise SkillError(_explain(error)) from error
        return {name.removeprefix(_PREFIX): getattr(valid, name) for name in type(valid).model_fields}


def place(function: Callable[..., object]) -> str:
    """Return where a function is written, as "file:line"."""
    code = inspect.unwrap(function).__code__
    return f"{code.co_filename}:{code.co_firstlineno}"


def read(function: Callable[..., object], docstring: Docstring) -> Signature:
    """Read a function's signature.

    Raises:
        SkillDefinitionError: a parameter has no hint, or one that has no JSON schema.
    """
    where = f"{place(function)}: skill {function.__name__}"
    hints = _hints(function, where)
    contexts = [name for name, hint in hints.items() if takes_context(hint)]
    if len(contexts) > 1:
        raise SkillDefinitionError(f"{where} takes the Context twice, as {' and '.join(contexts)}")
    try:
        model = _model(function, {name: hint for name, hint in hints.items() if name not in contexts}, docstring)
        schema = _without_titles(model.model_json_schema(schema_generator=_Schema))
    except (PydanticUserError, SchemaError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split("\n\n")[0].split())
        raise SkillDefinitionError(f"{where}: {reason}") from error
    except RecursionError as error:
        raise SkillDefinitionError(f"{where} takes a TypedDict that contains itself; use a dataclass") from error
    return Signature(parameters=schema, context=contexts[0] if contexts else None, _arguments=model)


def _hints(function: Callable[..., object], where: str) -> dict[str, object]:
    """Return the hints of the parameters, in their order."""
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception as error:  # a hint written as text can be any expression
        raise SkillDefinitionError(f"{where}: its hints cannot be read: {error}") from error
    parameters = inspect.signature(function).parameters.values()
    for parameter in parameters:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise SkillDefinitionError(f"{where} takes {parameter}; a model can only fill named parameters")
        if parameter.name not in hints:
            raise SkillDefinitionError(f"{where} needs a type hint for its parameter {parameter.name}")
    return {parameter.name: hints[parameter.name] for parameter in parameters}


def _model(function: Callable[..., object], hints: dict[str, object], docstring: Docstring) -> type[BaseModel]:
    parameters = inspect.signature(function).parameters
    fields: dict[str, tuple[object, object]] = {}
    for name, hint in hints.items():
        description = docstring.arguments.get(name)
        told = Field(alias=name, description=description) if description else Field(alias=name)
        default = parameters[name].default
        fields[_PREFIX + name] = Annotated[adapt(hint), told], ... if default is inspect.Parameter.empty else default
    config = ConfigDict(extra="forbid", allow_inf_nan=False)
    return create_model(function.__name__, __config__=config, **fields)  # type: ignore[call-overload, no-any-return]


class _Schema(GenerateJsonSchema):
    """Leave out defaults that JSON cannot write, without a warning, and refuse files where they cannot be filled in."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012

    def encode_default(self, dft: object) -> JsonValue:
        """Write a default, unless it is infinite or not a number."""
        encoded: JsonValue = super().encode_default(dft)
        try:
            json.dumps(encoded, allow_nan=False)
        except ValueError as error:
            raise PydanticSerializationError(str(error)) from error
        return encoded

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """Write a dataclass, but neither a whole file nor the whole context."""
        if schema["cls"] in (Attachment, Context):
            name = schema["cls"].__name__
            raise PydanticUserError(f"{name} cannot be filled in inside of another type", code=None)
        return super().dataclass_schema(schema)


def _without_titles(schema: JsonObject) -> JsonObject:
    """Drop the titles pydantic derives from names; a property that is called "title" stays."""
    plain: JsonObject = {}
    for key, value in schema.items():
        if key in ("properties", "patternProperties", "$defs") and isinstance(value, dict):
            plain[key] = {name: _without_titles(of) if isinstance(of, dict) else of for name, of in value.items()}
        elif isinstance(value, dict) and key not in ("default", "const"):
            plain[key] = _without_titles(value)
        elif key in ("anyOf", "allOf", "oneOf", "prefixItems") and isinstance(value, list):
            plain[key] = [_without_titles(of) if isinstance(of, dict) else of for of in value]
        elif key != "title":
            plain[key] = value
    return plain


def _explain(error: ValidationError) -> str:
    """Say in a line for each wrong argument what was expected, with a short echo of what came."""
    lines = []
    for wrong in error.errors(include_url=False)[:8]:
        name = _short(".".join(str(step) for step in wrong["loc"]) or "arguments")
        if wrong["type"] == "missing":
            lines.append(f"{name}: is required")
        elif wrong["type"] == "extra_forbidden":
            lines.append(f"{name}: there is no such argument")
        else:
            lines.append(f"{name}: {wrong['msg']}, got {_short(repr(wrong['input']))}")
    return "The arguments are not valid. " + "; ".join(lines)


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
