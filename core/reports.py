"""Reports: how an answer came about, for the person who asks why, and what it cost."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import TypeAdapter

from core.config import Price
from core.items import Answer, Call, Done, Item, Result, Usage

_ECHO: Final = 2_000
"""Characters of a result with effects that are kept, for the case that the question is answered anew."""

_LONGEST: Final = 300
"""Characters of a call's arguments that are shown."""

_MOST: Final = 20
"""Calls that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A skill that was called for an answer.

    Attributes:
        effects: it changes something in a chat or outside.
        text: the beginning of what the model read as its result; of one without effects nothing.
        unknown: nobody knows whether it was carried out.
        age: seconds since an earlier call gave the result that was used again; None where it was called.
    """

    call: Call
    ok: bool
    effects: bool = False
    text: str = ""
    unknown: bool = False
    age: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How an answer came about.

    Attributes:
        model: its name; empty where no model was asked.
        asked: how often the model was asked.
        usage: the tokens of all its answers.
        cost: in US dollars, 0 where no price is known.
        ran: the skills, in the order of their results.
        recalled: earlier questions of the channel that the model was given to read.
        facts: remembered facts that it was given to read.
        summarized: it was given a summary of what was said before those.
        read: names of the files that came with the question.
        made: names of the files that were made.
        done: what had been carried out for earlier versions of the question.
    """

    model: str = ""
    asked: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: float = 0.0
    ran: tuple[Ran, ...] = ()
    recalled: int = 0
    facts: int = 0
    summarized: bool = False
    read: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    done: tuple[Done, ...] = ()


_reports: TypeAdapter[Report] = TypeAdapter(Report)


def dump_report(report: Report) -> str:
    """Write a report as JSON."""
    return _reports.dump_json(report).decode()


def load_report(text: str) -> Report:
    """Read what `dump_report` wrote."""
    return _reports.validate_json(text)


def cost_of(usage: Usage, price: Price) -> float:
    """Return what a model call cost, in US dollars."""
    cached = price.input if price.cached is None else price.cached
    fresh = max(0, usage.input - usage.cached)
    return (fresh * price.input + usage.cached * cached + usage.output * price.output) / 1_000_000


def ran(call: Call, result: Result, *, effects: bool) -> Ran:
    """Say how a call went."""
    text = result.text[:_ECHO] if effects else ""
    age = time.time() - result.cached_at if result.cached_at else None
    return Ran(call=call, ok=result.ok, effects=effects, text=text, unknown=result.unknown, age=age)


def results_of(items: Sequence[Item]) -> list[tuple[Call, Result]]:
    """Return each result with its call, in order."""
    found: list[tuple[Call, Result]] = []
    calls: dict[str, Call] = {}
    for item in items:
        if isinstance(item, Answer):
            calls = {call.id: call for call in item.calls}
        elif isinstance(item, Result) and item.call_id in calls:
            found.append((calls[item.call_id], item))
    return found


def total(usages: list[Usage]) -> Usage:
    """Add up the tokens of several model calls."""
    return Usage(
        input=sum(usage.input for usage in usages),
        output=sum(usage.output for usage in usages),
        cached=sum(usage.cached for usage in usages),
    )


def explain(report: Report) -> str:
    """Write a report for a person, in Markdown."""
    lines = ["**How this answer came about**", _model(report)]
    if report.recalled:
        lines.append(f"- Messages used: the question and {_count(report.recalled, 'earlier one')} of this conversation")
    else:
        lines.append("- Messages used: the question alone")
    if report.summarized:
        lines.append("- A summary of what was said before")
    if report.facts:
        lines.append(f"- {_count(report.facts, 'remembered fact')}")
    for title, names in (("Files used", report.read), ("Files made", report.made)):
        if names:
            lines.append(f"- {title}: {', '.join(_code(name) for name in names)}")
    lines += [_ran(ran) for ran in report.ran[:_MOST]] or ["- No skill was called"]
    if len(report.ran) > _MOST:
        lines.append(f"- … and {_count(len(report.ran) - _MOST, 'more call')}")
    return "\n".join(lines)


def _model(report: Report) -> str:
    if not report.model:
        return "- No language model was asked: the skill was called directly"
    if not report.asked:
        return f"- Model: {_code(report.model)}, which gave no answer"
    usage = report.usage
    tokens = f"{usage.input:,} tokens read ({usage.cached:,} of them from the server's cache), {usage.output:,} written"
    cost = f", about ${report.cost:.4f}" if report.cost else ""
    return f"- Model: {_code(report.model)}, asked {_times(report.asked)}: {tokens}{cost}"


def _ran(ran: Ran) -> str:
    arguments = ran.call.arguments
    shown = arguments if len(arguments) <= _LONGEST else f"{arguments[:_LONGEST]}…"
    outcome = "outcome unknown" if ran.unknown else "done" if ran.ok else "failed"
    cached = "" if ran.age is None else f", as {_ago(ran.age)} ago (cached)"
    return f"- Skill {_code(ran.call.name)} with {_code(shown or '{}')}: {outcome}{cached}"


def _ago(seconds: float) -> str:
    """Write a length of time in its largest unit."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return _count(int(seconds // size), unit)
    return _count(int(seconds), "second")


def _code(text: str) -> str:
    """Show text as it is, on one line; a backtick in it would end it early."""
    return f"`{' '.join(text.replace('`', 'ˋ').split())}`"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
