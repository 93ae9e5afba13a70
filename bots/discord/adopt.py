"""Recognising a message that was sent without our knowing, so that it is not sent again."""

from collections.abc import Set as AbstractSet
from typing import Final

from pydantic import JsonValue, TypeAdapter

from bots.discord.events import Payload, UserPayload
from core.outlet import Part


class _File(Payload):
    size: int = 0


class _Reference(Payload):
    message_id: str | None = None


class _Sent(Payload):
    id: str
    author: UserPayload
    content: str = ""
    attachments: tuple[_File, ...] = ()
    message_reference: _Reference | None = None


_history: Final = TypeAdapter(list[_Sent])


def adopt(history: JsonValue, part: Part, *, bot_id: str, question: str | None, known: AbstractSet[str]) -> str | None:
    """Return the id of the bot's message that says what a part says.

    `history` are messages as Discord lists them, `question` is the id of the message it has to reply to where it was
    sent as a reply, and `known` are the ids of messages that are other parts.

    Raises:
        ValidationError: the history is not a list of messages.
    """
    sizes = [len(attachment.content or b"") for attachment in part.attachments]
    for sent in _history.validate_python(history):
        replied = sent.message_reference.message_id if sent.message_reference else None
        said = sent.content.strip() == part.text.strip() and [file.size for file in sent.attachments] == sizes
        if said and sent.author.id == bot_id and sent.id not in known and question in (None, replied):
            return sent.id
    return None
