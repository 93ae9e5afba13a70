"""`steward turns`: which turns somebody should look at, and having one tried again."""

from bots.tables import opened, table
from bots.terminal.screen import harmless
from core.config import Config
from core.store import holder
from core.telemetry import redact
from core.troubles import Trouble, Troubles

_HEADINGS = ("TURN", "STATE", "ASKED (UTC)", "TRIES", "WHERE", "BY", "WHY")


async def listed(config: Config) -> str:
    """Return a table of the turns that are stuck, failed or not delivered, oldest first.

    Raises:
        OperatorError: there is no database in the data folder, or it cannot be read.
    """
    async with opened(config) as store:
        found = await Troubles(store).list()
    return table([_HEADINGS, *map(_row, found)]) if found else "No turn is stuck, failed or undelivered."


async def retried(config: Config, turn: int) -> str:
    """Have a turn tried again, and return when that will be.

    Raises:
        UserError: there is nothing to try again.
        OperatorError: as for `listed`.
    """
    async with opened(config) as store:
        await Troubles(store).retry(turn)
    when = "in a moment" if holder(config.data_dir) is not None else "when Steward is started"
    return f"Turn {turn} is tried again {when}."


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
