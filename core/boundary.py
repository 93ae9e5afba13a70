"""The named boundaries between the steps of a turn's life, and who watches them."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias


class Boundary(StrEnum):
    """A moment between two steps: something has happened that is not stored yet, or has just been stored.

    They come in the order of the drawing in `core.turns`. Whatever ends the program at one of them, the turn goes on
    from what is stored.
    """

    ARRIVED = "arrived"
    """A message is here; nothing of it is stored, nor is it acknowledged."""
    ACCEPTED = "accepted"
    """It is stored, but not acknowledged."""
    STARTED = "started"
    """An attempt has begun."""
    DOWNLOADED = "downloaded"
    """The message's files are kept, the message does not say so yet."""
    FETCHED = "fetched"
    """The message says which files are kept."""
    SHOWING = "showing"
    """A message shows progress; that is not stored."""
    SHOWN = "shown"
    """It is stored which messages show progress."""
    TOLD = "told"
    """The model answered with calls that are not stored."""
    NOTED = "noted"
    """The calls are stored."""
    BEGUN = "begun"
    """It is stored that a call with effects outside begins; the skill does not run yet."""
    CALLED = "called"
    """A skill has run; its result is not stored."""
    RECORDED = "recorded"
    """The result is stored."""
    ANSWERED = "answered"
    """The reply is there, but not stored."""
    CLOSED = "closed"
    """The turn is closed, and its reply waits in the outbox."""
    SENT = "sent"
    """The platform took a part; that is not stored."""
    MARKED = "marked"
    """It is stored that the part was sent."""
    TIDIED = "tidied"
    """What showed progress, or an earlier answer, is replaced or gone; that is not stored."""
    CLEARED = "cleared"
    """It is stored that nothing is left of it."""
    WISHED = "wished"
    """A wish to have a question answered anew, or removed, is stored, but not acknowledged."""
    RENEWED = "renewed"
    """The turn is back where it was received, or at its end."""


Watch: TypeAlias = Callable[[Boundary], None]
"""Is told each boundary as it is reached."""


def unwatched(_: Boundary) -> None:
    """Watch nothing."""
