"""The items of a conversation as the model reads and writes them, independent of any model protocol.

A turn is a list of items: one `Question`, then answers, each with as many `Result`s as it has calls, and an
answer without calls at the end. They are stored as JSON and turned into requests by `core.protocols`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from core.messages import JsonObject

RECALLED: Final = "(What was found then is not kept here; it can be looked up again.)"
"""Stands in what is kept of a turn for what was recalled of others, which is kept with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one model call; `cached` are the ones among `input` that the server had in its prompt cache."""

    input: int = 0
    output: int = 0
    cached: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A skill call; `arguments` is the text the model wrote: usually, but not surely, a JSON object."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person said, as the model reads it: with the author's name where several people talk.

    Attributes:
        pictures: ids of the kept files that a model which sees is to be shown; their bytes are handed to it beside.
    """

    text: str
    pictures: tuple[str, ...] = ()
    type: Literal["question"] = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the model said: text, calls, or both.

    Attributes:
        reasoning: a reasoning model's items of the Responses API, opaque; sent back before the calls they belong to.
        unseen: ids of the pictures that were there for it and that it was not shown, because it cannot or must not see.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    reasoning: tuple[JsonObject, ...] = ()
    usage: Usage = Usage()
    unseen: tuple[str, ...] = ()
    type: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a skill call gave; `ok` is False where the text is an error the model can act on.

    Attributes:
        files: ids of the files the skill made.
        unknown: nobody knows whether the skill did what it was called for.
        excuse: what people read instead of the text, "" where that says it.
        cached_at: when the skill gave it, where it was not called again; in seconds since 1970, else 0.
        recalled: the skill looked into what was said elsewhere, so the text may be of other turns.
    """

    call_id: str
    name: str
    text: str
    ok: bool = True
    files: tuple[str, ...] = ()
    unknown: bool = False
    excuse: str = ""
    cached_at: float = 0.0
    recalled: bool = False
    type: Literal["result"] = "result"


Item: TypeAlias = Question | Answer | Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A call of the latest answer that begins to have effects in a chat or outside; not for the model to read."""

    call: Call
    type: Literal["begun"] = "begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A call with effects that was carried out for an earlier version of the question, which is answered anew.

    Attributes:
        text: the result that the model read.
        unknown: nobody knows whether it was carried out.
    """

    call: Call
    text: str
    unknown: bool = False
    type: Literal["done"] = "done"


Step: TypeAlias = Answer | Result | Begun | Done
"""What is stored of a running turn, as it happens."""

_items: TypeAdapter[list[Item]] = TypeAdapter(list[Annotated[Item, Field(discriminator="type")]])
_step: TypeAdapter[Step] = TypeAdapter(Annotated[Step, Field(discriminator="type")])


def dump_items(items: Sequence[Item]) -> str:
    """Write items as one JSON array."""
    return _items.dump_json(list(items), exclude_defaults=False).decode()


def load_items(text: str) -> list[Item]:
    """Read what `dump_items` wrote."""
    return _items.validate_json(text)


def dump_step(step: Step) -> str:
    """Write a step as JSON."""
    return _step.dump_json(step).decode()


def load_step(text: str) -> Step:
    """Read what `dump_step` wrote."""
    return _step.validate_json(text)
