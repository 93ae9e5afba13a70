"""A database for adapters under test, where nothing depends on it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from core.store import Row, Store, Transaction, Value


class NoStore(Store):
    """A database that keeps nothing."""

    def __init__(self) -> None:
        """Open nothing."""

    async def fetch(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        return []

    @asynccontextmanager
    async def transaction(self, *, durable: bool = False) -> AsyncIterator[Transaction]:
        yield self  # type: ignore[misc]  # as far as `execute` goes

    async def execute(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        return []
