"""What was asked of Slack, known for some time."""

import time
from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class Cache(Generic[T]):
    """The latest values, for some time.

    Args:
        size: how many at most.
        seconds: how long each is known.
    """

    def __init__(self, *, size: int, seconds: float) -> None:
        self._size = size
        self._seconds = seconds
        self._kept: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def get(self, key: str) -> T | None:
        """Return a value; None where it is not known any more."""
        until, value = self._kept.get(key, (0.0, None))
        return value if until > time.monotonic() else None

    def drop(self, key: str) -> None:
        """Know a value no longer."""
        self._kept.pop(key, None)

    def put(self, key: str, value: T) -> T:
        """Keep a value, and return it."""
        self._kept[key] = (time.monotonic() + self._seconds, value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return value
