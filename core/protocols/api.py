"""The seam between the client and a protocol: what is asked, and who reads the answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from core.items import Answer, Item
from core.messages import JsonObject
from core.model import Pictures, Tool

Finish: TypeAlias = Literal["", "complete", "length", "filtered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """The form an answer must have: a JSON schema, or with none, any JSON object."""

    schema: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request to a model, independent of the protocol.

    Attributes:
        reasoning: whether a reasoning model's items are sent back.
        pictures: by the ids in the questions; one that is not there is not shown.
    """

    model: str
    instructions: str
    items: Sequence[Item]
    tools: Sequence[Tool] = ()
    temperature: float | None = None
    format: Format | None = None
    reasoning: bool = True
    pictures: Pictures = field(default_factory=dict)


class Reader(Protocol):
    """Reads one answer, event by event."""

    @property
    def finish(self) -> Finish:
        """Why the answer ended; empty while its end was not seen."""
        ...

    @property
    def closed(self) -> bool:
        """Nothing more will come, though the connection may still be open."""
        ...

    def feed(self, data: str) -> str:
        """Take an event's data, or a whole answer's JSON body, and return the text that came with it.

        Raises:
            RequestFailedError: the event says that the answer failed.
        """
        ...

    def answer(self) -> Answer:
        """Return what was read."""
        ...


class Api(Protocol):
    """One of the protocols."""

    path: str

    def encode(self, ask: Ask) -> JsonObject:
        """Write a request's body."""
        ...

    def reader(self, model: str) -> Reader:
        """Begin to read an answer."""
        ...
