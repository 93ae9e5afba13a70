"""One attempt to deliver something to the app."""

from dataclasses import dataclass, field

from core.messages import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What is sent in one attempt.

    Attributes:
        kind: "events_api", "slash_commands" or "interactive".
        attempt: the number of earlier attempts.
        reason: why the last one failed.
        deadline: seconds the app has to acknowledge.
    """

    id: str
    kind: str
    payload: JsonObject = field(repr=False)
    attempt: int
    reason: str
    deadline: float


class DeliveryError(Exception):
    """Say in one word why an attempt was not acknowledged, as `retry_reason` does."""
