"""The database."""

from core.store.sqlite import Row, Store, Transaction, Value, open_store

__all__ = ["Row", "Store", "Transaction", "Value", "open_store"]
