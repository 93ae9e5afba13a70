"""The language model as the agent sees it: the `Model` seam."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol, TypeAlias

from core.events import Restarted, TextDelta
from core.items import Answer, Item
from core.messages import Attachment, JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A skill as a model is told about it.

    Attributes:
        description: the docstring without its `Args:` and `Examples:` sections.
        parameters: JSON schema of the arguments, an object.
        examples: things people say that this skill is for, from the docstring's `Examples:` section.
    """

    name: str
    description: str
    parameters: JsonObject
    examples: tuple[str, ...] = ()


Delta: TypeAlias = TextDelta | Restarted | Answer

Pictures: TypeAlias = Mapping[str, Attachment]
"""PNG, JPEG, GIF or WebP pictures with their content, by the ids that stand in `Question.pictures`."""

NO_PICTURES: Final[Pictures] = MappingProxyType({})


class Model(Protocol):
    """Something that answers."""

    def stream(
        self, instructions: str, items: Sequence[Item], tools: Sequence[Tool], pictures: Pictures = NO_PICTURES
    ) -> AsyncGenerator[Delta, None]:
        """Answer the last item.

        Yields text as it comes, `Restarted` where a cut answer begins again, and last, exactly once, the `Answer`.

        Args:
            instructions: the system text.
            items: the conversation, oldest first, already repaired: every call has its result and the reverse.
            tools: what may be called; with none the model has to answer in text.
            pictures: those that are shown with the questions that name them. Of each it is known in the end whether the
                model was shown it: see `Answer.unseen`.

        Raises:
            ModelError: no answer could be had.
        """
        ...

    async def transcribe(self, clip: Attachment) -> str:
        """Return what is said in a voice clip.

        Args:
            clip: a sound file with its content, whose name ends as its format does: "clip.ogg".

        Raises:
            ModelError: it could not be listened to; the sentence says why.
        """
        ...

    async def close(self) -> None:
        """Close the connections to the server."""
        ...
