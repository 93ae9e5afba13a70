"""Talking to a model through the real client and a simulated server."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal

import pytest

from bots.simulator.model import ModelSimulator, Step
from core.client import connect
from core.config import ModelConfig
from core.errors import ModelError
from core.events import Restarted, TextDelta
from core.items import Answer, Item, Question
from core.model import Delta, Model, Tool
from core.protocols.patience import Patience

Api = Literal["chat", "responses"]

ROLL = Tool(
    name="roll",
    description="Roll a die.",
    parameters={"type": "object", "properties": {"sides": {"type": "integer"}}, "required": ["sides"]},
)
QUESTION: list[Item] = [Question(text="Roll a die, please.")]
EAGER = Patience(first=0.001, longest=0.002)
both_protocols = pytest.mark.parametrize("api", ["chat", "responses"])


def config(server: ModelSimulator, **settings: object) -> ModelConfig:
    return ModelConfig.model_validate({"name": "small", "base_url": server.base_url, **settings})


@asynccontextmanager
async def connected(server: ModelSimulator, **settings: object) -> AsyncIterator[Model]:
    """Start the server and connect a model to it."""
    async with server:
        model = connect(config(server, **settings), patience=EAGER)
        try:
            yield model
        finally:
            await model.close()


async def deltas(model: Model, items: Sequence[Item] = QUESTION, tools: Sequence[Tool] = (ROLL,)) -> list[Delta]:
    return [delta async for delta in model.stream("Be brief.", items, tools)]


async def answered(model: Model, items: Sequence[Item] = QUESTION, tools: Sequence[Tool] = (ROLL,)) -> Answer:
    """Ask, check that what was shown is what was answered, and return it."""
    happened = await deltas(model, items, tools)
    answer = happened[-1]
    assert isinstance(answer, Answer)
    assert shown(happened) == answer.text
    return answer


def shown(happened: Sequence[Delta]) -> str:
    """Return the text a person has seen in the end."""
    text = ""
    for delta in happened:
        if isinstance(delta, Restarted):
            text = ""
        elif isinstance(delta, TextDelta):
            text += delta.text
    return text


async def refusal(*steps: Step, server: ModelSimulator | None = None, **settings: object) -> str:
    """Return the sentence a person reads where the model fails."""
    async with connected(server or ModelSimulator(steps), **settings) as model:
        with pytest.raises(ModelError) as caught:
            await deltas(model)
    return str(caught.value)
