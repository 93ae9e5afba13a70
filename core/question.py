"""The question as the model reads it: who said it, the files that came with it, and what is known besides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core import doubts
from core.context import Context
from core.files import describe
from core.items import Answer, Done, Item, Question
from core.messages import Attachment, Message
from core.model import Pictures
from core.reading import Reader
from core.reading.excerpt import unfenced
from core.reading.formats import named

MOST_PICTURES: Final = 4
"""Pictures that the model is shown, the newest ones: those of earlier questions too, as far as they are recalled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A question made ready.

    Attributes:
        pictures: those that the model is shown, of this question and of earlier ones.
        notes: sentences for people on files that were not, or not wholly, read.
        texts: the id of each file that has text, and its name with what was read of it.
    """

    question: Question
    pictures: Pictures
    notes: tuple[str, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()


def question_of(message: Message, lines: Sequence[str] = (), pictures: Sequence[str] = ()) -> Question:
    """Write a message as the model reads it: who said it where several people talk, its text, its files.

    Args:
        message: with its attachments kept.
        lines: what stands below.
        pictures: the ids of those to be shown with it.
    """
    text = message.text if message.audience.scope == "person" else f"{message.author.name}: {message.text}"
    files = [describe(attachment) for attachment in message.attachments if attachment.id]
    return Question(text="\n".join([text, *files, *lines]), pictures=tuple(pictures))


async def prepare(
    message: Message,
    context: Context,
    reader: Reader,
    *,
    notes: Sequence[str] = (),
    done: Sequence[Done] = (),
    history: Sequence[Item] = (),
) -> Prepared:
    """Read the files that came with a question, and write it.

    Args:
        message: with its attachments kept.
        context: the turn.
        reader: reads files.
        notes: sentences for people on files that are missing.
        done: what was carried out for an earlier version of the question.
        history: what was said before.
    """
    lines = [*(f"[{note} People are told so.]" for note in notes), *map(doubts.told_before, done)]
    if message.direct:
        return Prepared(question=question_of(message, lines), pictures={}, notes=tuple(notes))
    files = [file for file in message.attachments if file.content is not None]
    readings = await reader.read_all(files, context)
    own = {reading.picture.id: reading.picture for reading in readings if reading.picture}
    lines = [*(reading.text for reading in readings if reading.text), *lines]
    return Prepared(
        question=question_of(message, lines, list(own)),
        pictures=own | await _earlier(history, context, reader, MOST_PICTURES - len(own)),
        notes=(*notes, *(reading.note for reading in readings if reading.note)),
        texts=tuple(
            (file.id, f"{file.filename}\n{unfenced(reading.text)}")
            for file, reading in zip(files, readings, strict=True)
            if file.id
        ),
    )


async def _earlier(history: Sequence[Item], context: Context, reader: Reader, most: int) -> dict[str, Attachment]:
    """Return the latest pictures of earlier questions that are still kept."""
    named = [name for item in reversed(history) if isinstance(item, Question) for name in item.pictures]
    found: dict[str, Attachment] = {}
    for name in list(dict.fromkeys(named))[: max(0, most)]:
        if file := await context.files.get(name):
            reading = await reader.read(file, context)
            found |= {name: reading.picture} if reading.picture else {}
    return found


def told(text: str, prepared: Prepared, items: Sequence[Item], files: Sequence[Attachment]) -> str:
    """Add to an answer what was not read, heard or seen of the files that came with its question.

    Args:
        text: the answer.
        prepared: the question.
        items: the turn's.
        files: those that came with the question.
    """
    unseen = {name for item in items if isinstance(item, Answer) for name in item.unseen}
    names = [named(file) for file in files if file.id in unseen]
    blind = [f"I cannot see pictures with this model, so I have not looked at {' and '.join(names)}."] if names else []
    notes = "\n".join(f"({note})" for note in (*prepared.notes, *blind))
    return "\n\n".join(filter(None, (text, notes)))
