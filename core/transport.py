"""The way to a model's server: requests out, the events of streamed answers in, through the `openai` client."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final
from urllib.parse import urlsplit

import httpx2
import openai
from openai import AsyncOpenAI, AsyncStream

from core.config import ModelConfig
from core.errors import OperatorError
from core.messages import Attachment, JsonObject
from core.protocols.faults import RequestFailedError, fault_of, refusal_of
from core.protocols.patience import retry_after
from core.protocols.sse import EventDecoder
from core.redaction import Redactor

log = logging.getLogger("steward.model")

_OPENAI: Final = "https://api.openai.com/v1"
_CONNECT: Final = 10.0
# A server that sends signs of life but no answer, in headers or in the body, is given up after this many timeouts.
_LONGEST: Final = 10


class Transport:
    """Sends requests and yields the data of the events that come back."""

    def __init__(self, config: ModelConfig) -> None:
        self._model = config.name
        self._timeout = config.timeout
        self._longest = config.timeout * _LONGEST
        key = config.api_key.get_secret_value() if config.api_key else ""
        self._client = AsyncOpenAI(
            api_key=key or "none",
            base_url=_address(config.base_url or _OPENAI),
            timeout=httpx2.Timeout(config.timeout, connect=min(config.timeout, _CONNECT)),
            max_retries=0,
        )
        # The client fills these in from OPENAI_… variables; only the configuration decides what a server is told.
        self._client.organization = self._client.project = self._client.admin_api_key = None
        self._client._custom_headers = {}  # OPENAI_CUSTOM_HEADERS has no other way out

    async def events(self, path: str, body: JsonObject) -> AsyncGenerator[str, None]:
        """Send a request and yield each event's data, or the whole body where the server does not stream.

        Raises:
            RequestFailedError: there was no answer, or it broke off.
        """
        latest = asyncio.get_running_loop().time() + self._longest
        try:
            async with asyncio.timeout_at(latest):
                response = await self._post(path, body)
            try:
                async with aclosing(self._decoded(response, latest)) as events:
                    async for data in events:
                        yield data
            finally:
                await response.aclose()
        except TimeoutError as error:
            raise RequestFailedError(_timed_out(self._longest)) from error
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise self._fault(error, self._model) from error

    async def transcribe(self, clip: Attachment, model: str) -> str:
        """Send a sound file and return what is said in it.

        https://platform.openai.com/docs/api-reference/audio/createTranscription

        Args:
            clip: with its content; servers tell the format by the end of its name.
            model: the one that transcribes.

        Raises:
            RequestFailedError: there was no answer.
        """
        file = (clip.filename, clip.content or b"", clip.media_type)
        try:
            async with asyncio.timeout(self._longest):
                answer: object = await self._client.audio.transcriptions.create(
                    file=file, model=model, response_format="json"
                )
        except TimeoutError as error:
            raise RequestFailedError(_timed_out(self._longest), timed_out=True) from error
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise self._fault(error, model) from error
        text = answer if isinstance(answer, str) else getattr(answer, "text", None)
        if not isinstance(text, str):
            raise RequestFailedError("The language model's server answered with something else than a transcription.")
        return text

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _post(self, path: str, body: JsonObject) -> httpx2.Response:
        # Written here and not by the client: it fails on half a surrogate pair, which a history may hold.
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        log.debug("asking %s at %s with %d bytes", self._model, path, len(content))
        # `stream` without a literal value is the overload that admits to returning the raw response.
        stream: bool = True
        response = await self._client.post(
            path, cast_to=httpx2.Response, content=content, stream=stream, stream_cls=AsyncStream[object]
        )
        assert isinstance(response, httpx2.Response)
        return response

    async def _decoded(self, response: httpx2.Response, latest: float) -> AsyncGenerator[str, None]:
        kind = response.headers.get("content-type", "")
        if "html" in kind:
            raise RequestFailedError("model.base_url leads to a web page, not to a language model's server.")
        if "json" in kind:
            async with asyncio.timeout_at(latest):
                whole = await response.aread()
            yield whole.decode("utf-8", "replace")
            return
        decoder, loop = EventDecoder(), asyncio.get_running_loop()
        async for chunk in response.aiter_bytes():
            for data in decoder.feed(chunk):
                yield data
            if loop.time() > latest:
                raise TimeoutError
        for data in decoder.end():
            yield data

    def _fault(self, error: Exception, model: str) -> RequestFailedError:
        if isinstance(error, openai.APIStatusError):
            refusal = refusal_of(error.body, status=error.status_code)
            return fault_of(refusal, model=model, wait=retry_after(error.response.headers))
        timed_out = isinstance(error.__cause__ or error, httpx2.TimeoutException)
        return RequestFailedError(self._lost(error), again=True, timed_out=timed_out)

    def _lost(self, error: Exception) -> str:
        cause = error.__cause__ if isinstance(error, openai.OpenAIError) else error
        if isinstance(cause, httpx2.TimeoutException) and not isinstance(cause, httpx2.ConnectTimeout):
            return _timed_out(self._timeout)
        if isinstance(error, openai.OpenAIError):
            return "The language model's server cannot be reached. Please try again later."
        return "The language model's answer broke off. Please try again."


def _address(url: str) -> httpx2.URL:
    """Check an address now: a port or a host name that cannot be would fail only at the first request, obscurely."""
    try:
        parts = urlsplit(url)
        if not parts.hostname or parts.port == 0:
            raise ValueError("no host or no port")
        parts.hostname.encode("idna")
        return httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError) as error:
        raise OperatorError(f"model.base_url is not an address: {Redactor()(url)}") from error


def _timed_out(seconds: float) -> str:
    return f"The language model's server did not answer within {seconds:g} seconds. Please try again."
