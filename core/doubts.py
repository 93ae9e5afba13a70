"""Calls with effects in a chat or outside: which were carried out, which perhaps, and what people are told of them."""

import json
from collections.abc import Sequence

from core.items import Answer, Begun, Call, Done, Result, Step

ADVICE = "whether it did what it was asked is unknown. Do not call it again: tell the person."
"""What the model reads of a call that was cut off, after the reason."""

UNKNOWN = f"Error: this was cut off while it ran; {ADVICE}"
"""What the model reads as the result of a call that an earlier attempt began."""

CUT_OFF = "This was cut off while it ran."
"""What people read in its place."""

REFUSED = (
    "Error: this was not run, because an earlier call of it was cut off and may have done what it was asked. "
    "Tell the person, who can ask for it again."
)
"""What the model reads when it calls such a skill again in the same answer."""

BEFORE = "This was done for an earlier version of the question and not repeated; it gave: "
"""What the model reads, before that result, when it asks for the same once more."""


def begun(steps: Sequence[Step]) -> dict[str, Call]:
    """Return the calls of the latest answer that began to have effects and have no result, by id."""
    calls: dict[str, Call] = {}
    for step in steps:
        match step:
            case Answer():
                calls.clear()
            case Begun(call=call):
                calls[call.id] = call
            case Result(call_id=call_id):
                calls.pop(call_id, None)
    return calls


def doubtful(steps: Sequence[Step]) -> list[str]:
    """Return the names of the skills of which it is unknown whether they did what they were called for."""
    earlier = [step.call.name for step in steps if isinstance(step, Done) and step.unknown]
    unknown = [step.name for step in steps if isinstance(step, Result) and step.unknown]
    return list(dict.fromkeys([*earlier, *unknown, *(call.name for call in begun(steps).values())]))


def carried_out(steps: Sequence[Step]) -> list[str]:
    """Return the names of the skills with effects that did what they were called for, for this version alone."""
    now = done([step for step in steps if not isinstance(step, Done)])
    return list(dict.fromkeys(each.call.name for each in now if not each.unknown))


def done(steps: Sequence[Step]) -> list[Done]:
    """Return the calls with effects that were carried out, or perhaps were, those for earlier versions first."""
    found: list[Done] = []
    open_calls: dict[str, Call] = {}
    for step in steps:
        match step:
            case Done():
                found.append(step)
            case Answer():
                found += [Done(call=call, text="", unknown=True) for call in open_calls.values()]
                open_calls = {}
            case Begun(call=call):
                open_calls[call.id] = call
            case Result(call_id=call_id) if call_id in open_calls:
                call = open_calls.pop(call_id)
                if step.ok or step.unknown:
                    found.append(Done(call=call, text=step.text, unknown=step.unknown))
    return found + [Done(call=call, text="", unknown=True) for call in open_calls.values()]


def told(text: str, steps: Sequence[Step]) -> str:
    """Add to an answer which skills may or may not have done something."""
    note = ""
    if listed := _listed(doubtful(steps)):
        note = (
            f"(I do not know whether {listed} was carried out: it was cut off midway, and I did not repeat it. "
            "Please check, and ask me again if it was not.)"
        )
    return "\n\n".join(filter(None, (text, note)))


def told_failed(text: str, steps: Sequence[Step]) -> str:
    """Add to what stands in place of an answer what was done all the same, so that nobody has it done twice."""
    note = f"({listed} was carried out before that.)" if (listed := _listed(carried_out(steps))) else ""
    return told("\n\n".join(filter(None, (text, note))), steps)


def worth_remembering(steps: Sequence[Step]) -> bool:
    """Tell whether something was done, or perhaps was, of which the next answer has to know."""
    return bool(carried_out(steps) or doubtful(steps))


def _listed(names: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def told_before(done: Done) -> str:
    """Tell the model what was done for an earlier version of the question."""
    outcome = "Whether it was carried out is unknown." if done.unknown else f"It gave: {done.text}"
    return (
        f"[For an earlier version of this question {done.call.name} was called with {done.call.arguments}. {outcome}"
        " It is not undone; do not repeat it, and say so where it matters.]"
    )


def done_before(call: Call, done: Sequence[Done]) -> Done | None:
    """Return the call of an earlier version of the question that asks for the same."""
    return next((each for each in done if each.call.name == call.name and _same(each.call, call)), None)


def _same(one: Call, other: Call) -> bool:
    try:
        return bool(json.loads(one.arguments or "{}") == json.loads(other.arguments or "{}"))
    except ValueError:
        return one.arguments == other.arguments
