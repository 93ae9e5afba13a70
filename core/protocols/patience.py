"""How long to wait before a failed request is sent again."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Waiting times, in seconds.

    Attributes:
        first: about how long the first wait is; each further one is twice as long.
        longest: the most it grows to.
        most: the most a server's own `Retry-After` is followed.
    """

    first: float = 0.5
    longest: float = 8.0
    most: float = 60.0

    def delay(self, tries: int, asked: float | None) -> float:
        """Return how long to wait after `tries` failures, spread so that many waiters do not come back at once."""
        if asked is not None:
            return min(asked, self.most) * random.uniform(1.0, 1.1)  # noqa: S311  # spread, not a secret
        return min(self.first * 2.0 ** (tries - 1), self.longest) * random.uniform(0.5, 1.0)  # noqa: S311


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Return the seconds a server asked us to wait, None where it did not.

    It says so in seconds or as a date (https://www.rfc-editor.org/rfc/rfc9110#name-retry-after), OpenAI also in
    milliseconds in a header of its own.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
