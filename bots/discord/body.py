"""Parts of an answer as the bodies of requests; nothing in them pings anybody or shows a preview of a link.

https://discord.com/developers/docs/resources/message#create-message and #edit-message
"""

import hashlib
import io
import json
import re
from dataclasses import replace
from pathlib import PurePath
from typing import Final

import discord
from discord.http import MultipartParameters

from bots.discord.components import rows
from bots.discord.rest import EPHEMERAL, MESSAGE
from core.messages import Attachment, JsonObject, Message
from core.outlet import Part

MAX_TEXT: Final = 2000
MAX_FILES: Final = 10
FILE_LIMIT: Final = 10 * 1024 * 1024
"""Bytes of a file that every server takes: https://discord.com/developers/docs/reference#uploading-files. One that
people paid for takes more."""

REQUEST_LIMIT: Final = 24 * 1024 * 1024
"""Bytes of all files in one message: a request may have 25 MiB."""

_MAX_ALT = 1024
_SUPPRESS_EMBEDS = 1 << 2
_SEPARATORS = re.compile(r"[\W_]+")


def nonce(message: Message, key: str) -> str:
    """Name a part of the answer to a message, of which this is the key, in at most 25 characters.

    Discord answers a second request with a nonce it knows with the message that it wrote at the first. The question's
    id is part of it because the numbers of turns begin again with a new database.
    """
    return hashlib.blake2b(f"{message.id} {key}".encode(), digest_size=12).hexdigest()


def content(part: Part) -> str:
    """Return the text; what is over the limit is the end of a note that was added to a piece."""
    return part.text if len(part.text) <= MAX_TEXT else f"{part.text[: MAX_TEXT - 1]}…"


def created(part: Part, *, question: str | None = None, nonce: str | None = None) -> MultipartParameters:
    """Write a part as a new message.

    Args:
        part: what it says.
        question: the id of the message it replies to.
        nonce: lets Discord answer a repetition with the message that is there.
    """
    fields = _fields(part)
    if question is not None:
        fields["message_reference"] = {"message_id": question, "fail_if_not_exists": False}
    if nonce is not None:
        fields |= {"nonce": nonce, "enforce_nonce": True}
    return _request(fields, part)


def edited(part: Part) -> MultipartParameters:
    """Write a part over a message: what it has of text, files and components goes, also where the part has none."""
    return _request(_fields(part), part)


def private(part: Part) -> MultipartParameters:
    """Write a part for the one person who used something, as one more answer to that."""
    return _request(_private(part), part)


def response(part: Part) -> MultipartParameters:
    """Write a part for the one person who used something, as the first answer to that."""
    return _request({"type": MESSAGE, "data": _private(part)}, part)


def added(part: Part, kept: list[str]) -> MultipartParameters:
    """Add a part's files to those of a message, of which `kept` are the ids, and leave the rest as it is."""
    files: list[JsonObject] = [{"id": file_id} for file_id in kept]
    return _request({"attachments": [*files, *_descriptions(part)], "allowed_mentions": {"parse": []}}, part)


def alt(attachment: Attachment) -> str:
    """Return what a picture shows: what its maker says, else its title, else its name in words; "" for other files."""
    if attachment.alt or not attachment.media_type.startswith("image/"):
        return attachment.alt[:_MAX_ALT]
    title = (attachment.spec or {}).get("title")
    words = _SEPARATORS.sub(" ", PurePath(attachment.filename).stem).strip()
    return (title if isinstance(title, str) and title.strip() else words or "Picture")[:_MAX_ALT]


def file_limit(message: Message) -> int | None:
    """Return how many bytes a file may have in the answer to a message, None where that is not known."""
    limit = message.origin.get("attachment_size_limit", "")
    return min(int(limit), REQUEST_LIMIT) if limit.isdecimal() else None


def within(part: Part, limit: int) -> Part:
    """Take the files out that are over a limit in bytes, and say so in the text."""
    large = [each for each in part.attachments if len(each.content or b"") > limit]
    if not large:
        return part
    listed = ", ".join(f"{each.filename} ({_megabytes(len(each.content or b''))})" for each in large)
    note = f"(Too large for Discord, which takes {_megabytes(limit)} here: {listed})"
    text = "\n\n".join(filter(None, (part.text, note)))
    return replace(part, text=text, attachments=tuple(each for each in part.attachments if each not in large))


def _fields(part: Part) -> JsonObject:
    return {
        "content": content(part),
        "attachments": [*_descriptions(part)],
        "components": rows(part.controls),
        "allowed_mentions": {"parse": []},
        "flags": _SUPPRESS_EMBEDS,
    }


def _private(part: Part) -> JsonObject:
    return {**_fields(part), "flags": _SUPPRESS_EMBEDS | EPHEMERAL}


def _descriptions(part: Part) -> list[JsonObject]:
    return [
        {"id": number, "filename": attachment.filename, "description": alt(attachment) or None}
        for number, attachment in enumerate(part.attachments)
    ]


def _request(fields: JsonObject, part: Part) -> MultipartParameters:
    """Make a request of JSON, or of a form where there are files."""
    if not part.attachments:
        return MultipartParameters(payload=fields, multipart=None, files=None)
    files = [discord.File(io.BytesIO(each.content or b""), each.filename) for each in part.attachments]
    form: list[dict[str, object]] = [{"name": "payload_json", "value": json.dumps(fields)}]
    for number, file in enumerate(files):
        media_type = "application/octet-stream"
        form.append(
            {"name": f"files[{number}]", "value": file.fp, "filename": file.filename, "content_type": media_type}
        )
    return MultipartParameters(payload=fields, multipart=form, files=files)


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.3g} MB"
