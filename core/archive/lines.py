"""The lines of an archive, each a JSON object that says with `type` what it is of.

An archive is for people and programs to read, and for another Steward to take in. A turn is known in it by its key, for
numbers begin again with each database. Times are in seconds since 1970, audiences and channels are those of
`core.messages` as one word. What lets anybody act who has it, such as a token, is left out.
"""

import base64
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal, Self, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, TypeAdapter, model_validator

from core.channels import KINDS
from core.errors import UserError
from core.items import Item
from core.messages import JsonObject, Message
from core.reports import Report

FORMAT: Final = "steward"
VERSION: Final = 1
"""Of the lines below; a Steward reads archives up to its own."""

_At: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Number: TypeAlias = Annotated[int, Field(ge=0, le=2**53)]
_Audience: TypeAlias = Annotated[str, Field(pattern=r"^(workspace|channel|person):.")]


def _reads(name: str, value: str) -> bool:
    try:
        return KINDS[name].read(value) == value
    except UserError:
        return False


def _decoded(written: object) -> bytes:
    if not isinstance(written, str):
        raise ValueError("it is no text in base64")
    return base64.b64decode(written, validate=True)


_Content: TypeAlias = Annotated[
    bytes,
    BeforeValidator(_decoded),
    PlainSerializer(lambda content: base64.b64encode(content).decode(), return_type=str),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Strict:
    """A line whose fields are exactly these."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line.

    Attributes:
        schema: of the database that it was made of.
        at: when it was made.
    """

    type: Literal["header"] = "header"
    format: Literal["steward"]
    version: Annotated[int, Field(ge=1)]
    schema: _Number
    at: _At


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(_Strict):
    """What is set for a channel."""

    type: Literal["setting"] = "setting"
    channel: str
    name: str
    value: str
    by: str
    by_name: str
    at: _At

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        """Refuse what nobody could have set."""
        if self.name not in KINDS or not _reads(self.name, self.value):
            raise ValueError(f"{self.name!r} cannot be set to this")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(_Strict):
    """That an account on a platform is a person's."""

    type: Literal["account"] = "account"
    account: str
    person: str
    name: str
    at: _At


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory(_Strict):
    """What is remembered of a turn: question, model answers and results of skills."""

    items: tuple[Annotated[Item, Field(discriminator="type")], ...]
    tokens: _Number
    at: _At


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(_Strict):
    """A part of an answer as it was sent; `message_id` is the platform's."""

    text: str
    files: tuple[str, ...]
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn(_Strict):
    """A question that was answered.

    Attributes:
        key: of its message.
        message: None where it is forgotten.
        removed: its answer was taken away, because its question was.
        memory: None where nothing is remembered.
        found: the texts by whose words it is found.
    """

    type: Literal["turn"] = "turn"
    key: str
    platform: str
    conversation: str
    channel: str
    audience: _Audience | Literal[""]
    author: str
    received_at: _At
    closed_at: _At
    message: Message | None
    answer: tuple[Part, ...]
    memory: Memory | None
    removed: bool
    found: tuple[str, ...]

    @model_validator(mode="after")
    def _has_an_audience(self) -> Self:
        """Refuse a message of which it is not said who could see it."""
        if self.message is not None and not self.audience:
            raise ValueError("its audience is missing")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage(_Strict):
    """What a turn cost; `report` is None where that is forgotten."""

    type: Literal["usage"] = "usage"
    turn: str
    platform: str
    person: str
    at: _At
    calls: _Number
    input: _Number
    cached: _Number
    output: _Number
    cost: _At
    report: Report | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback(_Strict):
    """What a person thought of an answer."""

    type: Literal["feedback"] = "feedback"
    turn: str
    person: str
    value: Literal["good", "bad"]
    at: _At


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary(_Strict):
    """A summary of a place up to a turn."""

    type: Literal["summary"] = "summary"
    place: str
    channel: str
    audience: _Audience
    upto: str
    text: str
    tokens: _Number
    at: _At
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(_Strict):
    """A fact; `turn` is None where it hangs on none."""

    type: Literal["fact"] = "fact"
    text: str
    conversation: str
    channel: str
    audience: _Audience
    author: str
    author_name: str
    turn: str | None
    link: str
    created_at: _At
    changed_at: _At
    editor: str
    editor_name: str
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class File(_Strict):
    """A file with its content; `turn` is the key of the message it came with or was made for."""

    type: Literal["file"] = "file"
    id: Annotated[str, Field(pattern=r"^f[0-9a-f]{12}$")]
    name: str
    media_type: str
    source: Literal["received", "made"]
    turn: str
    conversation: str
    channel: str
    audience: _Audience
    owner: str
    alt: str
    kind: str | None
    spec: JsonObject | None
    created_at: _At
    expires_at: _At
    found: tuple[str, ...]
    content: _Content


@dataclass(frozen=True, slots=True, kw_only=True)
class End(_Strict):
    """The last line: without it, an archive is cut off; `lines` counts those between header and end."""

    type: Literal["end"] = "end"
    lines: _Number


Line: TypeAlias = Setting | Account | Turn | Usage | Feedback | Summary | Fact | File | End
"""Any line but the first."""

_headers: TypeAdapter[Header] = TypeAdapter(Header)
_lines: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="type")])


def dump_header(header: Header) -> bytes:
    """Write the first line, with its end."""
    return _headers.dump_json(header) + b"\n"


def load_header(line: bytes) -> Header:
    """Read the first line; a `ValueError` says what is wrong."""
    return _headers.validate_json(line)


def dump(line: Line) -> bytes:
    """Write a line, with its end."""
    return _lines.dump_json(line) + b"\n"


def load(line: bytes) -> Line:
    """Read a line; a `ValidationError` says what is wrong."""
    return _lines.validate_json(line)
