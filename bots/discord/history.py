"""What was said in a channel, page by page."""

from collections.abc import AsyncIterator
from typing import Final

from bots.discord.rest import Rest
from core.messages import JsonObject

PAGE: Final = 100
"""Messages in one answer at the most: https://discord.com/developers/docs/resources/message#get-channel-messages"""


async def history(rest: Rest, channel_id: str, *, after: str, most: int) -> AsyncIterator[JsonObject]:
    """Yield the messages that came after one, up to `most` of them, oldest first.

    Raises:
        HTTPException: Discord refused, or failed.
    """
    while most > 0:
        limit = min(PAGE, most)
        page = await rest.messages(channel_id, after=after, limit=limit)
        for message in page:
            yield message
        if len(page) < limit:
            return
        after, most = str(page[-1]["id"]), most - len(page)
