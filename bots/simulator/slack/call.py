"""One call of the Web API."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pydantic import JsonValue

from bots.simulator.slack.errors import ApiError
from bots.simulator.slack.world import World
from core.messages import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a method.

    Attributes:
        arguments: of query, form or JSON body; structures are still JSON text where they came in a form.
        base_url: of the simulator, with a slash at its end.
    """

    method: str
    arguments: Mapping[str, JsonValue] = field(repr=False)
    base_url: str

    def text(self, name: str) -> str:
        """Return an argument as text, "" where it is missing."""
        value = self.arguments.get(name)
        return "" if value is None else str(value)

    def needed(self, name: str) -> str:
        """Return an argument that must be there."""
        value = self.text(name)
        if not value:
            raise ApiError(
                "invalid_arguments", response_metadata={"messages": [f"[ERROR] missing required field: {name}"]}
            )
        return value

    def flag(self, name: str) -> bool:
        """Return a yes or no argument, whatever way it is spelled."""
        return self.text(name).lower() in {"1", "true"}

    def structure(self, name: str) -> JsonValue:
        """Return an argument that is JSON, in a form or in a body."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            decoded: JsonValue = json.loads(value)
        except ValueError:
            raise ApiError(f"invalid_{name}_format") from None
        return decoded


Handler: TypeAlias = Callable[[World, Call], Awaitable[JsonObject]]
