"""What the operator reads of a database that a running Steward may be using, as tables."""

import contextlib
from collections.abc import AsyncIterator, Sequence

from core.config import Config
from core.store import Store, open_store
from core.store.faults import require


@contextlib.asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Store]:
    """Open the database of the data folder.

    Raises:
        OperatorError: there is none, or it cannot be read.
    """
    require(config.database)
    store = await open_store(config.database)
    try:
        yield store
    finally:
        await store.close()


def table(rows: Sequence[Sequence[str]]) -> str:
    """Write rows in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
