"""Faults on demand: what goes wrong with the next calls of a route."""

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One failure.

    Attributes:
        retry_after: seconds, for a 429.
        performs: the call is carried out before it fails, so that only its answer is lost; one that is refused is not
            carried out, and the fault waits for the next.
        cut: the connection is cut instead of an answer.
        at_edge: refused before it reached Discord, as for too many bad requests: without the header "Via".
    """

    status: int = 500
    code: int = 0
    message: str = "Internal Server Error"
    retry_after: float | None = None
    performs: bool = False
    cut: bool = False
    at_edge: bool = False


class Faults:
    """The faults that wait for their call; each happens once."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], asyncio.Event] = {}
        self._waiting: defaultdict[tuple[str, str], deque[Fault]] = defaultdict(deque)

    def add(self, method: str, path: str, fault: Fault) -> None:
        """Let the next call of a route fail; `path` as in the table of routes: "/channels/{channel_id}/messages"."""
        self._waiting[method, path].append(fault)

    def lose_answer(self, method: str, path: str) -> None:
        """Carry out the next call and cut the connection before the answer."""
        self.add(method, path, Fault(performs=True, cut=True))

    def hold(self, method: str, path: str) -> asyncio.Event:
        """Let calls of a route wait from now on, until the event that is returned is set."""
        return self._held.setdefault((method, path), asyncio.Event())

    async def wait(self, method: str, path: str) -> None:
        """Wait as long as calls of this route are held."""
        if (method, path) in self._held:
            await self._held[method, path].wait()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault of this call, if there is one."""
        waiting = self._waiting[method, path]
        return waiting.popleft() if waiting else None

    def keep(self, method: str, path: str, fault: Fault) -> None:
        """Let a fault wait for the next call after all."""
        self._waiting[method, path].appendleft(fault)
