"""The judge: is each question answered exactly once, whole, in order and in the right place?"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, TypeAlias

from bots.simulator.transcript import Shown
from core.doubts import told
from core.items import Begun, Call
from tests.crash_questions import FILE, LINE, Question

Fate: TypeAlias = Literal["answered", "marked", "refused", "lost", "doubled", "wrong"]
"""Shown once; once and again with the mark; not at all, which the person was told; not, or not all of it; more than
once; in another order, in another place, or with effects that it does not tell of."""

_DOUBT = told("", [Begun(call=Call(id="", name="publish", arguments=""))])


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an answer belongs; `to` is the message that its first part replies to, where the platform has replies."""

    channel: str
    thread: str | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One message of the bot; `to` is the message it replies to."""

    shown: Shown
    to: str | None = None
    marked: bool = False

    @property
    def numbers(self) -> set[int]:
        """The questions it answers."""
        found = [match[1] for match in LINE.finditer(self.shown.text)]
        found += [match[1] for file in self.shown.files if (match := FILE.fullmatch(file.name))]
        return {int(number) for number in found}

    @property
    def pieces(self) -> list[str]:
        """What it is made of: lines and pictures, in order."""
        lines = [match[2] for match in LINE.finditer(self.shown.text)]
        return lines + [file.name for file in self.shown.files]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a question.

    Attributes:
        doubt: the answer says that nobody knows whether its skill was carried out.
        reasons: what is wrong, one sentence each; empty where nothing is.
    """

    question: Question
    fate: Fate
    doubt: bool = False
    reasons: tuple[str, ...] = ()
    seen: tuple[Seen, ...] = field(default=(), repr=False)


def judge(
    question: Question, place: Place, seen: Iterable[Seen], effects: Counter[str], *, must: bool = True
) -> Verdict:
    """Judge the answer to one question.

    Args:
        question: as it was asked.
        place: where its answer belongs.
        seen: everything the bot said, in order.
        effects: how often a skill was carried out, by "name number".
        must: the question was accepted; else it may go without an answer, but not have two or half of one.
    """
    own = tuple(one for one in seen if question.number in one.numbers)
    if not own and not must:
        return Verdict(question=question, fate="refused")
    doubt = any(_DOUBT in one.shown.text for one in own)
    fate, reasons = _shown(question, own)
    reasons += _misplaced(own, place)
    if fate in ("answered", "marked") and reasons:
        fate = "wrong"
    published = effects[f"publish {question.number}"]
    if "publish" in question.skills and own and (published > 1 or (not published and not doubt)):
        reasons.append(f"published {published} times, and the answer does not doubt it")
        fate = "wrong"
    return Verdict(question=question, fate=fate, doubt=doubt, reasons=tuple(reasons), seen=own)


def strange(seen: Iterable[Seen]) -> list[Seen]:
    """Return what the bot said that answers no question, or several at once."""
    return [one for one in seen if len(one.numbers) != 1]


def _shown(question: Question, own: Sequence[Seen]) -> tuple[Fate, list[str]]:
    wanted = [str(line) for line in range(question.lines)]
    wanted += [f"picture-{question.number}.png"] if "picture" in question.skills else []
    once = [piece for one in own if not one.marked for piece in one.pieces]
    again = [piece for one in own if one.marked for piece in one.pieces]
    if missing := [piece for piece in wanted if piece not in once + again]:
        return "lost", [f"not shown: {', '.join(missing)}"]
    if doubled := [piece for piece, times in Counter(once).items() if times > 1]:
        return "doubled", [f"shown more than once: {', '.join(doubled)}"]
    order = [wanted.index(piece) for piece in once if piece in wanted]
    reasons = [] if all(a < b for a, b in pairwise(order)) else ["shown in another order"]
    return ("marked" if again else "answered"), reasons


def _misplaced(own: Sequence[Seen], place: Place) -> list[str]:
    found = [
        f"{one.shown.id} is in {one.shown.channel}, thread {one.shown.thread}"
        for one in own
        if (one.shown.channel, one.shown.thread) != (place.channel, place.thread) or one.shown.to
    ]
    if place.to is not None and own and own[0].to != place.to:
        found.append(f"{own[0].shown.id} replies to {own[0].to} and not to the question")
    return found
