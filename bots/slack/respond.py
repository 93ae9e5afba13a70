"""Answers to commands through their `response_url`, where the bot is no member of the channel.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

import logging
from collections.abc import Sequence

from slack_sdk.webhook import WebhookResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bots.slack.api import TIMEOUT, RateLimitRetry, without_proxy
from core.messages import JsonObject


async def respond(address: str, forms: Sequence[JsonObject]) -> WebhookResponse:
    """Answer a command for everybody in its channel, in the first form that is taken; return what Slack said.

    Raises what slack-sdk and aiohttp do.
    """
    webhook = AsyncWebhookClient(
        address, timeout=TIMEOUT, retry_handlers=[RateLimitRetry()], logger=logging.getLogger("steward.slack.api")
    )
    if without_proxy(address):
        webhook.proxy = None
    *better, last = forms
    for form in better:
        answer = await webhook.send_dict(_body(form))
        if answer.status_code != 400:
            return answer
    return await webhook.send_dict(_body(last))


def _body(form: JsonObject) -> dict[str, object]:
    return {
        **{name: value for name, value in form.items() if value},
        "response_type": "in_channel",
        "unfurl_links": False,
        "unfurl_media": False,
    }
