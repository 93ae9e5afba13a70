"""The way out: what the turns need of a platform in order to show an answer there."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from core.controls import Control
from core.events import Event
from core.messages import Attachment, Audience, Message, Reply, Turn

Note: TypeAlias = Callable[[Sequence[str]], Awaitable[None]]
"""Stores the platform's ids of the messages that show progress at this moment: they are found after a restart."""


async def unnoted(_: Sequence[str]) -> None:
    """Store nothing."""


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
        controls: the buttons and menus under it.
    """

    key: str
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    opens: bool = False
    repeated: bool = False
    known: frozenset[str] = frozenset()
    controls: tuple[Control, ...] = ()


class Draft(Protocol):
    """One answer on its way to the reader."""

    async def show(self, event: Event) -> None:
        """Show progress; best effort, never raises."""
        ...

    async def send(self, part: Part) -> str:
        """Send one part, in place of the progress shown so far, and return the platform's id of the message.

        The first parts take the place of messages that show progress, or an earlier answer, in their order.

        Raises:
            PlatformError: with `permanent` where sending again cannot succeed.
        """
        ...

    async def clear(self) -> None:
        """Remove the messages that showed progress, or an earlier answer, and in whose place no part was sent.

        Raises:
            PlatformError: with `permanent` where trying again cannot succeed; a message that is gone is no failure.
        """
        ...

    async def close(self) -> None:
        """Take away what only showed progress (a typing indicator, a status line); never raises."""
        ...


class Outlet(Protocol):
    """Where answers of one platform go out."""

    def split(self, reply: Reply) -> Sequence[Reply]:
        """Divide a reply into pieces that fit the platform's limits, dropping nothing.

        What has no room as text may become a file, with its content and not kept yet.
        """
        ...

    def draft(self, turn: Turn, note: Note = unnoted) -> Draft:
        """Begin to answer a turn, in the place of what `turn.shown` names.

        `note` is awaited whenever the messages that show progress have changed.
        """
        ...

    async def sees(self, message: Message) -> frozenset[Audience]:
        """Return what everybody who reads an answer to a message can see beyond the message's own channel.

        That is the workspace, where none of them is a guest or from elsewhere; in a direct message with one person also
        the private channels that this person is in. Who is where is asked of the platform and known for a short time;
        what cannot be had is left out. Never raises.
        """
        ...

    async def download(self, attachment: Attachment) -> bytes:
        """Fetch the bytes of a file that came with a message.

        Raises:
            PlatformError: it is gone, too large, or not the file it claims to be.
        """
        ...
