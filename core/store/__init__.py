"""The database."""

from core.store.sqlite import Row, Store, Transaction, open_store

__all__ = ["Row", "Store", "Transaction", "open_store"]
