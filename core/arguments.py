"""The arguments of a call: from the text that a model wrote to values, and from file ids to files."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from pydantic import JsonValue
from pydantic_core import from_json

from core.context import FileShelf
from core.errors import SkillError
from core.hints import FileId
from core.messages import Attachment, JsonObject

LONGEST: Final = 200_000
"""Characters of arguments that are read; more is a model gone astray."""


def parse(text: str) -> JsonObject:
    """Read arguments; none at all is an empty object.

    Raises:
        SkillError: they are malformed, not an object, or too long; with a short echo.
    """
    if len(text) > LONGEST:
        raise SkillError(f"The arguments have {len(text)} characters; at most {LONGEST} are read: {text[:80]!r}")
    try:
        arguments: JsonValue = from_json(text.strip() or "{}", allow_inf_nan=False)
    except (ValueError, TypeError) as error:  # TypeError: lone surrogates
        raise SkillError(f"The arguments are not valid JSON ({error}): {text[:80]!r}") from error
    if not isinstance(arguments, dict):
        raise SkillError(f"The arguments have to be a JSON object, got: {text[:80]!r}")
    return arguments


async def fetch(value: object, shelf: FileShelf) -> dict[str, Attachment]:
    """Return the files whose ids are in a value, also in lists, tuples and dicts, by id.

    Raises:
        SkillError: there is no such file in this conversation.
    """
    files: dict[str, Attachment] = {}
    for file_id in dict.fromkeys(_ids(value)):
        found = await shelf.get(file_id)
        if found is None:
            raise SkillError(f"There is no file {file_id[:80]!r} in this conversation.")
        files[file_id] = found
    return files


def with_files(value: object, files: Mapping[str, Attachment]) -> object:
    """Exchange file ids for the files that `fetch` returned."""
    if isinstance(value, FileId):
        return files[str(value)]
    # Exactly these: a named tuple, or another type of its own, is handed on as it is.
    if type(value) is dict:
        return {key: with_files(element, files) for key, element in value.items()}
    if type(value) is list or type(value) is tuple:
        elements = [with_files(element, files) for element in value]
        return elements if type(value) is list else tuple(elements)
    return value


def _ids(value: object) -> Iterator[str]:
    if isinstance(value, FileId):
        yield str(value)
    elif type(value) is dict:
        yield from chain.from_iterable(_ids(element) for element in value.values())
    elif type(value) is list or type(value) is tuple:
        yield from chain.from_iterable(_ids(element) for element in value)
