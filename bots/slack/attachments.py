"""Files as Slack lists them: https://docs.slack.dev/reference/objects/file-object; pure."""

from collections.abc import Sequence
from typing import Final

from bots.slack.fields import text
from core.messages import Attachment, JsonObject

FILE_PREFIX: Final = "file:"
"""Begins the source of a file whose address only `files.info` tells (Slack Connect)."""

_GONE: Final = ("tombstone", "hidden_by_limit")


def attachments(files: Sequence[JsonObject]) -> tuple[Attachment, ...]:
    """Return the files of a message, or of a form; those that are gone are left out."""
    return tuple(_attachment(file) for file in files if file.get("mode") not in _GONE and _source(file))


def _attachment(file: JsonObject) -> Attachment:
    media_type = text(file, "mimetype") or "application/octet-stream"
    if file.get("subtype") == "slack_audio":  # a voice clip, which may be labelled as video
        media_type = media_type.replace("video/", "audio/", 1)
    return Attachment(
        filename=text(file, "name") or text(file, "title") or text(file, "id"),
        media_type=media_type,
        source=_source(file),
        alt=text(file, "alt_txt"),
    )


def _source(file: JsonObject) -> str:
    address = text(file, "url_private") or text(file, "url_private_download")
    return address or (FILE_PREFIX + text(file, "id") if file.get("id") else "")
