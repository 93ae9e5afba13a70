"""A context for calling skills, with two files in reach."""

from dataclasses import dataclass

from core import Attachment, Context
from core.messages import Conversation, Person

PICTURE = Attachment(id="f1", filename="a.png", media_type="image/png", content=b"png")
TEXT = Attachment(id="f2", filename="a.txt", media_type="text/plain", content=b"text")


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """A shelf with two files."""

    async def get(self, file_id: str) -> Attachment | None:
        return {"f1": PICTURE, "f2": TEXT}.get(file_id)

    async def latest(self, kind: str) -> Attachment | None:
        return None


CONTEXT = Context(
    conversation=Conversation(platform="test", workspace="W", channel="C"),
    person=Person(id="U1", name="Ana"),
    files=KeptFiles(),
)
