"""Options: a skill's parameters as people fill them in by hand, the same behind every door.

From one signature come the options of a Discord command, the fields of a Slack form, `key=value` after `/steward call`
and `--key value` in the terminal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import JsonValue

from core.messages import JsonObject
from core.model import Tool

Kind: TypeAlias = Literal["text", "integer", "number", "boolean", "file", "json"]
"""What is filled in; "json" is anything with a structure, typed as JSON or, for a list of plain values, with commas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One parameter.

    Attributes:
        name: the parameter's.
        help: what it is, in a sentence; "" where the docstring does not say.
        choices: the only values there are, of a Literal or an Enum, in their order.
        default: what is used where nothing is given; None where there is none.
        minimum: the least number, or the least length of a text.
        maximum: the greatest number, or the greatest length of a text.
    """

    name: str
    kind: Kind
    required: bool
    help: str = ""
    choices: tuple[str | int | float, ...] = ()
    default: JsonValue = None
    minimum: float | None = None
    maximum: float | None = None


def options(tool: Tool) -> tuple[Option, ...]:
    """Return a skill's options, required ones first, else in the order of the signature."""
    return ()


def given(wanted: Sequence[Option], texts: Mapping[str, str]) -> JsonObject:
    """Read what was typed for some options; an empty text counts as not given.

    Raises:
        UserError: there is no such option, or the text is not of its kind or not among its choices; one sentence that
            says what is expected.
    """
    raise NotImplementedError


def missing(wanted: Sequence[Option], arguments: Mapping[str, object]) -> tuple[Option, ...]:
    """Return the required options that are not among the arguments."""
    return tuple(option for option in wanted if option.required and option.name not in arguments)


def words(line: str) -> tuple[str, Mapping[str, str]]:
    """Divide `NAME key=value key="two words"` into a skill's name and the texts given.

    Raises:
        UserError: there is no name, a word is no `key=value`, a key stands twice, or a quote is left open.
    """
    raise NotImplementedError


def typed(skill: str, arguments: JsonObject) -> str:
    """Write a call as it can be typed: `roll_dice sides=6 label="two words"`; `words` reads it back."""
    raise NotImplementedError
