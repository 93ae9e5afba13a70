"""Answers to commands and presses through their `response_url`.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

import logging
from collections.abc import Sequence

from slack_sdk.webhook import WebhookResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bots.slack.api import TIMEOUT, RateLimitRetry, without_proxy
from bots.slack.blocks import content
from core.errors import PlatformError
from core.messages import JsonObject


async def respond(address: str, forms: Sequence[JsonObject]) -> WebhookResponse:
    """Answer a command for everybody in its channel, in the first form that is taken; return what Slack said.

    That is for channels that the bot is no member of.

    Raises what slack-sdk and aiohttp do.
    """
    webhook = _webhook(address)
    *better, last = forms
    for form in better:
        answer = await webhook.send_dict(_body(form))
        if answer.status_code != 400:
            return answer
    return await webhook.send_dict(_body(last))


async def respond_privately(address: str, markdown: str) -> None:
    """Tell the one person who used a command or a button something.

    Raises what slack-sdk and aiohttp do.

    Raises:
        PlatformError: there is no address, or Slack does not take an answer there.
    """
    if not address:
        raise PlatformError("There is no address to answer at.", permanent=True)
    said = {**content(markdown), "response_type": "ephemeral", "replace_original": False}
    answer = await _webhook(address).send_dict(said)
    if answer.status_code != 200:
        raise PlatformError(f"Slack answered with status {answer.status_code}.")


def _webhook(address: str) -> AsyncWebhookClient:
    webhook = AsyncWebhookClient(
        address, timeout=TIMEOUT, retry_handlers=[RateLimitRetry()], logger=logging.getLogger("steward.slack.api")
    )
    if without_proxy(address):
        webhook.proxy = None
    return webhook


def _body(form: JsonObject) -> dict[str, object]:
    return {
        **{name: value for name, value in form.items() if value},
        "response_type": "in_channel",
        "unfurl_links": False,
        "unfurl_media": False,
    }
