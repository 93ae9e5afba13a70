"""One answer of a language model, with the tries it takes."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Final

from core.events import Restarted, TextDelta
from core.items import Answer, Call, Question, Usage
from core.messages import JsonObject
from core.model import Delta
from core.protocols.api import Api, Ask, Reader
from core.protocols.concessions import Concessions, cannot_see
from core.protocols.faults import RequestFailedError
from core.protocols.jsonask import CORRECTION
from core.protocols.jsonread import JsonReader
from core.protocols.patience import Patience
from core.protocols.pictures import shown
from core.protocols.surrogates import Pairing
from core.telemetry import current_turn
from core.transport import Transport
from core.unicode import well_formed

log = logging.getLogger("steward.model")

BROKE_OFF: Final = "The language model's answer broke off. Please try again."
FILTERED: Final = "The language model's content filter held this answer back."
CUT: Final = "_(Cut here: the answer reached the language model's limit.)_"
WITHHELD: Final = "_(Cut here: the language model's content filter held the rest back.)_"

# How long a connection may take to end after the answer is complete, so that it can be used again.
_GRACE: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Another try: why, and after how many seconds."""

    reason: str
    delay: float


class Exchange:
    """Asks until there is an answer, or none can be had.

    Args:
        ask: the request.
        in_json: whether the answer is a JSON object that holds calls and text.
        retries: how often a failed request is sent again; after a silence, once: somebody is waiting.

    Attributes:
        retried: how often it was.
        usage: the tokens of all answers, of those too that had to be corrected.
    """

    def __init__(
        self,
        ask: Ask,
        *,
        transport: Transport,
        api: Api,
        concessions: Concessions,
        patience: Patience,
        retries: int,
        in_json: bool,
    ) -> None:
        self.retried = 0
        self.usage = Usage()
        self._ask = ask
        self._offered = shown(ask)
        self._seen = self._offered
        self._found_blind = False
        self._transport = transport
        self._api = api
        self._concessions = concessions
        self._patience = patience
        self._retries = retries
        self._in_json = in_json
        self._corrected = False
        self._silences = 0
        self._shown: list[str] = []

    async def run(self) -> AsyncGenerator[Delta, None]:
        """Yield text as it comes, `Restarted` where it does not count, and last the answer.

        Raises:
            RequestFailedError: no answer could be had.
        """
        while True:
            reader = self._reader()
            body = self._body()
            try:
                async with aclosing(self._read(reader, body)) as texts:
                    async for text in texts:
                        self._shown.append(text)
                        yield TextDelta(text=text)
                again = self._correct(reader)
            except RequestFailedError as error:
                again = self._after(error, reader, body)
            if again is None:
                break
            if self._shown:
                self._shown.clear()
                yield Restarted(reason=again.reason)
            await asyncio.sleep(again.delay)
        answer = self._finished(reader)
        shown = "".join(self._shown)
        if answer.text.startswith(shown) and len(answer.text) > len(shown):
            yield TextDelta(text=answer.text[len(shown) :])
        yield answer

    def _reader(self) -> Reader:
        reader = self._api.reader(self._ask.model)
        return JsonReader(reader) if self._in_json else reader

    def _body(self) -> JsonObject:
        fitted = self._concessions.fit(self._ask)
        self._seen = shown(fitted)
        return self._concessions.trim(self._api.encode(fitted))

    async def _read(self, reader: Reader, body: JsonObject) -> AsyncGenerator[str, None]:
        pairing = Pairing()
        async with aclosing(self._transport.events(self._api.path, body)) as events:
            async for data in events:
                try:
                    text = pairing.feed(reader.feed(data))
                except ValueError as error:
                    raise RequestFailedError(BROKE_OFF, again=True) from error
                if text:
                    yield text
                if reader.closed:
                    break
            with suppress(TimeoutError):
                async with asyncio.timeout(_GRACE if reader.closed else None):
                    async for _ in events:
                        pass
        if not reader.finish:
            raise RequestFailedError(BROKE_OFF, again=True)

    def _correct(self, reader: Reader) -> Again | None:
        if self._corrected or not isinstance(reader, JsonReader) or not reader.broken:
            return None
        self._corrected = True
        broken = reader.answer()
        self._count(broken.usage)
        items = [*self._ask.items, Answer(text=reader.written), Question(text=CORRECTION)]
        self._ask = replace(self._ask, items=items)
        return Again(reason="the answer was not in the agreed form", delay=0.0)

    def _after(self, error: RequestFailedError, reader: Reader, body: JsonObject) -> Again | None:
        if reader.finish and error.refusal is None:
            return None  # the answer was complete, only the end of the connection was not
        conceded = error.refusal and self._concessions.concede(error.refusal, self._ask, body)
        if error.refusal and conceded:
            log.warning(
                "turn %d model %s: the server refused something, asking without: %s",
                current_turn.get(),
                self._ask.model,
                error.refusal,
            )
            self._found_blind = self._found_blind or (
                bool(shown(self._ask) - shown(conceded)) and cannot_see(error.refusal)
            )
            self._ask = conceded
            return Again(reason="the server refused something", delay=0.0)
        self._silences += error.timed_out
        if not error.again or self.retried >= self._retries or self._silences > 1:
            raise error
        self.retried += 1
        delay = self._patience.delay(self.retried, error.wait)
        log.warning(
            "turn %d model %s: %s Asking again in %.2f s, %d of %d",
            current_turn.get(),
            self._ask.model,
            error,
            delay,
            self.retried,
            self._retries,
        )
        return Again(reason=str(error), delay=delay)

    def _finished(self, reader: Reader) -> Answer:
        answer = reader.answer()
        self._count(answer.usage)
        if reader.finish == "filtered" and not answer.text and not answer.calls:
            raise RequestFailedError(FILTERED)
        notes = {"length": CUT, "filtered": WITHHELD}
        note = "" if answer.calls else notes.get(reader.finish, "")
        text = "\n\n".join(filter(None, (well_formed(answer.text), note)))
        calls = tuple(
            Call(id=well_formed(call.id), name=well_formed(call.name), arguments=well_formed(call.arguments))
            for call in answer.calls
        )
        if self._found_blind:  # and without the pictures it did answer
            self._concessions.blind = True
        unseen = tuple(sorted(self._offered - self._seen))
        return replace(answer, text=text, calls=calls, usage=self.usage, unseen=unseen)

    def _count(self, usage: Usage) -> None:
        self.usage = Usage(
            input=self.usage.input + usage.input,
            output=self.usage.output + usage.output,
            cached=self.usage.cached + usage.cached,
        )
