"""What a model and the agent report while an answer is being made."""

from dataclasses import dataclass, field
from typing import TypeAlias

from core.items import Call, Item, Result
from core.messages import Reply
from core.reports import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """The next piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted:
    """The text shown since the last skill call does not count: the model starts its answer again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillCalled:
    """The model wants a skill to be run; that is not begun."""

    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillStarted:
    """A skill is being run."""

    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillFinished:
    """A skill call ended, well or not; `seconds` is how long it took."""

    call: Call
    result: Result
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The turn's last event.

    Attributes:
        items: what to remember, question first; nothing where the turn failed.
        ok: False where no answer could be had and the reply says why.
        report: how it came about.
        texts: of each file that came with the question or was made for the answer, its id and what it says.
    """

    reply: Reply
    items: tuple[Item, ...] = ()
    ok: bool = True
    report: Report = field(default_factory=Report)
    texts: tuple[tuple[str, str], ...] = ()


Event: TypeAlias = TextDelta | Restarted | SkillCalled | SkillStarted | SkillFinished | Finished
