"""Forms that people fill in: what is asked there, and what is remembered until one is sent.

https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-modal
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from pydantic import JsonValue

from bots.discord.interactions import Quote
from bots.discord.tree import hint, short, valid_name
from core.messages import Attachment, JsonObject
from core.options import Option

MOST_FIELDS: Final = 5
_LONGEST_TITLE: Final = 45
_LONGEST_TEXT: Final = 4_000
_LABEL, _TEXT_INPUT = 18, 4
_LINE, _PARAGRAPH = 1, 2

_REMEMBERED: Final = 500
"""Forms that may be open at the same time."""

QUESTION: Final = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about a message, and the address of that."""

    quote: Quote
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The call of a skill for which something is missing.

    Attributes:
        texts: what was given, by parameter.
        files: the files that were given, by parameter.
        fields: the parameters that are asked for, by the id of their field.
    """

    skill: str
    texts: Mapping[str, str]
    files: Mapping[str, Attachment]
    fields: Mapping[str, str]

    def filled_in(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        """Return all texts, with those of the fields."""
        return {**self.texts, **{self.fields[field]: text for field, text in texts.items() if field in self.fields}}


Form: TypeAlias = Question | Call


class Forms:
    """The forms that were shown and may still be sent. A restart forgets them."""

    def __init__(self) -> None:
        self._open: dict[str, Form] = {}

    def remember(self, interaction_id: str, form: Form) -> str:
        """Remember a form and return its id."""
        form_id = f"steward.form.{interaction_id}"
        self._open[form_id] = form
        for oldest in list(self._open)[:-_REMEMBERED]:
            del self._open[oldest]
        return form_id

    def find(self, form_id: str) -> Form | None:
        """Return a form; one that was sent is kept, because somebody may send it again where that failed."""
        return self._open.get(form_id)


def can_ask(missing: Sequence[Option]) -> bool:
    """Tell whether a form has room for some options, and fields for them: none takes a file."""
    return len(missing) <= MOST_FIELDS and all(option.kind != "file" for option in missing)


def fields_of(missing: Sequence[Option]) -> Mapping[str, str]:
    """Return the parameters by the ids of their fields."""
    return {valid_name(option.name): option.name for option in missing}


def question_form(form_id: str, quote: Quote) -> JsonObject:
    """Describe the form that asks for a question about a message."""
    about = short(f"About what {quote.author} wrote: {quote.text}" if quote.text else f"About {quote.author}'s message")
    field = _field(QUESTION, "Your question", about, style=_PARAGRAPH)
    return {"custom_id": form_id, "title": "Ask about this message", "components": [field]}


def call_form(form_id: str, skill: str, missing: Sequence[Option]) -> JsonObject:
    """Describe the form that asks for the options of a skill that are missing."""
    fields: list[JsonValue] = [
        _field(
            valid_name(option.name),
            option.name,
            hint(option),
            style=_PARAGRAPH if option.kind in ("text", "json") and not option.choices else _LINE,
        )
        for option in missing
    ]
    return {"custom_id": form_id, "title": short(f"Call {skill}", _LONGEST_TITLE), "components": fields}


def _field(field_id: str, label: str, description: str, *, style: int) -> JsonObject:
    """Describe a field for text, with its label: https://discord.com/developers/docs/components/reference#label."""
    text: JsonObject = {
        "type": _TEXT_INPUT,
        "custom_id": field_id,
        "style": style,
        "required": True,
        "max_length": _LONGEST_TEXT,
    }
    return {"type": _LABEL, "label": short(label, _LONGEST_TITLE), "description": description, "component": text}
