"""A local model server that speaks OpenAI's two protocols and follows a script."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from aiohttp import web

from bots.simulator.model import chat, responses
from bots.simulator.model.audio import Heard, Transcription
from bots.simulator.model.checks import complaint
from bots.simulator.model.request import Api, Request
from bots.simulator.model.script import Failed, Rule, Said, Step, disappointment
from bots.simulator.model.wire import Wire, refusal


class ModelSimulator:
    """An OpenAI-compatible server on 127.0.0.1; leaving the context fails where the script was not followed.

    Args:
        script: the steps in order, each consumed by one request; or a rule, which finds the answer to any request and
            raises `AssertionError` at one that should not have come.
        api_key: the key that requests must carry; None accepts any.
        models: the names of the models there are; none accepts any.
        formats: the kinds of `response_format` the server knows.
        refused: request parameters the server does not know and answers with 400.
        blind: what a server answers to pictures whose model does not see; None: it sees.
        heard: what is said in each voice clip, in order; None: the server does not transcribe.
        port: 0 takes a free one.

    Attributes:
        requests: everything that was asked, refusals included, oldest first.
        mistakes: requests without a step left, not meeting their expectation, that the rule does not know, or that a
            strict server refuses.
        transcription: the voice clips that were sent.

    Raises:
        AssertionError: on leaving, when there are mistakes or steps that no request consumed.
    """

    def __init__(
        self,
        script: Iterable[Step] | Rule = (),
        *,
        api_key: str | None = None,
        models: Sequence[str] = (),
        formats: Sequence[str] = ("json_schema", "json_object"),
        refused: Sequence[str] = (),
        blind: Failed | None = None,
        heard: Sequence[Heard] | None = None,
        port: int = 0,
    ) -> None:
        self.requests: list[Request] = []
        self.mistakes: list[str] = []
        self.base_url = ""
        self._rule = script if callable(script) else None
        self._steps: list[Step] = [] if callable(script) else list(script)
        self._api_key = api_key
        self._models = tuple(models)
        self._formats = frozenset(formats)
        self._refused = frozenset(refused)
        self._blind = blind
        self._port = port
        self._sealed: dict[str, str] = {}
        self._closing = asyncio.Event()
        self.transcription = Transcription(heard, self._closing)
        self._runner: web.AppRunner | None = None

    def add(self, *steps: Step) -> None:
        """Append steps to the script."""
        self._steps += steps

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=64 * 1024**2)
        application.router.add_get("/v1/models", self._list_models)
        application.router.add_post("/v1/chat/completions", self._chat)
        application.router.add_post("/v1/responses", self._responses)
        application.router.add_post("/v1/audio/transcriptions", self._transcribe)
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.set()
        assert self._runner is not None
        await self._runner.cleanup()
        found = [*self.mistakes, *self.transcription.mistakes]
        found += [f"never asked for: {step}" for step in (*self._steps, *self.transcription.left)]
        if not found:
            return
        report = "the model's script was not followed:\n- " + "\n- ".join(found)
        if error is None:
            raise AssertionError(report)
        error.add_note(report)

    async def _list_models(self, request: web.Request) -> web.StreamResponse:
        if not self._authorized(request):
            return refusal(_WRONG_KEY)
        names = self._models or ("simulated",)
        data = [{"id": name, "object": "model", "created": 1_760_000_000, "owned_by": "simulator"} for name in names]
        return web.json_response({"object": "list", "data": data})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "chat")

    async def _responses(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "responses")

    async def _transcribe(self, request: web.Request) -> web.StreamResponse:
        if not self._authorized(request):
            return refusal(_WRONG_KEY)
        return await self.transcription.answer(request)

    async def _answer(self, http: web.Request, api: Api) -> web.StreamResponse:
        body = json.loads(await http.read())
        headers = {name.lower(): value for name, value in http.headers.items()}
        peer = str(http.transport.get_extra_info("peername")) if http.transport else ""
        request = Request(api=api, body=body, headers=headers, peer=peer)
        self.requests.append(request)
        number = len(self.requests)
        step = self._refuse(http, request) or self._next(request)
        if isinstance(step, Said) and step.reasoning and api == "responses":
            thought = responses.reasoning_id(number)
            self._sealed |= {chat.call_id(number, index): thought for index in range(len(step.calls))}
        return await Wire(http, request, number, self._closing).send(step)

    def _authorized(self, http: web.Request) -> bool:
        return self._api_key is None or http.headers.get("Authorization") == f"Bearer {self._api_key}"

    def _refuse(self, http: web.Request, request: Request) -> Failed | None:
        if not self._authorized(http):
            return _WRONG_KEY
        if self._models and request.body.get("model") not in self._models:
            message = f"The model `{request.body.get('model')}` does not exist or you do not have access to it."
            return Failed(status=404, message=message, code="model_not_found", param="model")
        for name in sorted(self._refused & request.body.keys()):
            return Failed(
                status=400, message=f"Unsupported parameter: '{name}'.", param=name, code="unsupported_parameter"
            )
        if (kind := request.format) and kind not in self._formats:
            message = f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model."
            return Failed(status=400, message=message, param="response_format")
        if self._blind and request.pictures:
            return self._blind
        if found := complaint(request, self._sealed):
            return self._mistake(request, found)
        return None

    def _next(self, request: Request) -> Step:
        if self._rule is not None:
            return self._follow(self._rule, request)
        if not self._steps:
            return self._mistake(request, f"no step is left; the request says: {request.digest!r}")
        step = self._steps.pop(0)
        if found := disappointment(step, request):
            return self._mistake(request, found)
        return step

    def _follow(self, rule: Rule, request: Request) -> Step:
        try:
            return rule(request)
        except AssertionError as error:
            return self._mistake(request, str(error))

    def _mistake(self, request: Request, found: str) -> Failed:
        self.mistakes.append(f"request {len(self.requests)} ({request.api}): {found}")
        return Failed(status=400, message=found)


_WRONG_KEY = Failed(status=401, message="Incorrect API key provided.", code="invalid_api_key")
