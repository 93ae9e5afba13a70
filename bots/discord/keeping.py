"""Handing something over to be stored, also against a failure that passes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

log = logging.getLogger("steward.discord")

_PAUSES: Final = (0.2, 1.0)
"""Seconds before it is tried again; an interaction has to be acknowledged within three."""

T = TypeVar("T")


class NotKeptError(Exception):
    """Something could not be stored; `__cause__` is why."""


async def keep(work: Callable[[], Awaitable[T]], what: str) -> T:
    """Return what `work` returns, which stores something; `what` names that in the log.

    Raises:
        NotKeptError: the failure did not pass.
    """
    for pause in _PAUSES:
        try:
            return await work()
        except Exception as error:
            log.warning("%s was not stored: %s; trying again", what, error)
            log.debug("why it was not stored", exc_info=error)
        await asyncio.sleep(pause)
    try:
        return await work()
    except Exception as error:
        raise NotKeptError(f"{what} was not stored") from error
