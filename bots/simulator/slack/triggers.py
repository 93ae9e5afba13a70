"""Trigger ids: what an app needs to open a modal, for three seconds and once.

https://docs.slack.dev/interactivity/handling-user-interaction#modal_responses
"""

import time
import uuid

from bots.simulator.slack.errors import ApiError

LIFETIME = 3.0


class Triggers:
    """Hands out trigger ids and uses them up."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[str, float]] = {}
        self._used: set[str] = set()

    def new(self, user: str) -> str:
        """Return a new trigger id, for something that a person just did."""
        trigger = f"{len(self._waiting) + 1}.{int(time.time())}.{uuid.uuid4().hex}"
        self._waiting[trigger] = user, time.monotonic() + LIFETIME
        return trigger

    def use(self, trigger: str) -> str:
        """Use up a trigger id and return whose it is.

        Raises:
            ApiError: it is unknown, too old, or used.
        """
        if trigger not in self._waiting:
            raise ApiError("invalid_trigger_id")
        user, expires = self._waiting[trigger]
        if trigger in self._used:
            raise ApiError("exchanged_trigger_id")
        if time.monotonic() > expires:
            raise ApiError("expired_trigger_id")
        self._used.add(trigger)
        return user

    def expire(self) -> None:
        """Let all trigger ids grow older than three seconds."""
        self._waiting = {trigger: (user, 0.0) for trigger, (user, _) in self._waiting.items()}
