"""Repairing a history before it is sent: strict servers refuse one in which calls and results do not pair up."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.items import Answer, Call, Item, Result

LOST = "Error: the result of this call was lost; it is not known whether the skill ran."


def repair(items: Sequence[Item]) -> list[Item]:
    """Return a history in which every call has one result and every result a call.

    A call without result gets an error result, a result without call is dropped, and ids that repeat or are empty are
    replaced. A history that is in order is returned as it is.
    """
    repaired: list[Item] = []
    used: set[str] = set()
    position = 0
    while position < len(items):
        item = items[position]
        position += 1
        if isinstance(item, Result):
            continue
        if not isinstance(item, Answer) or not item.calls:
            repaired.append(item)
            continue
        results = _following(items, position)
        calls = tuple(_fresh(call, used) for call in item.calls)
        repaired.append(item if calls == item.calls else replace(item, calls=calls))
        repaired += _paired(item.calls, calls, results)
    return repaired


def distinct(answer: Answer) -> Answer:
    """Give the calls of an answer ids that are there and differ: servers leave them out or repeat them."""
    used: set[str] = set()
    calls = tuple(_fresh(call, used) for call in answer.calls)
    return answer if calls == answer.calls else replace(answer, calls=calls)


def _following(items: Sequence[Item], start: int) -> list[Result]:
    results: list[Result] = []
    for item in items[start:]:
        if not isinstance(item, Result):
            break
        results.append(item)
    return results


def _fresh(call: Call, used: set[str]) -> Call:
    name, number = call.id or "call", 1
    while name in used or not name or (not call.id and number == 1):
        number += 1
        name = f"{call.id or 'call'}_{number}"
    used.add(name)
    return call if name == call.id else replace(call, id=name)


def _paired(old: Iterable[Call], new: Iterable[Call], results: list[Result]) -> list[Result]:
    """Give each call its result: by id, in order where an id repeats."""
    left = list(results)
    paired: list[Result] = []
    for before, call in zip(old, new, strict=True):
        found = next((result for result in left if result.call_id == before.id), None)
        if found is None:
            paired.append(Result(call_id=call.id, name=call.name, text=LOST, ok=False))
            continue
        left.remove(found)
        paired.append(found if found.call_id == call.id else replace(found, call_id=call.id))
    return paired
