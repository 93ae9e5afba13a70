"""Lists that Slack hands out page by page: https://docs.slack.dev/apis/web-api/pagination.

A page may hold fewer items than were asked for and still not be the last, so only the next cursor tells.
"""

from collections.abc import AsyncGenerator, Mapping
from typing import Final

from pydantic import JsonValue
from slack_sdk.web.async_client import AsyncWebClient

PAGE: Final = 200
"""Items asked for at once, the most that Slack recommends."""


async def pages(
    client: AsyncWebClient, method: str, arguments: Mapping[str, object], *, items: str, size: int = PAGE
) -> AsyncGenerator[list[JsonValue], None]:
    """Yield the pages of a list, in Slack's order.

    Args:
        client: asks.
        method: of the Web API, such as "conversations.history".
        arguments: of the method, without cursor and limit.
        items: the field of an answer that holds the list.
        size: how many items are asked for at once.

    Raises what slack-sdk and aiohttp do, where a page could not be had.
    """
    cursor = ""
    while True:
        asked = {**arguments, "limit": size, **({"cursor": cursor} if cursor else {})}
        answer = await client.api_call(method, params=asked)
        found = answer.get(items)
        yield found if isinstance(found, list) else []
        metadata = answer.get("response_metadata")
        following = metadata.get("next_cursor") if isinstance(metadata, dict) else None
        if not isinstance(following, str) or following in ("", cursor):
            return
        cursor = following
