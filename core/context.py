"""What a skill may know of the turn it is called in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import JsonValue

from core.errors import SkillError
from core.messages import Attachment, Conversation, Person


class FileShelf(Protocol):
    """The files of one conversation."""

    async def get(self, file_id: str) -> Attachment | None:
        """Return a file of this conversation with its content, None where there is none of this id."""
        ...

    async def latest(self, kind: str) -> Attachment | None:
        """Return the newest file whose `spec["kind"]` is `kind`, with its content."""
        ...


class Notes(Protocol):
    """What is remembered, as far as everybody who will read the answer may see it.

    Methods return text for the model, and raise `SkillError` where it cannot be done. Only `async` skills have them.
    """

    @property
    def recalled(self) -> bool:
        """Whether something was recalled."""
        ...

    async def remember(self, text: str) -> str:
        """Keep a fact."""
        ...

    async def recall(self, text: str, most: int) -> str:
        """Find what was said, remembered or read in files, by words."""
        ...

    async def forget(self, number: int) -> str:
        """Forget a fact."""
        ...


class NoNotes:
    """Stands where nothing can be remembered: in the process of a blocking skill."""

    recalled = False

    async def remember(self, text: str) -> str:
        """Refuse."""
        raise SkillError(_NO_NOTES)

    async def recall(self, text: str, most: int) -> str:
        """Refuse."""
        raise SkillError(_NO_NOTES)

    async def forget(self, number: int) -> str:
        """Refuse."""
        raise SkillError(_NO_NOTES)


_NO_NOTES = "Only an async skill can use the memory."


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
    memory: Notes = field(default_factory=NoNotes)
