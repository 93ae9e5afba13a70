"""What a message says and brings along: names in place of ids, files, and the messages that it forwards or is about.

https://discord.com/developers/docs/resources/message#message-object
"""

import mimetypes
import re
from collections.abc import Sequence
from typing import Final

from bots.discord.payloads import FilePayload, ForwardingPayload, MemberPayload, QuotedPayload, UserPayload
from core.messages import Attachment

VOICE_MESSAGE: Final = 1 << 13
"""The flag of a message that was spoken: https://discord.com/developers/docs/resources/message#voice-messages."""

USER_MENTION: Final = re.compile(r"<@!?(\d+)>")


def name(user: UserPayload, member: MemberPayload | None) -> str:
    """Return what people read of a user."""
    return (member and member.nick) or user.global_name or user.username or user.id


def named(text: str, mentions: Sequence[UserPayload]) -> str:
    """Show the mentions of users by name."""
    names = {user.id: f"@{name(user, user.member)}" for user in mentions}
    return USER_MENTION.sub(lambda found: names.get(found[1], found[0]), text)


def attachments(files: Sequence[FilePayload], *, flags: int = 0) -> tuple[Attachment, ...]:
    """Return the files of a message; `flags` are the message's."""
    usually = "audio/ogg" if flags & VOICE_MESSAGE else "application/octet-stream"
    return tuple(
        Attachment(
            filename=file.filename,
            media_type=_media_type(file) or usually,
            source=file.url,
            alt=file.description or "",
        )
        for file in files
    )


def quoted_text(payload: QuotedPayload) -> str:
    """Return all that a message says: its text, its embeds', and that of the messages it forwards."""
    embedded = (text for embed in payload.embeds for text in (embed.title, embed.description))
    texts = (named(payload.content, payload.mentions), *embedded, forwarded_text(payload))
    return "\n\n".join(text.strip() for text in texts if text and text.strip())


def quoted_files(payload: QuotedPayload) -> tuple[Attachment, ...]:
    """Return the files of a message, with those of the messages it forwards."""
    return (*attachments(payload.attachments, flags=payload.flags), *forwarded_files(payload))


def forwarded_text(payload: ForwardingPayload) -> str:
    """Return what the messages say that a message forwards, "" where it forwards none."""
    return "\n\n".join(quoted_text(snapshot.message) for snapshot in payload.message_snapshots).strip()


def forwarded_files(payload: ForwardingPayload) -> tuple[Attachment, ...]:
    """Return the files of the messages that a message forwards."""
    return tuple(file for snapshot in payload.message_snapshots for file in quoted_files(snapshot.message))


def set_apart(text: str) -> str:
    """Mark each line as quoted."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _media_type(file: FilePayload) -> str:
    stated = (file.content_type or "").partition(";")[0].strip()
    return stated or mimetypes.guess_type(file.filename)[0] or ""
