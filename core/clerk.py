"""The clerk: asks the model about what was said, beside any answer."""

from collections.abc import Callable
from contextlib import aclosing

from core.items import Answer, Question, Usage
from core.model import Model
from core.store import Store
from core.usage import add


class Clerk:
    """Asks questions that nobody in a chat asked.

    Args:
        store: where the cost is written down.
        model: answers.
        cost: what tokens cost, in US dollars.
    """

    def __init__(self, store: Store, model: Model, *, cost: Callable[[Usage], float] = lambda _: 0.0) -> None:
        self._store = store
        self._model = model
        self._cost = cost

    async def ask(self, turn: int, instructions: str, material: str) -> str:
        """Return the model's answer, "" where it gave none; it is charged to a turn that was answered.

        Raises:
            StewardError: the model failed, or the database could not be written.
        """
        answer = Answer()
        async with aclosing(self._model.stream(instructions, [Question(text=material)], ())) as deltas:
            async for delta in deltas:
                if isinstance(delta, Answer):
                    answer = delta
        await add(self._store, turn, answer.usage, self._cost(answer.usage))
        return answer.text.strip()
