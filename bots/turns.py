"""`steward turns`: which turns somebody should look at, and having one tried again."""

import contextlib
from collections.abc import AsyncIterator, Sequence

from bots.terminal.screen import harmless
from core.config import Config
from core.errors import OperatorError
from core.store import holder, open_store
from core.telemetry import redact
from core.troubles import Trouble, Troubles

_HEADINGS = ("TURN", "STATE", "ASKED (UTC)", "TRIES", "WHERE", "BY", "WHY")


async def listed(config: Config) -> str:
    """Return a table of the turns that are stuck, failed or not delivered, oldest first.

    Raises:
        OperatorError: there is no database in the data folder, or it cannot be read.
    """
    async with _troubles(config) as troubles:
        found = await troubles.list()
    return table([_HEADINGS, *map(_row, found)]) if found else "No turn is stuck, failed or undelivered."


async def retried(config: Config, turn: int) -> str:
    """Have a turn tried again, and return when that will be.

    Raises:
        UserError: there is nothing to try again.
        OperatorError: as for `listed`.
    """
    async with _troubles(config) as troubles:
        await troubles.retry(turn)
    when = "in a moment" if holder(config.data_dir) is not None else "when Steward is started"
    return f"Turn {turn} is tried again {when}."


def table(rows: Sequence[Sequence[str]]) -> str:
    """Write rows in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


@contextlib.asynccontextmanager
async def _troubles(config: Config) -> AsyncIterator[Troubles]:
    if not config.database.exists():
        raise OperatorError(f"There is no database {config.database}: check data_dir, or start Steward once.")
    store = await open_store(config.database)
    try:
        yield Troubles(store)
    finally:
        await store.close()


def _row(trouble: Trouble) -> tuple[str, ...]:
    return (
        str(trouble.turn),
        trouble.kind,
        f"{trouble.received_at:%Y-%m-%d %H:%M}",
        str(trouble.attempts),
        harmless(trouble.conversation),
        harmless(trouble.author),
        harmless(" ".join(redact(trouble.reason).split())),
    )
