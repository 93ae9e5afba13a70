"""Type hints: those that mean something else to the model than to the skill, exchanged before pydantic reads them."""

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Final, NotRequired, Required, Union, cast, get_args, get_origin

import typing_extensions
from pydantic import Field
from pydantic_core import CoreSchema, core_schema

from core.context import Context
from core.messages import Attachment

FILE_FORMAT: Final = "steward-file"
"""The `format` of a file's id in a schema."""

FILE_HELP: Final = "Id of a file of this conversation."
"""What a model is told of a file where the docstring says nothing."""

_CONTAINERS: Final = (list, tuple, dict, Sequence, Mapping)


class FileId(str):
    """A file's id where a skill takes an `Attachment`; exchanged for the file before the call."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        """Validate text and mark it as a file's id."""
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


_FILE = Annotated[FileId, Field(description=FILE_HELP, json_schema_extra={"format": FILE_FORMAT})]


def takes_context(hint: object) -> bool:
    """Tell whether a parameter takes the `Context`: hinted with it, or with a union that has it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return takes_context(arguments[0])
    return hint is Context or (origin in (Union, types.UnionType) and Context in arguments)


def adapt(hint: object) -> object:
    """Exchange `Attachment` for a file id and `typing.TypedDict` for one that pydantic reads, at any depth."""
    if hint is Attachment:
        return _FILE
    if typing_extensions.is_typeddict(cast("type[object]", hint)):
        return _typed_dict(cast("type[object]", hint))
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return Annotated[(adapt(arguments[0]), *arguments[1:])]
    if origin in (Union, types.UnionType):
        return Union[tuple(adapt(argument) for argument in arguments)]  # noqa: UP007  # built at run time
    if origin in _CONTAINERS:
        return origin[tuple(argument if argument is ... else adapt(argument) for argument in arguments)]
    return hint


def _typed_dict(hint: type[object]) -> object:
    optional: frozenset[str] = getattr(hint, "__optional_keys__", frozenset())
    adapted: dict[str, object] = {}
    for name, of in typing_extensions.get_type_hints(hint, include_extras=True).items():
        # Under postponed annotations __optional_keys__ knows nothing of the qualifiers; the hints do.
        qualifier: object = get_origin(of)
        qualified = qualifier is Required or qualifier is NotRequired
        plain = adapt(get_args(of)[0] if qualified else of)
        left_out = qualifier is NotRequired if qualified else name in optional
        adapted[name] = NotRequired[plain] if left_out else Required[plain]
    make = cast("Callable[[str, dict[str, object]], type[object]]", typing_extensions.TypedDict)
    made = make(hint.__name__, adapted)
    made.__doc__ = hint.__doc__
    return made
