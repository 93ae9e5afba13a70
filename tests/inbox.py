"""An inbox for adapters under test: what they handed over, and what they are told."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bots.commands import Commands, Handler
from core.messages import Attachment, Audience, Conversation, Message, Person, Reply
from core.model import Tool


@dataclass(slots=True, kw_only=True)
class KeptInbox:
    """Keeps what was handed over.

    Attributes:
        pressed: keys of controls with the press and what was chosen.
        says: what a press is answered with.
        running: what `stop` returns.
    """

    accepted: list[Message] = field(default_factory=list)
    fresh: list[bool] = field(default_factory=list)
    edits: list[Message] = field(default_factory=list)
    deletions: list[str] = field(default_factory=list)
    removals: list[tuple[Conversation, str, Person]] = field(default_factory=list)
    pressed: list[tuple[str, Message, str]] = field(default_factory=list)
    stopped: list[tuple[Conversation, Person]] = field(default_factory=list)
    closings: list[tuple[Conversation, Audience]] = field(default_factory=list)
    says: str = ""
    running: int = 1

    async def accept(self, message: Message) -> bool:
        self.fresh.append(message.id not in {known.id for known in self.accepted})
        self.accepted.append(message)
        return self.fresh[-1]

    async def edited(self, message: Message) -> bool:
        self.edits.append(message)
        return True

    async def deleted(self, message_id: str) -> bool:
        self.deletions.append(message_id)
        return True

    async def removed(self, conversation: Conversation, answer_id: str, person: Person) -> bool:
        self.removals.append((conversation, answer_id, person))
        return True

    async def press(self, key: str, message: Message, choice: str = "") -> str:
        self.pressed.append((key, message, choice))
        return self.says

    async def stop(self, conversation: Conversation, person: Person) -> int:
        self.stopped.append((conversation, person))
        return self.running

    async def closed(self, conversation: Conversation, audience: Audience) -> None:
        self.closings.append((conversation, audience))


async def forget_nothing(used: Message, rest: str) -> Reply:
    return Reply(text="Forgotten in this channel: 2 turns and 1 file.")


async def data_of_nobody(used: Message, rest: str) -> Reply:
    archive = Attachment(filename="steward-data.zip", media_type="application/zip", content=b"PK")
    return Reply(text="This is it.", attachments=(archive,))


def commands(
    *,
    tools: Sequence[Tool] = (),
    handlers: Mapping[str, Handler] | None = None,
    inbox: KeptInbox | None = None,
) -> Commands:
    """Return the sub-commands around functions of a test."""
    return Commands(
        name="Steward",
        tools=tools,
        stop=(inbox or KeptInbox()).stop,
        handlers={"forget": forget_nothing, "my-data": data_of_nobody} if handlers is None else handlers,
    )


@dataclass(slots=True, kw_only=True)
class Accepting(KeptInbox):
    """An inbox whose `accept` is a function of the test."""

    function: Callable[[Message], Awaitable[bool]]

    async def accept(self, message: Message) -> bool:
        return await self.function(message)
