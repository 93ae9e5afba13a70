"""Fakes at the seams we own: a model that follows a script, and an outlet that keeps what people would see."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from core.errors import ModelError, PlatformError
from core.events import Event, Finished, TextDelta
from core.items import Answer, Call, Item
from core.messages import Attachment, Audience, Conversation, Message, Person, Reply, Turn
from core.model import NO_PICTURES, Delta, Pictures, Tool
from core.outlet import Note, Part, unnoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request to the model."""

    instructions: str
    items: tuple[Item, ...]
    tools: tuple[Tool, ...]
    pictures: Pictures

    @property
    def text(self) -> str:
        """All texts of the request, for `in`."""
        return "\n".join(item.text for item in self.items)


PATIENT = 60.0
"""Seconds for a search in a test: what is found does not depend on how busy the machine is."""

Step = Answer | Exception | Callable[[Asked], Answer]


class ScriptedModel:
    """Answers with the steps of a script, in order; the test fails when it is asked more, or less, than that."""

    def __init__(self, *steps: Step) -> None:
        self._steps = list(steps)
        self.asked: list[Asked] = []
        self.unexpected: list[Asked] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.busy = 0
        self.busiest = 0
        self.transcripts: list[str] = []

    async def stream(
        self, instructions: str, items: Sequence[Item], tools: Sequence[Tool], pictures: Pictures = NO_PICTURES
    ) -> AsyncGenerator[Delta, None]:
        asked = Asked(instructions=instructions, items=tuple(items), tools=tuple(tools), pictures=pictures)
        self.asked.append(asked)
        if not self._steps:
            self.unexpected.append(asked)
            raise AssertionError(f"the model was asked once more than the script knows: {asked.items[-1]}")
        step = self._steps.pop(0)
        self.busy += 1
        self.busiest = max(self.busy, self.busiest)
        try:
            await self.hold.wait()
            await asyncio.sleep(0)
        finally:
            self.busy -= 1
        if isinstance(step, Exception):
            raise step
        answer = step if isinstance(step, Answer) else step(asked)
        for word in answer.text.split(" ") if answer.text else ():
            yield TextDelta(text=f"{word} ")
        yield answer

    async def transcribe(self, clip: Attachment) -> str:
        if not self.transcripts:
            raise ModelError("I cannot listen to voice clips.")
        return self.transcripts.pop(0)

    async def close(self) -> None:
        """Fail where the script was not followed to its end."""
        assert not self.unexpected, f"unexpected requests: {[asked.items[-1] for asked in self.unexpected]}"
        assert not self._steps, f"the model was never asked for: {self._steps}"


class SteadyModel(ScriptedModel):
    """Answers every request with the same step, however often it is asked."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step

    async def stream(
        self, instructions: str, items: Sequence[Item], tools: Sequence[Tool], pictures: Pictures = NO_PICTURES
    ) -> AsyncGenerator[Delta, None]:
        self._steps.append(self.step)
        async for delta in super().stream(instructions, items, tools, pictures):
            yield delta


def says(text: str) -> Answer:
    return Answer(text=text)


def calls(*named: tuple[str, str], text: str = "") -> Answer:
    """An answer that calls skills; each is (name, arguments as JSON)."""
    return Answer(
        text=text,
        calls=tuple(
            Call(id=f"c{number}", name=name, arguments=arguments) for number, (name, arguments) in enumerate(named)
        ),
    )


_numbers = iter(range(1, 1_000_000))


def message(
    text: str,
    *,
    thread: str | None = None,
    channel: str = "C1",
    author: str = "U1",
    id: str = "",
    attachments: tuple[Attachment, ...] = (),
    scope: str = "workspace",
) -> Message:
    conversation = Conversation(platform="test", workspace="W", channel=channel, thread=thread)
    audience = Audience(scope="workspace", id="test/W")
    if scope == "person":
        audience = Audience(scope="person", id=f"test/W/{author}")
    return Message(
        id=id or f"test/{channel}/{next(_numbers)}",
        conversation=conversation,
        audience=audience,
        author=Person(id=author, name={"U1": "Ana", "U2": "Ben"}.get(author, author)),
        text=text,
        attachments=attachments,
    )


@dataclass(slots=True, kw_only=True)
class KeptDraft:
    """A draft that keeps what was shown and sent."""

    turn: Turn
    outlet: "KeptOutlet"
    events: list[Event] = field(default_factory=list)
    closed: bool = False

    async def show(self, event: Event) -> None:
        self.events.append(event)

    async def send(self, part: Part) -> str:
        self.outlet.attempts.append(part)
        if self.outlet.failures:
            failure = self.outlet.failures.pop(0)
            if failure is not None:
                raise failure
        self.outlet.sent.append((self.turn.message.text, part))
        return f"m{len(self.outlet.sent)}"

    async def clear(self) -> None:
        self.outlet.cleared.append(self.turn.shown)

    async def close(self) -> None:
        self.closed = True

    @property
    def finished(self) -> Finished:
        return next(event for event in self.events if isinstance(event, Finished))


class KeptOutlet:
    """A platform that keeps what people would see; `failures` are raised by the next sends, None lets one through."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Part]] = []
        self.attempts: list[Part] = []
        self.drafts: list[KeptDraft] = []
        self.failures: list[PlatformError | None] = []
        self.downloads: dict[str, bytes] = {}
        self.seen: dict[str, frozenset[Audience]] = {}
        self.cleared: list[tuple[str, ...]] = []

    @property
    def texts(self) -> list[str]:
        return [part.text for _, part in self.sent]

    def split(self, reply: Reply) -> Sequence[Reply]:
        return [Reply(text=line) for line in reply.text.split("\f") if line] + [
            Reply(attachments=(attachment,)) for attachment in reply.attachments
        ]

    def draft(self, turn: Turn, note: Note = unnoted) -> KeptDraft:
        draft = KeptDraft(turn=turn, outlet=self)
        self.drafts.append(draft)
        return draft

    async def sees(self, message: Message) -> frozenset[Audience]:
        return self.seen.get(message.conversation.channel, frozenset())

    async def download(self, attachment: Attachment) -> bytes:
        if (attachment.source or "") not in self.downloads:
            raise PlatformError("it is gone", permanent=True)
        return self.downloads[attachment.source or ""]
