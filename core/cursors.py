"""How far each channel of a platform has been read, so that what was said meanwhile is found after being offline."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from core.store import Store

_WRITE = (
    "INSERT INTO cursors (platform, channel, position) VALUES (?, ?, ?)"
    " ON CONFLICT (platform, channel) DO UPDATE SET position = excluded.position"
)


@dataclass(slots=True, kw_only=True)
class _Cursor:
    """One channel: everything up to `position` was read; `ahead` is the latest message read."""

    position: Decimal
    ahead: Decimal
    pending: set[Decimal] = field(default_factory=set)


class Cursors:
    """The cursors of one platform.

    A position is the platform's id of a message, a number that rises with time: Discord's snowflake, Slack's `ts`.
    While a message is being read, and after its reading failed, the cursor of its channel stays where it is.
    """

    def __init__(self, store: Store, platform: str) -> None:
        self._store = store
        self._platform = platform
        self._cursors: dict[str, _Cursor] = {}
        self._written: dict[str, str] = {}

    async def load(self) -> None:
        """Read what was stored."""
        rows = await self._store.fetch("SELECT channel, position FROM cursors WHERE platform = ?", (self._platform,))
        for row in rows:
            self._written[row["channel"]] = row["position"]
            exact = Decimal(row["position"])
            self._cursors[row["channel"]] = _Cursor(position=exact, ahead=exact)

    @property
    def positions(self) -> Mapping[str, str]:
        """The position of each channel; of none where nothing was ever read on this platform."""
        return {name: str(cursor.position) for name, cursor in self._cursors.items()}

    def hold(self, channel: str, position: str) -> None:
        """Let the cursor stay where it is, at this position at the most, until it may move past it."""
        exact = Decimal(position)
        cursor = self._hold(channel, exact, start=exact)
        cursor.position = min(cursor.position, exact)

    @contextmanager
    def reading(self, channel: str, position: str) -> Iterator[None]:
        """Read a message; the cursor moves past it once this block is left without an exception.

        A channel that has no cursor gets it right before the message.
        """
        exact = Decimal(position)
        self._hold(channel, exact, start=exact - Decimal(1).scaleb(int(exact.as_tuple().exponent)))
        yield
        self.passed(channel, position)

    def passed(self, channel: str, position: str) -> None:
        """Move past a message that was read, or need not be."""
        exact = Decimal(position)
        cursor = self._cursors.setdefault(channel, _Cursor(position=exact, ahead=exact))
        cursor.pending.discard(exact)
        cursor.ahead = max(cursor.ahead, exact)
        if not cursor.pending:
            cursor.position = cursor.ahead

    def _hold(self, channel: str, position: Decimal, *, start: Decimal) -> _Cursor:
        cursor = self._cursors.setdefault(channel, _Cursor(position=start, ahead=start))
        cursor.pending.add(position)
        return cursor

    async def flush(self) -> None:
        """Store what has changed.

        Raises:
            OperatorError: it could not be written; the next flush writes it again.
        """
        changed = {name: at for name, at in self.positions.items() if self._written.get(name) != at}
        if not changed:
            return
        async with self._store.transaction() as transaction:
            for name, position in changed.items():
                await transaction.execute(_WRITE, (self._platform, name, position))
        self._written |= changed
