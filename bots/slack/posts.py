"""Messages that are posted and edited, in the best form that Slack takes."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.api import code
from core.messages import Conversation, JsonObject

GONE: Final = frozenset({"message_not_found", "thread_not_found"})
"""What is said of a message that is not there any more."""

FIXED: Final = frozenset({"cant_update_message", "edit_window_closed", "is_inactive", "msg_too_long"})
"""What is said of a message that is there, and stays as it is."""

LONGEST_EDIT: Final = 4_000
"""Characters of the `text` of an edit, where a new message may have ten times as many; its blocks may be as long:
https://docs.slack.dev/reference/methods/chat.update."""

_HALF_ENTITY: Final = re.compile(r"&\w{0,4}\Z")
_BAD_BLOCKS: Final = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})


async def post(
    client: AsyncWebClient, place: Conversation, forms: Sequence[JsonObject], *, metadata: JsonObject
) -> str:
    """Post a message in a place, never outside its thread, and return its id.

    Raises what slack-sdk and aiohttp do.
    """

    async def send(form: JsonObject) -> str:
        answer = await client.api_call(
            "chat.postMessage",
            json={
                "channel": place.channel,
                **({"thread_ts": place.thread} if place.thread else {}),
                **{name: value for name, value in form.items() if value},
                "metadata": metadata,
                "unfurl_links": False,
                "unfurl_media": False,
            },
        )
        return str(answer.get("ts") or "")

    return await _in_some_form(forms, send)


async def edit(
    client: AsyncWebClient, channel: str, ts: str, forms: Sequence[JsonObject], *, metadata: JsonObject
) -> None:
    """Replace what a message says.

    Raises what slack-sdk and aiohttp do.
    """

    async def send(form: JsonObject) -> str:
        text = {"text": shortened(str(form["text"]))} if form["blocks"] else {}
        await client.api_call("chat.update", json={"channel": channel, "ts": ts, **form, **text, "metadata": metadata})
        return ts

    await _in_some_form(forms, send)


def shortened(text: str) -> str:
    """Return as much of an escaped text as an edit may have; beside blocks it is only read in notifications.

    Where code is cut off, an address in it would be a link, so that none stays whole.
    """
    if len(text) <= LONGEST_EDIT:
        return text
    apart = text[:LONGEST_EDIT].replace("://", ":\u2060//").replace("www.", "www\u2060.")
    return f"{_HALF_ENTITY.sub('', apart[: LONGEST_EDIT - 1])}…"


async def delete(client: AsyncWebClient, channel: str, ts: str) -> None:
    """Delete a message; one that is gone is no failure.

    Raises what slack-sdk and aiohttp do.
    """
    try:
        await client.chat_delete(channel=channel, ts=ts)
    except SlackApiError as error:
        if code(error) not in GONE:
            raise


async def _in_some_form(forms: Sequence[JsonObject], send: Callable[[JsonObject], Awaitable[str]]) -> str:
    for form in forms[:-1]:
        try:
            return await send(form)
        except SlackApiError as error:
            if code(error) not in _BAD_BLOCKS:
                raise
    return await send(forms[-1])
