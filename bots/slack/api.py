"""The Web API's client: how often it repeats a call, and what its failures mean."""

import asyncio
import logging
import random
import re
from typing import Final
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError, SlackRequestError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient

from core.config import SlackConfig
from core.errors import PlatformError

TIMEOUT: Final = 30
"""Seconds for one call of the Web API."""

TIMEOUTS: Final = aiohttp.ClientTimeout(total=300, sock_connect=TIMEOUT, sock_read=TIMEOUT)
"""Those of a connection that is kept, on which large files go up and down too."""

LONGEST_PAUSE: Final = 30.0
"""Seconds: a longer `Retry-After` is left to whoever waits for the answer."""

# RuntimeError: the connection was closed while a call paused. The last three are what slack-sdk 3.47 raises on answers
# it does not expect: an error page as text/plain (AsyncSlackResponse.validate), bytes that are no text, a missing
# field (files_upload_v2).
TROUBLE: Final = (
    SlackClientError,
    aiohttp.ClientError,
    OSError,
    RuntimeError,
    AttributeError,
    ValueError,
    TypeError,
)

_WORD: Final = re.compile(r"\w{1,80}")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_TRANSIENT: Final = frozenset(
    {"ratelimited", "rate_limited", "message_limit_exceeded", "fatal_error", "internal_error", "service_unavailable"}
    | {"request_timeout", "team_added_to_org", "streaming_state_conflict"}
)
_UNCERTAIN: Final = frozenset({"fatal_error", "internal_error", "service_unavailable", "request_timeout"})
_UNSUPPORTED: Final = frozenset({"missing_scope", "unknown_method", "not_allowed_token_type", "method_deprecated"})
_BAD_TOKEN: Final = {
    "invalid_auth": "",
    "not_authed": "it is empty",
    "not_allowed_token_type": "it is a token of another kind",
    "missing_scope": "it lacks a scope; an app-level token needs connections:write",
    "account_inactive": "its app was removed from the workspace",
    "token_revoked": "",
    "token_expired": "",
}
_REASONS: Final = {
    "not_in_channel": "I am not a member of this channel; invite me with /invite",
    "channel_not_found": "I am not a member of this channel; invite me with /invite",
    "is_archived": "the channel is archived",
    "missing_scope": "the app lacks a permission; update it with `steward manifest slack` and install it again",
    "restricted_action": "a setting of the workspace does not let me write here",
    "storage_limit_reached": "the workspace has no room for more files",
    "invalid_auth": "slack.bot_token is not valid",
    "token_revoked": "slack.bot_token was revoked",
    "account_inactive": "slack.bot_token belongs to an app that was removed",
}


class RateLimitRetry(AsyncRetryHandler):
    """Repeat a call that was refused with 429 after the pause Slack asks for, and no other.

    The SDK's default repeats a call whose connection was lost, which can post a message twice, and does not know 429.
    """

    def __init__(self) -> None:
        super().__init__(max_retry_count=3)

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        return response is not None and response.status_code == 429 and _pause(response) <= LONGEST_PAUSE

    async def prepare_for_next_attempt_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> None:
        """Wait."""
        state.next_attempt_requested = True
        pause = _pause(response) if response is not None else 1.0
        await asyncio.sleep(pause + random.uniform(0.0, 0.25))  # noqa: S311 - spreads calls, protects nothing
        state.increment_current_attempt()


def web_client(config: SlackConfig, *, patient: bool = True) -> AsyncWebClient:
    """Return a client of the configured Web API; one that is not patient gives up on 429 at once."""
    client = AsyncWebClient(
        token=config.bot_token.get_secret_value() if config.bot_token else None,
        base_url=config.api_url,
        timeout=TIMEOUT,
        retry_handlers=[RateLimitRetry()] if patient else [],
        logger=logging.getLogger("steward.slack.api"),
    )
    if without_proxy(config.api_url):
        client.proxy = None
    return client


def without_proxy(address: str) -> bool:
    """Tell whether an address is reached directly: slack-sdk reads HTTPS_PROXY and its like, but not NO_PROXY."""
    return is_local(address) or bool(proxy_bypass(urlsplit(address).hostname or ""))


