"""What a person would see in a simulated platform, in the order in which it appeared."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class ShownFile:
    """A file shown under a message."""

    name: str
    media_type: str
    content: bytes = field(repr=False)
    alt: str = ""


@dataclass(slots=True, kw_only=True)
class Shown:
    """One message as it stands now: an edit changes it, a deletion sets `deleted`.

    Attributes:
        author: the id of the person, or of the bot.
        to: the only person who sees it, None where everybody in the channel does.
    """

    id: str
    channel: str
    author: str
    text: str
    thread: str | None = None
    files: list[ShownFile] = field(default_factory=list)
    to: str | None = None
    edits: int = 0
    deleted: bool = False


class Transcript:
    """All messages of a simulated workspace; `wait` is how a test waits for an answer."""

    def __init__(self) -> None:
        self.messages: list[Shown] = []
        self._changed = asyncio.Condition()

    async def add(self, shown: Shown) -> None:
        """Show a new message."""
        self.messages.append(shown)
        await self.changed()

    async def changed(self) -> None:
        """Wake whoever waits, after a message was edited in place."""
        async with self._changed:
            self._changed.notify_all()

    def find(self, message_id: str) -> Shown | None:
        """Return the message of this id."""
        return next((shown for shown in self.messages if shown.id == message_id), None)

    async def wait(self, wanted: Callable[[Shown], object], *, timeout: float = 15.0) -> Shown:
        """Return the first message that is wanted, now or once it appears.

        Raises:
            AssertionError: none appeared in `timeout` seconds; the message lists what did.
        """

        def found() -> Shown | None:
            return next((shown for shown in self.messages if wanted(shown)), None)

        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(found)
        except TimeoutError:
            raise AssertionError(f"not seen within {timeout} s; seen: {self.messages}") from None
        shown = found()
        assert shown is not None
        return shown
