"""What a clause of a request gives to a skill."""

from dataclasses import dataclass

from core.practice.data import Data


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that a request names."""

    id: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a conversation gave before: a text and files."""

    content: str = ""
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What there is to fill parameters with.

    Attributes:
        asked: the words of the clause, with marks for quotations.
        quotes: the quotations by mark.
        content: a text quoted in the clause, or following it.
        shared: a text given elsewhere in the request.
        earlier: a text from earlier in the conversation, where the clause points at it.
        data: the numbers in it.
        rest: the words after those that name the skill: "17% of 340".
        introduced: these follow what an example of the skill begins with: "what did we decide about".
        place: the words after the last preposition, where no skill knows them: "Tokyo".
        files: of the request.
        earlier_files: from earlier in the conversation, where the clause points at them.
    """

    asked: str
    quotes: dict[str, str]
    content: str = ""
    shared: str = ""
    earlier: str = ""
    data: Data | None = None
    rest: str = ""
    introduced: bool = False
    place: str = ""
    files: tuple[File, ...] = ()
    earlier_files: tuple[File, ...] = ()
