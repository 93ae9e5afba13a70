"""What people see of an answer while it is being made: its text so far, and a line for each skill call; pure."""

import json
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from bots.links import Links
from bots.slack.markup import inert, plainly, settled
from bots.slack.pieces import LIMIT
from core.direct import for_people
from core.events import Event, Restarted, SkillCalled, SkillFinished, SkillStarted, TextDelta
from core.items import Call, Result
from core.messages import JsonObject

Status: TypeAlias = Literal["pending", "in_progress", "complete", "error"]

HELD_BACK: Final = 160
"""Characters before the first are shown in a stream, where they stay: what a model says before it calls a skill is
no part of the answer, and seldom longer."""

TITLE: Final = 80
DETAILS: Final = 100
"""Characters of a task's details and output, before they are made inert; Slack is said to refuse more than 256."""

MOST_LINES: Final = 12
"""Tasks that are listed in a message that is edited, the latest."""

_MARKS: Final[dict[Status, str]] = {"pending": "▫️", "in_progress": "⏳", "complete": "✅", "error": "❌"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One skill call: https://docs.slack.dev/reference/methods/chat.appendStream, the chunk `task_update`."""

    id: str
    title: str
    status: Status = "pending"
    details: str = ""
    output: str = ""

    def chunk(self, before: "Task | None") -> JsonObject:
        """Return the task as a piece of a stream that shows it as it was before; what is said adds to what is there."""
        said = {
            "details": "" if before else self.details,
            "output": "" if before and before.output else self.output,
        }
        return {
            "type": "task_update",
            "id": self.id,
            "title": self.title,
            "status": self.status,
            **{name: text for name, text in said.items() if text},
        }

    def line(self) -> str:
        """Return the task as a line of Markdown."""
        return f"{_MARKS[self.status]} {self.title}{f': {self.output}' if self.output else ''}"


@dataclass(slots=True, kw_only=True)
class Progress:
    """Collects what the agent reports.

    Attributes:
        text: of the answer so far; what was said before a skill was called is no part of it.
        drafts: how often text turned out to be no part of the answer.
        tasks: by the id of the call, in order.
    """

    links: Links
    text: str = ""
    drafts: int = 0
    tasks: dict[str, Task] = field(default_factory=dict)
    _made: tuple[str, str] = ("", "")

    def take(self, event: Event) -> None:
        """Take in what happened."""
        match event:
            case TextDelta():
                self.text += event.text
            case Restarted():
                self._drop()
            case SkillCalled():
                self._drop()
                self.tasks[event.call.id] = self._called(event.call)
            case SkillStarted():
                self._drop()
                called = self.tasks.get(event.call.id) or self._called(event.call)
                self.tasks[event.call.id] = replace(called, status="in_progress")
            case SkillFinished():
                begun = self.tasks.get(event.call.id) or self._called(event.call)
                self.tasks[event.call.id] = self._finished(begun, event.result, event.seconds)

    def stream(self) -> str:
        """Return the text of a stream: what people read of the answer, as far as nothing in it can change any more."""
        return self.shown() if len(self.text) >= HELD_BACK else ""

    def shown(self, room: int = LIMIT) -> str:
        """Return what people read of the answer so far, without what may yet become a link or a mention.

        Args:
            room: characters of the answer, at the most.
        """
        begun = self.text.lstrip()[:room]
        made_of, made = self._made
        if begun != made_of:
            linked = self.links.inert(begun[: self.links.settled(begun)])
            made = inert(linked[: settled(linked)]).rstrip()
            self._made = begun, made
        return made

    def markdown(self) -> str:
        """Return all of it as one message, which is edited as it goes on."""
        tasks = list(self.tasks.values())
        lines = [task.line() for task in tasks[-MOST_LINES:]]
        if len(tasks) > MOST_LINES:
            lines.insert(0, f"({len(tasks) - MOST_LINES} more)")
        above = "\n".join(lines)
        return "\n\n".join(filter(None, (above, self.shown(max(0, LIMIT - len(above))))))

    def _drop(self) -> None:
        if self.text:
            self.text = ""
            self.drafts += 1

    def _called(self, call: Call) -> Task:
        details = self._short(_spoken(call.arguments), DETAILS)
        return Task(id=call.id, title=self._short(call.name.replace("_", " "), TITLE), details=details)

    def _finished(self, task: Task, result: Result, seconds: float) -> Task:
        first, *more = for_people(result).split("\n")
        listed = [line.removeprefix("- ") for line in (first, *more)] if first.startswith("- ") else [first]
        words = ", ".join(listed)
        output = self._short(" · ".join(filter(None, (f"{seconds:.1f} s", words))), DETAILS)
        return replace(task, status="complete" if result.ok else "error", output=output)

    def _short(self, text: str, limit: int) -> str:
        """Return a text on one line, made inert once it has its length."""
        line = " ".join(text.split())
        return plainly(line if len(line) <= limit else f"{line[: limit - 1]}…", self.links)


def _spoken(written: str) -> str:
    """Return JSON of names and values, as arguments are, as people would say it: "city: Oslo, days: 3"."""
    try:
        named = json.loads(written)
    except ValueError:
        return written
    if not isinstance(named, dict):
        return written
    return ", ".join(f"{name}: {_value(value)}" for name, value in named.items())


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
