"""Waiting in tests for what is not theirs to signal."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

LIMIT: Final = 60.0
"""Seconds to wait for anything, far more than it takes."""


async def until(happened: Callable[[], object], what: str = "", *, within: float = LIMIT) -> None:
    """Wait until something has happened; `what` says what, where it did not within so many seconds."""
    end = time.monotonic() + within
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {within:g} s{what and f': {what}'}")
        await asyncio.sleep(0.002)
