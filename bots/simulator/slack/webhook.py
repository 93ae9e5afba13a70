"""The HTTP way: events and commands posted, signed, to the app's request URL.

https://docs.slack.dev/apis/events-api/using-http-request-urls/ and
https://docs.slack.dev/authentication/verifying-requests-from-slack/
"""

import hashlib
import hmac
import json
import time
import uuid
from urllib.parse import urlencode

import aiohttp

from bots.simulator.slack.envelope import DeliveryError, Envelope
from core.messages import JsonObject

_FORM = "application/x-www-form-urlencoded"


class Webhook:
    """Posts to the app's request URL.

    Attributes:
        url: the request URL, None while the app uses Socket Mode.
    """

    def __init__(self, signing_secret: str) -> None:
        self.url: str | None = None
        self._secret = signing_secret

    async def post(
        self,
        body: str,
        *,
        secret: str | None = None,
        timestamp: str | None = None,
        headers: dict[str, str] | None = None,
        deadline: float = 3.0,
    ) -> tuple[int, str, bool]:
        """Post a body and return the answer's status, its text and whether it forbids to try again.

        Args:
            body: what is signed and sent.
            secret: signs with another secret than the app's.
            timestamp: claims another time than now, seconds since 1970.
            headers: further ones.
            deadline: seconds to wait.

        Raises:
            DeliveryError: no answer in time.
        """
        assert self.url is not None, "the app has no request URL"
        stamp = timestamp or str(int(time.time()))
        digest = hmac.new((secret or self._secret).encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256)
        signed = {
            "Content-Type": "application/json",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest.hexdigest()}",
            **(headers or {}),
        }
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=deadline)) as session,
                session.post(self.url, data=body.encode(), headers=signed) as response,
            ):
                return response.status, await response.text(), "X-Slack-No-Retry" in response.headers
        except TimeoutError:
            raise DeliveryError("http_timeout") from None
        except aiohttp.ClientError:
            raise DeliveryError("connection_failed") from None

    async def verify(self, url: str) -> bool:
        """Set the request URL if the app answers the challenge, as the app's settings page does."""
        self.url = url
        challenge = uuid.uuid4().hex
        body = json.dumps({"token": "simulator-verification-token", "challenge": challenge, "type": "url_verification"})
        status, text, _ = await self.post(body)
        verified = status == 200 and challenge in text
        if not verified:
            self.url = None
        return verified

    async def send(self, envelope: Envelope) -> JsonObject:
        """Deliver an envelope's payload and return the answer's JSON.

        Raises:
            DeliveryError: no answer of 200 before the deadline; "no_retry" where the app wants no further attempt.
        """
        headers = {"Content-Type": "application/json" if envelope.kind == "events_api" else _FORM}
        if envelope.attempt:
            headers |= {"X-Slack-Retry-Num": str(envelope.attempt), "X-Slack-Retry-Reason": envelope.reason}
        status, text, no_retry = await self.post(_body(envelope), headers=headers, deadline=envelope.deadline)
        if status != 200:
            raise DeliveryError("no_retry" if no_retry else "http_error")
        return _answer(text)


def _body(envelope: Envelope) -> str:
    if envelope.kind == "slash_commands":
        return urlencode({name: str(value) for name, value in envelope.payload.items()})
    if envelope.kind == "interactive":
        return urlencode({"payload": json.dumps(envelope.payload)})
    return json.dumps(envelope.payload)


def _answer(text: str) -> JsonObject:
    try:
        answer = json.loads(text)
    except ValueError:
        return {"text": text} if text else {}
    return answer if isinstance(answer, dict) else {}
