"""A skill whose hints are text until somebody reads them, as `from __future__ import annotations` makes them."""

from __future__ import annotations

import typing
from dataclasses import dataclass
from typing import Annotated, Literal, NotRequired, Required

from pydantic import Field

from core import Attachment, Context


class Place(typing.TypedDict):
    """Where."""

    city: str
    zip: NotRequired[int]


class Options(typing.TypedDict, total=False):
    size: Required[int]
    colour: str


@dataclass
class Point:
    x: float
    y: float = 0.0


def visit(
    place: Place,
    options: Options,
    points: list[Point],
    context: Context,
    picture: Attachment | None = None,
    count: Annotated[int, Field(ge=1)] = 1,
    mood: Literal["good", "bad"] = "good",
) -> str:
    """Visit."""
    return f"{place} {options} {points} {context} {picture} {count} {mood}"
