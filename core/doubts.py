"""Calls of which nobody knows whether they did what they were made for, and what people are told of them."""

from collections.abc import Iterable, Sequence

from core.items import Answer, Begun, Call, Result, Step

UNKNOWN = (
    "Error: this was cut off while it ran; whether it did what it was asked is unknown. "
    "Do not call it again: tell the person."
)
"""What the model reads as the result of such a call."""

REFUSED = (
    "Error: this was not run, because an earlier call of it was cut off and may have done what it was asked. "
    "Tell the person, who can ask for it again."
)
"""What the model reads when it calls such a skill again in the same answer."""


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
    unknown = [step.name for step in steps if isinstance(step, Result) and step.unknown]
    return list(dict.fromkeys([*unknown, *(call.name for call in begun(steps).values())]))


def told(text: str, names: Iterable[str]) -> str:
    """Add to an answer which skills may or may not have done something."""
    listed = " and ".join(f"`{name}`" for name in names)
    if not listed:
        return text
    note = (
        f"(I do not know whether {listed} was carried out: it was cut off midway, and I did not repeat it. "
        "Please check, and ask me again if it was not.)"
    )
    return "\n\n".join(filter(None, (text, note)))
