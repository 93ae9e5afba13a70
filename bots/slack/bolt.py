"""The Bolt app, which hands payloads on.

Bolt acknowledges an event before it starts its listener (slack-bolt 1.30, `AsyncioListenerRunner.run`), so a crash
between the two would lose the message for good. Payloads are therefore taken in by a global middleware, which Bolt
awaits first. It also answers everything else, so that no event type without a listener is delivered again and again.
"""

import logging
from collections.abc import Awaitable, Callable

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.intake import Intake
from core.config import SlackConfig


def bolt_app(config: SlackConfig, identity: AuthorizeResult, intake: Intake) -> AsyncApp:
    """Return a Bolt app that does nothing but hand payloads to the intake.

    `authorize` answers from memory: Bolt's own asks Slack at the first event and acknowledges it where that fails.
    Signatures are checked before Bolt sees a request, because it logs the body of one that does not match.
    """

    async def authorize() -> AuthorizeResult:
        return identity

    logger = logging.getLogger("steward.slack.bolt")
    app = AsyncApp(
        name=logger.name,  # also the name of a logger whose level Bolt changes
        logger=logger,
        signing_secret="",
        client=AsyncWebClient(base_url=config.api_url),
        authorize=authorize,
        request_verification_enabled=False,
    )
    app.use(_Take(intake))
    return app


class _Take(AsyncMiddleware):
    """Ends Bolt's way of a request: the answer is the acknowledgement."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        return BoltResponse(status=200, body=await self._intake.take(req.body) or "")
