"""The plan for a request: which skills are called with what, or what is said instead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from core.items import Item, Result
from core.messages import JsonObject
from core.model import Tool
from core.practice import replies
from core.practice.clause import Clause, Span, divide
from core.practice.earlier import continued, continues, earlier, left_open
from core.practice.fill import Filler
from core.practice.index import SURE, Index
from core.practice.material import Given
from core.practice.request import LONGEST_ASKED, Request, body, readings
from core.practice.schema import Parameter, parameters
from core.practice.words import tokens

_AHEAD: Final = 0.03  # of the score; skills that are closer to each other than this are as close
_HINT: Final = 0.4  # from this score on a clause is about a skill, although not surely
_UNFILLED: Final = 0.85  # factor for a skill of which something is missing
_FILLED: Final = 1.15  # factor for a skill that is given what it works on


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One skill call."""

    name: str
    arguments: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Calls one after the other, and what is said once they are done.

    Attributes:
        helps: False where nothing of the request was understood.
    """

    steps: tuple[Step, ...] = ()
    reply: str = ""
    helps: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """A skill for a clause, as far as it can be filled.

    Attributes:
        certainty: how well the words name it, from 0 to 1.
        score: the same, higher where the clause gives what it works on.
    """

    certainty: float
    score: float
    tool: Tool
    arguments: JsonObject
    missing: tuple[Parameter, ...]


def plan(request: str, history: Sequence[Item], tools: Sequence[Tool], results: Sequence[Result] = ()) -> Plan:
    """Plan a request.

    Args:
        request: a question's text, with the author's name and the lines of its files.
        history: the conversation before it.
        tools: the skills there are.
        results: of the steps that are done; a later step may use them. The steps they belong to stay the same.
    """
    index = Index(tools)
    said = body(request, index)
    if not said or replies.is_small_talk(said):
        return Plan(reply=replies.abilities(tools))
    planner = _Planner(index, earlier(history, index, results))
    asked = left_open(history)
    whole = continued(said, history, index)
    chosen = planner.choose(whole) if continues(said) else []
    if not chosen or any(choice.missing for choice in chosen):
        chosen = planner.choose(request)
    if asked and not chosen:
        chosen = planner.choose(f"{body(asked, index)}\n{said}")
    if not chosen and whole:
        chosen = planner.choose(whole)
    if not chosen:
        return Plan(reply=replies.offers(planner.closest(request)), helps=False)
    return _steps(chosen)


class _Planner:
    """Chooses skills for the clauses of a request."""

    def __init__(self, index: Index, earlier: Given) -> None:
        self._index = index
        self._earlier = earlier

    def choose(self, text: str) -> list[_Choice]:
        """Return the skills for a request in their order; none where it is not clear."""
        clear: list[_Choice] = []
        for request in readings(text, self._index):
            chosen = [self._for_segment(request, spans) for spans in self._segments(request)]
            known = [choice for choice in chosen if choice]
            if len(known) < len(chosen):
                continue
            if not any(choice.missing for choice in known):
                return known
            clear = clear or known
        return clear

    def closest(self, text: str) -> list[Tool]:
        """Return the three skills closest to a request."""
        request = readings(text, self._index)[0]
        return [choice.tool for choice in self._ranked(Clause(request.asked, request, self._index))[:3]]

    def _segments(self, request: Request) -> list[list[Span]]:
        """Return the clauses in groups that are each for one skill: one that is not clear goes with its neighbour."""
        segments: list[list[Span]] = []
        for span in divide(request):
            both = ([span], segments[-1]) if segments else ()
            if all(self._sure(self._clause(request, spans)) for spans in both):
                segments.append([span])
            else:
                segments[-1].append(span)
        return segments

    def _for_segment(self, request: Request, spans: Sequence[Span]) -> _Choice | None:
        """Return the skill for a group of clauses; none where one of them hints at another skill."""
        choice = self._sure(self._clause(request, spans))
        for span in spans if choice and len(spans) > 1 else ():
            hint = self._ranked(self._clause(request, [span]))[0]
            if choice and hint.certainty >= _HINT and hint.tool is not choice.tool:
                return None
        return choice

    def _clause(self, request: Request, spans: Sequence[Span]) -> Clause:
        return Clause(request.asked[spans[0][0] : spans[-1][1]], request, self._index)

    def _sure(self, clause: Clause) -> _Choice | None:
        """Return the skill that a clause names; of several that are as close, the only one that lacks nothing."""
        ranked = self._ranked(clause)
        close = [choice for choice in ranked if choice.score > ranked[0].score - _AHEAD]
        ready = close if len(close) == 1 else [choice for choice in close if not choice.missing]
        return ready[0] if len(ready) == 1 and ready[0].certainty >= SURE else None

    def _ranked(self, clause: Clause) -> list[_Choice]:
        choices = [self._filled(clause, tool) for tool in self._index.tools]
        return sorted(choices, key=lambda choice: (-choice.score, choice.tool.name))

    def _filled(self, clause: Clause, tool: Tool) -> _Choice:
        filler = Filler(parameters(tool), clause.material(tool, self._earlier), self._index)
        # A request's own words are a value only where the skill is named: "shout hello", not "set a timer".
        named = not {token.stem for token in tokens(tool.name)}.isdisjoint(token.stem for token in clause.tokens)
        values = [*filler.values, filler.arguments[filler.worded]] if named and filler.worded else filler.values
        used = {token.stem for text in _texts(values) for token in tokens(text)}
        certainty = self._index.score(tool, clause.tokens, used) * (_UNFILLED if filler.missing else 1.0)
        return _Choice(
            certainty=certainty,
            score=certainty * (_FILLED if filler.is_supplied else 1.0),
            tool=tool,
            arguments=filler.arguments,
            missing=filler.missing,
        )


def _texts(value: JsonValue) -> Iterator[str]:
    """Yield the texts in a value that can be words of a clause."""
    if isinstance(value, str):
        if len(value) <= LONGEST_ASKED:
            yield value
    elif isinstance(value, list | dict):
        for inner in value if isinstance(value, list) else value.values():
            yield from _texts(inner)


def _steps(chosen: Sequence[_Choice]) -> Plan:
    """Make steps of the choices; what the step before does too is dropped, and one that lacks something ends them."""
    steps: list[Step] = []
    for choice in chosen:
        if choice.missing:
            return Plan(steps=tuple(steps), reply=replies.question(choice.tool, choice.missing))
        last = steps[-1] if steps else None
        if last and last.name == choice.tool.name and choice.arguments.items() <= last.arguments.items():
            continue
        steps.append(Step(name=choice.tool.name, arguments=choice.arguments))
    return Plan(steps=tuple(steps))
