"""Pictures in a request: as data URLs, and where a model is not shown them, said so."""

from base64 import b64encode
from dataclasses import replace

from core.items import Item, Question
from core.messages import Attachment
from core.model import NO_PICTURES
from core.protocols.api import Ask


def data_url(picture: Attachment) -> str:
    """Write a picture into an address: https://www.rfc-editor.org/rfc/rfc2397."""
    return f"data:{picture.media_type};base64,{b64encode(picture.content or b'').decode('ascii')}"


def shown_with(question: Question, ask: Ask) -> list[Attachment]:
    """Return the pictures that go with a question."""
    return [ask.pictures[name] for name in question.pictures if name in ask.pictures]


def text_of(question: Question, ask: Ask) -> str:
    """Return a question's text, with a line on those of its pictures that are not shown."""
    hidden = [name for name in question.pictures if name not in ask.pictures]
    return f"{question.text}\n[not shown to you: {', '.join(hidden)}]" if hidden else question.text


def shown(ask: Ask) -> frozenset[str]:
    """Return the ids of the pictures that a request shows."""
    return frozenset(name for item in ask.items for name in _named(item) if name in ask.pictures)


def unseeing(ask: Ask) -> Ask:
    """Return the request without its pictures."""
    return replace(ask, pictures=NO_PICTURES) if ask.pictures else ask


def _named(item: Item) -> tuple[str, ...]:
    return item.pictures if isinstance(item, Question) else ()
