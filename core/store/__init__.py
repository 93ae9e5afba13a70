"""The database, and the lock of the folder it is in."""

from core.store.lock import hold, holder
from core.store.sqlite import Store, open_store
from core.store.writer import Row, Transaction, Value

__all__ = ["Row", "Store", "Transaction", "Value", "hold", "holder", "open_store"]
