"""The seam between the core and a platform: `Platform` listens, its `Draft` shows one answer."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from core.messages import Message
from core.outlet import Draft, Outlet, Part

__all__ = ["Accept", "Draft", "Outlet", "Part", "Platform"]

Accept: TypeAlias = Callable[[Message], Awaitable[bool]]


class Platform(Outlet, Protocol):
    """A place where people talk to Steward."""

    name: str

    async def listen(self, accept: Accept) -> None:
        """Receive until cancelled; await `accept(message)` before acknowledging each message.

        `accept` returns False for a message that was accepted before.

        Raises:
            PlatformError: the connection could not be made or was lost; `permanent` where only the operator can help.
        """
        ...
