"""Databases for tests."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from core.store import Store, open_store


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Store]:
    """Open the database of a folder for the length of a test."""
    store = await open_store(folder / "steward.db")
    try:
        yield store
    finally:
        await store.close()
