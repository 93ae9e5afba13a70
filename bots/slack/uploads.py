"""Files of answers: https://docs.slack.dev/messaging/working-with-files."""

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.links import Links
from bots.slack.api import code
from bots.slack.markup import escape, plainly
from core.messages import Attachment, Conversation
from core.outlet import Part

LONGEST_ALT = 1_000
"""Characters: https://docs.slack.dev/reference/methods/files.getUploadURLExternal."""


async def upload(client: AsyncWebClient, place: Conversation, part: Part, *, links: Links) -> str:
    """Upload a part's files as one message and return the id of the first; Slack names no message.

    Raises what slack-sdk and aiohttp do.
    """
    answer = await client.files_upload_v2(
        file_uploads=[_file(attachment, links) for attachment in part.attachments],
        channel=place.channel,
        thread_ts=place.thread,
        initial_comment=escape(part.text) or None,
    )
    files = answer.get("files") or [{}]
    return str(files[0].get("id") or "")


async def delete(client: AsyncWebClient, file: str) -> None:
    """Delete a file; one that is gone is no failure.

    Raises what slack-sdk and aiohttp do.
    """
    try:
        await client.files_delete(file=file)
    except SlackApiError as error:
        if code(error) not in ("file_not_found", "file_deleted"):
            raise


def alt(attachment: Attachment) -> str:
    """Return what a picture shows, as far as is known; "" for a file that is none."""
    title = (attachment.spec or {}).get("title")
    known = attachment.alt or (title if isinstance(title, str) else "")
    if known or not attachment.media_type.startswith("image/"):
        return known
    words = attachment.filename.rpartition(".")[0] or attachment.filename
    return f"Picture: {words.replace('_', ' ').replace('-', ' ').strip() or 'untitled'}"


def _file(attachment: Attachment, links: Links) -> dict[str, object]:
    return {
        "content": attachment.content or b"",
        "filename": attachment.filename,
        "title": plainly(attachment.filename, links),
        "alt_txt": plainly(alt(attachment), links)[:LONGEST_ALT] or None,
    }
