"""How often a route may be called: https://discord.com/developers/docs/topics/rate-limits."""

from dataclasses import dataclass
from typing import Self

from bots.simulator.discord.world import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What the headers of an answer say of a rate limit; `reset_after` is in seconds."""

    limit: int
    remaining: int
    reset_after: float
    exceeded: bool = False

    @classmethod
    def of_plenty(cls) -> Self:
        """Return a limit that is never reached."""
        return cls(limit=1000, remaining=999, reset_after=1.0)


class Buckets:
    """Counts calls: so many in so many seconds for each key; without a limit they are not counted."""

    def __init__(self, clock: Clock, limit: tuple[int, float] | None) -> None:
        self.refused = 0
        self._clock = clock
        self._limit = limit
        self._calls: dict[str, tuple[float, int]] = {}

    def take(self, key: str) -> Allowance:
        """Count a call; one over the limit is counted in `refused` alone."""
        if self._limit is None:
            return Allowance.of_plenty()
        most, seconds = self._limit
        now = self._clock.now()
        start, count = self._calls.get(key, (now, 0))
        if now >= start + seconds:
            start, count = now, 0
        reset_after = max(0.001, round(start + seconds - now, 3))
        if count >= most:
            self.refused += 1
            return Allowance(limit=most, remaining=0, reset_after=reset_after, exceeded=True)
        self._calls[key] = (start, count + 1)
        return Allowance(limit=most, remaining=most - count - 1, reset_after=reset_after)
