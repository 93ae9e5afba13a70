"""Finding a part that was already sent: Slack has no idempotency key, so our own messages are read back.

Text parts carry their key in the message's metadata. Uploads cannot, so they are known by name and size. Reading
metadata back follows https://docs.slack.dev/messaging/message-metadata and could not be proven against Slack itself.
"""

from collections.abc import Mapping
from typing import Final

from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.markup import escape
from core.messages import JsonObject, Message
from core.outlet import Part

EVENT_TYPE: Final = "steward_part"
_MOST: Final = 200
_CLOCK_SKEW: Final = 300.0


def metadata(key: str) -> JsonObject:
    """Return the metadata that marks a message as a part."""
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


async def find(client: AsyncWebClient, message: Message, part: Part) -> str | None:
    """Return the id of the message that holds a part of this message's answer, None where there is none.

    Raises what slack-sdk and aiohttp do, where Slack could not be asked.
    """
    place = message.conversation
    # A command has no message id to begin at, only the time of our own clock.
    oldest = message.origin.get("ts") or f"{message.sent_at - _CLOCK_SKEW:.6f}"
    arguments: dict[str, object] = {
        "channel": place.channel,
        "oldest": oldest,
        "limit": _MOST,
        "include_all_metadata": True,
    }
    if place.thread:
        answer = await client.api_call("conversations.replies", params={**arguments, "ts": place.thread})
    else:
        answer = await client.api_call("conversations.history", params=arguments)
    found = answer.get("messages")
    ours = [post for post in found if post.get("bot_id")] if isinstance(found, list) else []
    return next((str(post["ts"]) for post in ours if _holds(post, part)), None)


def _holds(post: Mapping[str, object], part: Part) -> bool:
    if part.attachments:
        files = post.get("files")
        shown = [(file.get("name"), file.get("size")) for file in files] if isinstance(files, list) else []
        return shown == [(file.filename, len(file.content or b"")) for file in part.attachments]
    marked = post.get("metadata")
    if not isinstance(marked, dict):  # a server that keeps no metadata
        return post.get("text") == escape(part.text)
    payload = marked.get("event_payload")
    return isinstance(payload, dict) and payload.get("key") == part.key
