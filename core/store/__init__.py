"""The database."""

from core.store.sqlite import Store, open_store
from core.store.writer import Row, Transaction, Value

__all__ = ["Row", "Store", "Transaction", "Value", "open_store"]
