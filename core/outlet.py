"""The way out: what the turns need of a platform in order to show an answer there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.events import Event
from core.messages import Attachment, Reply, Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One outgoing piece of a reply: what a platform sends in one call.

    Attributes:
        key: unique and stable for this turn and part, the turn's id and the part's number: "81.0". A platform derives
            its nonce or metadata from it.
        attachments: with their content.
        opens: it is the first part of an answer, the one that replies to the question itself.
        repeated: it may have been sent before a restart; a platform looks for it before sending it again, and where it
            cannot look, says with it that it may be a repetition.
        known: the platform's ids of messages in this channel that are known to be other parts, however much they look
            like this one.
    """

    key: str
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    opens: bool = False
    repeated: bool = False
    known: frozenset[str] = frozenset()


class Draft(Protocol):
    """One answer on its way to the reader."""

    async def show(self, event: Event) -> None:
        """Show progress; best effort, never raises."""
        ...

    async def send(self, part: Part) -> str:
        """Send one part, in place of the progress shown so far, and return the platform's id of the message.

        Raises:
            PlatformError: with `permanent` where sending again cannot succeed.
        """
        ...

    async def close(self) -> None:
        """Take away what only showed progress (a typing indicator, a status line); never raises."""
        ...


class Outlet(Protocol):
    """Where answers of one platform go out."""

    def split(self, reply: Reply) -> Sequence[Reply]:
        """Divide a reply into pieces that fit the platform's limits, dropping nothing."""
        ...

    def draft(self, turn: Turn) -> Draft:
        """Begin to answer a turn."""
        ...

    async def download(self, attachment: Attachment) -> bytes:
        """Fetch the bytes of a file that came with a message.

        Raises:
            PlatformError: it is gone, too large, or not the file it claims to be.
        """
        ...
