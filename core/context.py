"""What a skill may know of the turn it is called in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import JsonValue

from core.messages import Attachment, Conversation, Person


class FileShelf(Protocol):
    """The files of one conversation."""

    async def get(self, file_id: str) -> Attachment | None:
        """Return a file of this conversation with its content, None where there is none of this id."""
        ...

    async def latest(self, kind: str) -> Attachment | None:
        """Return the newest file whose `spec["kind"]` is `kind`, with its content."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The turn a skill is called in; a parameter hinted `Context` is filled in and hidden from the model.

    Attributes:
        attachments: the files that came with the message, with their content.
        settings: the configuration's `skills.<module>` of the skill's module.
    """

    conversation: Conversation
    person: Person
    attachments: tuple[Attachment, ...] = ()
    settings: Mapping[str, JsonValue] = field(default_factory=dict)
    files: FileShelf
