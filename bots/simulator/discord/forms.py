"""Forms that pop up: their limits, and what is sent when somebody fills one in.

https://discord.com/developers/docs/components/using-modal-components
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from bots.simulator.discord.components import (
    MAX_KEY,
    ROW,
    STRING_SELECT,
    check_select,
)
from bots.simulator.discord.errors import invalid, out_of_length
from bots.simulator.discord.fields import check_number, check_text, objects
from core.messages import JsonObject

TEXT_INPUT, TEXT_DISPLAY, LABEL, FILE_UPLOAD = 4, 10, 18, 19
MAX_FIELDS = 5
MAX_TITLE = 45
MAX_TEXT = 4000
MAX_FIELD_FILES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form, as people see it; `options` are the values of a menu."""

    key: str
    label: str
    kind: int
    required: bool
    value: str = ""
    placeholder: str = ""
    options: tuple[str, ...] = ()
    least: int = 0
    most: int = MAX_TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form as it pops up; `components` are those of the request."""

    key: str
    title: str
    components: tuple[JsonObject, ...]

    @property
    def fields(self) -> list[Field]:
        """Return what can be filled in."""
        return [_field(part, holder) for holder, part in _inputs(self.components)]


def read_form(data: JsonValue, at: str = "data") -> Form:
    """Read a form and hold it against its limits.

    Raises:
        ApiError: 50035 with the place of the first mistake.
    """
    form = data if isinstance(data, dict) else {}
    check_text(form, "custom_id", MAX_KEY, at, needed=True)
    check_text(form, "title", MAX_TITLE, at, needed=True)
    parts = objects(form.get("components"), f"{at}.components")
    if not 1 <= len(parts) <= MAX_FIELDS:
        raise out_of_length(f"{at}.components", 1, MAX_FIELDS)
    for number, part in enumerate(parts):
        _check(part, f"{at}.components.{number}")
    keys = [part.get("custom_id") for _, part in _inputs(parts)]
    if len(set(map(str, keys))) < len(keys):
        raise invalid(f"{at}.components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id duplicated")
    return Form(key=str(form["custom_id"]), title=str(form["title"]), components=tuple(parts))


def _check(part: JsonObject, at: str) -> None:
    kind = part.get("type")
    if kind == ROW:
        inner = objects(part.get("components"), f"{at}.components")
        if len(inner) != 1 or inner[0].get("type") != TEXT_INPUT:
            raise invalid(f"{at}.components", "UNION_TYPE_CHOICES", "A row of a form has one text input")
        check_text(inner[0], "label", MAX_TITLE, f"{at}.components.0", needed=True)
        _check_text_input(inner[0], f"{at}.components.0")
    elif kind == LABEL:
        check_text(part, "label", MAX_TITLE, at, needed=True)
        check_text(part, "description", 100, at, least=0)
        held = part.get("component")
        _check_held(held if isinstance(held, dict) else {}, f"{at}.component")
    elif kind == TEXT_DISPLAY:
        check_text(part, "content", MAX_TEXT, at, needed=True)
    else:
        raise invalid(f"{at}.type", "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1, 10, 18).')


def _check_held(part: JsonObject, at: str) -> None:
    kind = part.get("type")
    if kind == TEXT_INPUT and part.get("label") is not None:
        raise invalid(f"{at}.label", "COMPONENT_LABEL_NOT_ALLOWED", "The label belongs to what holds this")
    if kind == TEXT_INPUT:
        _check_text_input(part, at)
    elif kind == STRING_SELECT:
        check_select(part, at)
    elif kind == FILE_UPLOAD:
        check_text(part, "custom_id", MAX_KEY, at, needed=True)
        check_number(part, "min_values", 0, MAX_FIELD_FILES, at)
        check_number(part, "max_values", 1, MAX_FIELD_FILES, at)
    else:
        raise invalid(f"{at}.type", "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (3, 4, 19).')


def _check_text_input(part: JsonObject, at: str) -> None:
    check_text(part, "custom_id", MAX_KEY, at, needed=True)
    if part.get("style") not in (1, 2):
        raise invalid(f"{at}.style", "BASE_TYPE_CHOICES", "Value must be one of {1, 2}.")
    check_number(part, "min_length", 0, MAX_TEXT, at)
    check_number(part, "max_length", 1, MAX_TEXT, at)
    check_text(part, "value", MAX_TEXT, at, least=0)
    check_text(part, "placeholder", 100, at, least=0)


def _inputs(parts: Sequence[JsonObject]) -> Iterator[tuple[JsonObject, JsonObject]]:
    """Yield each component that can be filled in, after the one that holds it."""
    for part in parts:
        held = part.get("component")
        if part.get("type") == ROW:
            for inner in objects(part.get("components"), ""):
                yield part, inner
        elif isinstance(held, dict):
            yield part, held


def _field(part: JsonObject, holder: JsonObject) -> Field:
    text = part.get("type") == TEXT_INPUT
    least, most = part.get("min_length" if text else "min_values"), part.get("max_length" if text else "max_values")
    choices = objects(part.get("options") or [], "")
    return Field(
        key=str(part["custom_id"]),
        label=str(part.get("label") or holder.get("label")),
        kind=part["type"] if isinstance(part["type"], int) else 0,
        required=part.get("required") is not False,
        value=str(part.get("value") or ""),
        placeholder=str(part.get("placeholder") or ""),
        options=tuple(str(each.get("value")) for each in choices),
        least=least if isinstance(least, int) else 0 if text else 1,
        most=most if isinstance(most, int) else MAX_TEXT if text else 1,
    )


def filled(form: Form, values: Mapping[str, str | Sequence[str]]) -> list[JsonValue]:
    """Return the components that are sent; of a file upload the values are the ids of the files.

    Raises:
        ValueError: Discord's client would not have sent this.
    """
    unknown = set(values) - {field.key for field in form.fields}
    if unknown:
        raise ValueError(f"the form has no field {sorted(unknown)}")
    sent: list[JsonValue] = []
    fields = iter(form.fields)
    for number, part in enumerate(form.components, start=1):
        own: JsonObject = {"type": part["type"], "id": number}
        if part["type"] == ROW:
            own["components"] = [_answer(next(fields), values, MAX_FIELDS + number)]
        elif part["type"] == LABEL:
            own["component"] = _answer(next(fields), values, MAX_FIELDS + number)
        sent.append(own)
    return sent


def _answer(field: Field, values: Mapping[str, str | Sequence[str]], number: int) -> JsonObject:
    given = values.get(field.key, field.value if field.kind == TEXT_INPUT else ())
    answer: JsonObject = {"type": field.kind, "id": number, "custom_id": field.key}
    if field.required and not given:
        raise ValueError(f"{field.label!r} is required")
    if given and not field.least <= len(given) <= field.most:
        raise ValueError(f"{field.label!r} takes {field.least} to {field.most}, not {len(given)}")
    if isinstance(given, str):
        if field.kind != TEXT_INPUT:
            raise ValueError(f"{field.label!r} takes a list of values")
        return answer | {"value": given}
    if field.kind == STRING_SELECT and not set(given) <= set(field.options):
        raise ValueError(f"{field.label!r} has the choices {field.options}")
    return answer | {"values": [*given]}
