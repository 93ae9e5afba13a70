"""`steward feedback`: what people thought of answers."""

from bots.tables import opened, table
from bots.terminal.screen import harmless
from core.config import Config
from core.feedback import Feedback, Opinion

_HEADINGS = ("TURN", "FEEDBACK", "GIVEN (UTC)", "WHERE", "BY")
_SHOWN = {"good": "👍", "bad": "👎"}


async def listed(config: Config) -> str:
    """Return a table of the latest opinions, oldest first, and how many there are of each kind.

    Raises:
        OperatorError: there is no database in the data folder, or it cannot be read.
    """
    async with opened(config) as store:
        feedback = Feedback(store)
        found, counted = await feedback.list(), await feedback.counted()
    if not found:
        return "Nobody has said yet what an answer was worth."
    summary = f"{counted['good']} found an answer helpful, {counted['bad']} did not."
    return f"{table([_HEADINGS, *map(_row, found)])}\n\n{summary}"


def _row(opinion: Opinion) -> tuple[str, ...]:
    return (
        str(opinion.turn),
        _SHOWN[opinion.value],
        f"{opinion.at:%Y-%m-%d %H:%M}",
        harmless(opinion.conversation),
        harmless(opinion.person),
    )
