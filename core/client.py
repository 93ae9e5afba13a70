"""The language model behind the `Model` seam: OpenAI and compatible servers."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from core.config import ModelConfig
from core.errors import ContextOverflowError, ModelError
from core.exchange import Exchange
from core.items import Answer, Item
from core.messages import Attachment
from core.model import NO_PICTURES, Delta, Model, Pictures, Tool
from core.protocols.api import Ask
from core.protocols.chat import ChatApi
from core.protocols.concessions import Concessions
from core.protocols.faults import RequestFailedError
from core.protocols.jsonask import in_json
from core.protocols.patience import Patience
from core.protocols.responses import ResponsesApi
from core.redaction import Redactor
from core.reports import cost_of
from core.telemetry import current_turn
from core.transport import Transport

log = logging.getLogger("steward.model")

DEAF: Final = "The language model's server offers no transcription, so I cannot listen to voice clips."
_NONE_THERE: Final = frozenset({404, 405, 410, 501})
"""What servers without transcription answer."""


def connect(config: ModelConfig, *, patience: Patience | None = None) -> Model:
    """Return the configured language model; nothing is sent yet.

    Args:
        config: the configuration's `model`.
        patience: how long to wait between tries.

    Raises:
        OperatorError: `base_url` is not an address.
    """
    return OpenAIModel(config, patience=patience or Patience())


class OpenAIModel:
    """A model at OpenAI or a compatible server."""

    def __init__(self, config: ModelConfig, *, patience: Patience) -> None:
        self._config = config
        self._patience = patience
        self._transport = Transport(config)
        self._api = ChatApi() if config.api == "chat" else ResponsesApi()
        self._concessions = Concessions(blind=config.pictures == "never")
        self._deaf = config.transcription == "none"
        self._redact = Redactor([config.api_key.get_secret_value()] if config.api_key else ())

    async def stream(
        self, instructions: str, items: Sequence[Item], tools: Sequence[Tool], pictures: Pictures = NO_PICTURES
    ) -> AsyncGenerator[Delta, None]:
        """Answer the last item."""
        exchange = self._exchange(instructions, items, tools, pictures)
        started = time.perf_counter()
        try:
            async with aclosing(exchange.run()) as deltas:
                async for delta in deltas:
                    if isinstance(delta, Answer):
                        self._report(delta, exchange, time.perf_counter() - started)
                    yield delta
        except RequestFailedError as error:
            seconds = time.perf_counter() - started
            log.error(
                "turn %d model %s failed after %.3f s and %d retries: %s",
                current_turn.get(),
                self._config.name,
                seconds,
                exchange.retried,
                error.refusal or error,
                exc_info=None if error.refusal else error,
            )
            kind = ContextOverflowError if error.refusal and error.refusal.too_long else ModelError
            raise kind(self._redact(str(error))) from error

    async def close(self) -> None:
        """Close the connections to the server."""
        await self._transport.close()

    async def transcribe(self, clip: Attachment) -> str:
        """Return what is said in a voice clip, at the server's own model for that.

        That a server has none is remembered.
        """
        if self._deaf:
            raise ModelError(DEAF)
        try:
            return await self._transcribed(clip)
        except RequestFailedError as error:
            self._deaf = _has_none(error)
            log.warning("turn %d no transcription: %s", current_turn.get(), error.refusal or error)
            raise ModelError(DEAF if self._deaf else self._redact(str(error))) from error

    async def _transcribed(self, clip: Attachment) -> str:
        tries = 0
        while True:
            try:
                return await self._transport.transcribe(clip, self._config.transcription)
            except RequestFailedError as error:
                tries += 1
                if not error.again or error.timed_out or _has_none(error) or tries > self._config.retries:
                    raise
                wait = error.wait
            await asyncio.sleep(self._patience.delay(tries, wait))

    def _exchange(
        self, instructions: str, items: Sequence[Item], tools: Sequence[Tool], pictures: Pictures
    ) -> Exchange:
        native = Ask(
            model=self._config.name,
            instructions=instructions,
            items=items,
            tools=tools,
            temperature=self._config.temperature,
            pictures=pictures,
        )
        ask = in_json(native) if self._config.tools == "json" else native
        return Exchange(
            ask,
            transport=self._transport,
            api=self._api,
            concessions=self._concessions,
            patience=self._patience,
            retries=self._config.retries,
            in_json=ask is not native,
        )

    def _report(self, answer: Answer, exchange: Exchange, seconds: float) -> None:
        usage = answer.usage
        cost = cost_of(usage, self._config.price)
        log.info(
            "turn %d model %s answered in %.3f s: %d input tokens (%d cached), %d output, %d calls, %d retries%s",
            current_turn.get(),
            self._config.name,
            seconds,
            usage.input,
            usage.cached,
            usage.output,
            len(answer.calls),
            exchange.retried,
            f", {cost:.6f} USD" if cost else "",
        )


def _has_none(error: RequestFailedError) -> bool:
    return error.refusal is not None and error.refusal.status in _NONE_THERE
