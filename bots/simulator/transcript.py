"""What a person would see in a simulated platform, in the order in which it appeared."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

TaskStatus: TypeAlias = Literal["pending", "in_progress", "complete", "error"]


@dataclass(slots=True, kw_only=True)
class ShownFile:
    """A file shown under a message."""

    name: str
    media_type: str
    content: bytes = field(repr=False)
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChoice:
    """One entry of a menu: what people read, and what the platform tells the bot."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownControl:
    """A button or menu under a message.

    Attributes:
        key: what the platform tells the bot of it: an action_id or custom_id.
        label: what people read on it; a menu's while nothing is chosen.
        value: what else the platform tells of a button.
        choices: the entries of a menu, or of buttons that share a key.
        enabled: it can be used.
        help: what is read to people who do not see it.
    """

    kind: Literal["button", "menu"]
    key: str
    label: str
    value: str = ""
    choices: tuple[ShownChoice, ...] = ()
    enabled: bool = True
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTask:
    """One line of what the bot does while it answers."""

    id: str
    title: str
    status: TaskStatus
    details: str = ""
    output: str = ""


@dataclass(slots=True, kw_only=True)
class Shown:
    """One message as it stands now: an edit changes it, a deletion sets `deleted`.

    Attributes:
        author: the id of the person, or of the bot.
        earlier: the texts that it showed before, where the platform keeps them apart.
        to: the only person who sees it, None where everybody in the channel does.
        tables: the cells of each table, rows of columns.
        tasks: in the order in which they appeared, and
        plan: the title above them.
        streaming: more text is expected to appear in it.
        reactions: the people who reacted, by the name of the emoji.
        links: the addresses that could be clicked in it at any time, or were fetched as pictures.
        previews: those of which the platform may have shown a preview.
        pings: who was notified by it at any time: ids of people, and words as "channel" or "everyone".
        warnings: what the platform itself shows beside it to whoever used a control in vain.
    """

    id: str
    channel: str
    author: str
    text: str
    thread: str | None = None
    files: list[ShownFile] = field(default_factory=list)
    to: str | None = None
    edits: int = 0
    earlier: list[str] = field(default_factory=list)
    deleted: bool = False
    controls: list[ShownControl] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)
    tasks: list[ShownTask] = field(default_factory=list)
    plan: str = ""
    streaming: bool = False
    reactions: dict[str, list[str]] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    previews: list[str] = field(default_factory=list)
    pings: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Transcript:
    """All messages of a simulated workspace; `wait` is how a test waits for an answer.

    Attributes:
        statuses: the status line of each (channel, thread), and
        status_history: every status that was set.
        typing: the channel of each time that "… is typing" was shown.
    """

    def __init__(self) -> None:
        self.messages: list[Shown] = []
        self.statuses: dict[tuple[str, str], str] = {}
        self.status_history: list[str] = []
        self.typing: list[str] = []
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

        await self.until(found, timeout=timeout)
        shown = found()
        assert shown is not None
        return shown

    async def until(self, happened: Callable[[], object], *, timeout: float = 15.0) -> None:
        """Return once something that people see has happened.

        Raises:
            AssertionError: it has not in `timeout` seconds; the message lists what people see.
        """
        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(happened)
        except TimeoutError:
            raise AssertionError(f"not seen within {timeout} s; seen: {self.messages}") from None
