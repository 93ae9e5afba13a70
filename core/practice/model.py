"""The practice model: answers where no language model is connected."""

import json
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from core.errors import ModelError
from core.events import TextDelta
from core.items import Answer, Call, Item, Question, Result
from core.messages import Attachment
from core.model import NO_PICTURES, Delta, Pictures, Tool
from core.practice.plan import Plan, Step, plan
from core.practice.replies import NOTICE, REMINDER
from core.practice.results import summary
from core.reading import without_excerpts


class PracticeModel:
    """A `Model` without a model: it calls the skills that a request names, and says what it does not understand.

    Equal conversations get equal answers. It says in its first answer of a conversation, and where it cannot help,
    that no language model is connected.

    Args:
        announced: people were told `NOTICE` already, before they asked.
    """

    def __init__(self, *, announced: bool = False) -> None:
        self._announced = announced

    async def stream(
        self, instructions: str, items: Sequence[Item], tools: Sequence[Tool], pictures: Pictures = NO_PICTURES
    ) -> AsyncGenerator[Delta, None]:
        """Answer the last question; see `Model.stream`."""
        asked = [
            replace(item, text=without_excerpts(item.text)) if isinstance(item, Question) else item for item in items
        ]
        answer = replace(respond(asked, tools, announced=self._announced), unseen=tuple(pictures))
        for piece in re.findall(r"\s*\S+\s*$|\s*\S+", answer.text):
            yield TextDelta(text=piece)
        yield answer

    async def transcribe(self, clip: Attachment) -> str:
        """Say that it cannot listen."""
        raise ModelError("No language model is connected, and without one I cannot listen to voice clips.")

    async def close(self) -> None:
        """Do nothing: there is no connection."""


def respond(items: Sequence[Item], tools: Sequence[Tool], *, announced: bool = False) -> Answer:
    """Return the next answer of a conversation: the plan's next call, or the text that ends the turn."""
    asked = max((place for place, item in enumerate(items) if isinstance(item, Question)), default=-1)
    history, turn = items[: max(asked, 0)], items[asked + 1 :]
    question = items[asked] if asked >= 0 else Question(text="")
    calls = [call for item in turn if isinstance(item, Answer) for call in item.calls]
    results = [item for item in turn if isinstance(item, Result)]
    planned = Plan()
    if tools:
        planned = plan(question.text, history, tools, results)
        if step := _next(planned.steps, calls):
            call = Call(id=f"practice_{len(calls) + 1}", name=step.name, arguments=_arguments(step))
            return Answer(calls=(call,))
    said = announced or any(isinstance(item, Answer) and NOTICE in item.text for item in history)
    helps = planned.helps and bool(results or planned.reply)
    parts = ("" if said else NOTICE, summary(results), planned.reply, REMINDER if said and not helps else "")
    return Answer(text="\n\n".join(filter(None, parts)))


def _next(steps: Sequence[Step], calls: Sequence[Call]) -> Step | None:
    """Return the first step that was not called yet, in the plan's order."""
    step = next(iter(steps[len(calls) :]), None)
    done = {(call.name, call.arguments) for call in calls}
    return None if step is None or (step.name, _arguments(step)) in done else step


def _arguments(step: Step) -> str:
    return json.dumps(step.arguments, ensure_ascii=False)