def is_local(address: str) -> bool:
    """Tell whether an address is this machine's own."""
    return urlsplit(address).hostname in _LOOPBACK


def code(error: Exception) -> str:
    """Return Slack's word for what is wrong, "" where the answer has none, or has anything else in its place."""
    answer: object = getattr(error.response, "data", None) if isinstance(error, SlackApiError) else None
    word = answer.get("error") if isinstance(answer, dict) else None
    return word if isinstance(word, str) and _WORD.fullmatch(word) else ""


def unsupported(error: Exception) -> bool:
    """Tell whether a method is not to be had here at all; a page that comes in place of an answer is none."""
    if code(error) in _UNSUPPORTED:
        return True
    if not isinstance(error, SlackApiError):
        return False
    # slack-sdk hands out {} where the body is of another type than JSON
    return _status(error) in (404, 405, 501) or (_status(error) == 200 and getattr(error.response, "data", None) == {})


def uncertain(error: Exception) -> bool:
    """Tell whether the call may have been performed although it failed here."""
    if isinstance(error, SlackApiError) and _status(error) != 429:
        return not code(error) or code(error) in _UNCERTAIN
    return not isinstance(error, SlackApiError | aiohttp.ClientConnectorError)


def refused_token(error: Exception, key: str) -> PlatformError | None:
    """Name the setting that Slack refused at the start, None where something else is wrong."""
    word = code(error)
    if word not in _BAD_TOKEN:
        return None
    hint = f": {_BAD_TOKEN[word]}" if _BAD_TOKEN[word] else ""
    return PlatformError(f"Slack refused {key} ({word}){hint}.", permanent=True)


def failure(error: Exception, doing: str, *, spared: bool = False) -> PlatformError:
    """Say in one sentence what could not be done, such as "post the answer", and why.

    `spared` says that people can do without it, so that it is not tried again where the method is not to be had.
    """
    problem = _failure(error, doing)
    if spared and unsupported(error):
        return PlatformError(str(problem), permanent=True)
    return problem


def _failure(error: Exception, doing: str) -> PlatformError:
    if isinstance(error, PlatformError):
        return error
    word = code(error)
    if word and isinstance(error, SlackApiError):
        permanent = word not in _TRANSIENT and _status(error) != 429
        reason = f"{_REASONS[word]} ({word})" if word in _REASONS else word
        return PlatformError(
            f"Slack did not let me {doing}: {reason}.", permanent=permanent, retry_after=retry_after(error)
        )
    if isinstance(error, SlackApiError):
        return PlatformError(f"Slack could not {doing}: its server answered with status {_status(error)}.")
    if isinstance(error, SlackRequestError):
        return PlatformError(f"Slack could not {doing}: it did not take the bytes.")
    if isinstance(error, TimeoutError):
        return PlatformError(f"Slack took too long to {doing}.")
    if isinstance(error, AttributeError | ValueError | TypeError):
        return PlatformError(f"Slack could not {doing}: its answer made no sense.")
    return PlatformError(f"Slack could not be reached to {doing} ({type(error).__name__}).")


def retry_after(error: Exception) -> float | None:
    """Return the seconds Slack asked us to wait."""
    if not isinstance(error, SlackApiError) or _status(error) != 429:
        return None
    return seconds(error.response.headers.get("Retry-After"))


def _status(error: SlackApiError) -> int:
    # Where the body is not JSON the SDK hands out aiohttp's own response, which says `status`.
    status: object = getattr(error.response, "status_code", None) or getattr(error.response, "status", 0)
    return status if isinstance(status, int) else 0


def _pause(response: HttpResponse) -> float:
    value = next((value for name, value in response.headers.items() if name.lower() == "retry-after"), None)
    return seconds(value[0] if isinstance(value, list) else value)


def seconds(value: object) -> float:
    """Read a `Retry-After` header; one second where it cannot be read."""
    try:
        return max(0.0, float(str(value)))
    except ValueError:
        return 1.0
