"""From a function's signature to the JSON schema of its arguments, and from a model's arguments to a call.

Pydantic does both. Three things are added: a `Context` parameter is hidden, an `Attachment` parameter is a file id to
the model, and `typing.TypedDict`, which pydantic refuses before Python 3.12, is understood.
"""

import inspect
import sys
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, NotRequired, Union, cast, get_args, get_origin

import typing_extensions
from pydantic import AliasGenerator, BaseModel, ConfigDict, Field, JsonValue, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic_core import CoreSchema, core_schema

from core.context import Context
from core.docstring import Docstring
from core.errors import SkillDefinitionError, SkillError
from core.messages import Attachment, JsonObject

_PREFIX = "argument_"  # keeps a parameter called `copy` or `json` from shadowing a method of the pydantic model


class FileId(str):
    """A file's id where a skill takes an `Attachment`; exchanged for the file before the call."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        """Validate text and mark it as a file's id."""
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


_FILE = Annotated[
    FileId, Field(description="Id of a file of this conversation.", json_schema_extra={"format": "steward-file"})
]


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
    name = function.__name__
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError, AttributeError) as error:
        raise SkillDefinitionError(f"{place(function)}: the hints of skill {name} cannot be read: {error}") from error
    context: str | None = None
    fields: dict[str, tuple[object, object]] = {}
    for parameter in inspect.signature(function).parameters.values():
        hint = _hint(function, parameter, hints)
        if hint is Context or Context in get_args(hint):
            context = parameter.name
            continue
        description = docstring.arguments.get(parameter.name)
        default = ... if parameter.default is parameter.empty else parameter.default
        adapted = _adapt(hint)
        if description:
            adapted = Annotated[adapted, Field(description=description)]
        fields[_PREFIX + parameter.name] = (adapted, default)
    model = _model(function, fields)
    return Signature(parameters=_schema(function, model), context=context, _arguments=model)


def _hint(function: Callable[..., object], parameter: inspect.Parameter, hints: dict[str, object]) -> object:
    where = f"{place(function)}: skill {function.__name__}"
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise SkillDefinitionError(f"{where} takes {parameter}; a model can only fill named parameters")
    if parameter.name not in hints:
        raise SkillDefinitionError(f"{where} needs a type hint for its parameter {parameter.name}")
    return hints[parameter.name]


def _adapt(hint: object) -> object:
    """Exchange `Attachment` for a file id and `typing.TypedDict` for one that pydantic reads, at any depth."""
    if hint is Attachment:
        return _FILE
    if typing_extensions.is_typeddict(cast("type[object]", hint)) and sys.version_info < (3, 12):
        return _typed_dict(cast("type[object]", hint))
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return Annotated[(_adapt(arguments[0]), *arguments[1:])]
    if origin in (Union, types.UnionType):
        return Union[tuple(_adapt(argument) for argument in arguments)]  # noqa: UP007  # built at run time
    if origin in (list, set, frozenset, tuple, dict):
        return origin[tuple(argument if argument is ... else _adapt(argument) for argument in arguments)]
    return hint


def _typed_dict(hint: type[object]) -> object:
    fields = typing_extensions.get_type_hints(hint, include_extras=True)
    optional: frozenset[str] = getattr(hint, "__optional_keys__", frozenset())
    adapted = {name: NotRequired[_adapt(of)] if name in optional else _adapt(of) for name, of in fields.items()}
    return typing_extensions.TypedDict(hint.__name__, adapted)  # type: ignore[operator]  # built at run time


def _model(function: Callable[..., object], fields: dict[str, tuple[object, object]]) -> type[BaseModel]:
    aliases = AliasGenerator(alias=lambda name: name.removeprefix(_PREFIX))
    config = ConfigDict(extra="forbid", alias_generator=aliases, arbitrary_types_allowed=False)
    try:
        return create_model(function.__name__, __config__=config, **fields)  # type: ignore[call-overload, no-any-return]
    except PydanticUserError as error:
        reason = str(error).splitlines()[0]
        raise SkillDefinitionError(f"{place(function)}: skill {function.__name__}: {reason}") from error


def _schema(function: Callable[..., object], model: type[BaseModel]) -> JsonObject:
    try:
        schema: JsonObject = model.model_json_schema()
    except PydanticUserError as error:
        reason = str(error).splitlines()[0]
        raise SkillDefinitionError(f"{place(function)}: skill {function.__name__}: {reason}") from error
    return _without_titles(schema)


def _without_titles(schema: JsonObject) -> JsonObject:
    """Drop the titles pydantic derives from names; a property that is called "title" stays."""
    plain: JsonObject = {}
    for key, value in schema.items():
        if key in ("properties", "$defs") and isinstance(value, dict):
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
        name = ".".join(str(step) for step in wrong["loc"]) or "arguments"
        if wrong["type"] == "missing":
            lines.append(f"{name}: is required")
        elif wrong["type"] == "extra_forbidden":
            lines.append(f"{name}: there is no such argument")
        else:
            echo = repr(wrong["input"])
            lines.append(f"{name}: {wrong['msg']}, got {echo if len(echo) <= 80 else echo[:77] + '…'}")
    return "The arguments are not valid. " + "; ".join(lines)
