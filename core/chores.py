"""Chores: work on the database that is due and is done when it disturbs least; there is one, to scrub the disk.

It is written down with what makes it necessary, in one transaction, so that a crash in between does not lose it.
"""

from dataclasses import dataclass

from core.store import Store, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """A chore that is due.

    Attributes:
        since: when it was first wanted, in seconds since 1970.
        times: how often it was wanted since.
    """

    since: float
    times: int


async def want_scrub(transaction: Transaction) -> None:
    """Note that something was erased of which the disk still holds traces."""
    await transaction.execute(
        "INSERT INTO chores (name, since) VALUES ('scrub', unixepoch())"
        " ON CONFLICT (name) DO UPDATE SET times = chores.times + 1"
    )


async def scrub_due(store: Store) -> Chore | None:
    """Return the wish to have the disk scrubbed; None where nothing was erased."""
    rows = await store.fetch("SELECT since, times FROM chores WHERE name = 'scrub'")
    return Chore(since=rows[0]["since"], times=rows[0]["times"]) if rows else None


async def scrubbed(store: Store, chore: Chore) -> None:
    """Note that the disk was scrubbed; where something was erased meanwhile, the chore stays."""
    await store.write("DELETE FROM chores WHERE name = 'scrub' AND times = ?", (chore.times,))
