"""Options: a skill's parameters as people fill them in by hand, the same behind every door.

From one signature come the options of a Discord command, the fields of a Slack form, `key=value` after `/steward call`
and `--key value` in the terminal.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pydantic import JsonValue

from core.errors import UserError
from core.hints import FILE_FORMAT, FILE_HELP
from core.messages import JsonObject
from core.model import Tool

Kind: TypeAlias = Literal["text", "integer", "number", "boolean", "file", "json"]
"""What is filled in; "json" is anything with a structure, typed as JSON or, for a list of plain values, with commas."""

_KINDS: Final[Mapping[str, Kind]] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
_EXPECTED: Final[Mapping[Kind, str]] = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "yes or no",
    "json": "JSON",
}
_BOOLEANS: Final = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}
_QUOTES: Final = {'"': '"', "'": "'", "“": "”", "„": "“", "‘": "’", "«": "»"}
"""Keyboards of phones and word processors exchange the plain ones for the others."""

_WORD: Final = re.compile(r"[^\s=]+(?=\s|$)")
_KEY: Final = re.compile(r"\s*([^\s=]+)=")
_UNQUOTED: Final = re.compile(rf"[^\s{''.join(_QUOTES)}]\S*")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,300}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One parameter.

    Attributes:
        name: the parameter's.
        help: what it is, in a sentence; "" where the docstring does not say.
        choices: the only values there are, of a Literal or an Enum, in their order.
        default: what is used where nothing is given; None where there is none.
        minimum: the least number, or the least length of a text.
        maximum: the greatest number, or the greatest length of a text.
        items: of a list of plain values, what each is; None where it is no such list.
    """

    name: str
    kind: Kind
    required: bool
    help: str = ""
    choices: tuple[str | int | float, ...] = ()
    default: JsonValue = None
    minimum: float | None = None
    maximum: float | None = None
    items: Kind | None = None


def options(tool: Tool) -> tuple[Option, ...]:
    """Return a skill's options, required ones first, else in the order of the signature."""
    properties = _object(tool.parameters.get("properties"))
    required = tool.parameters.get("required")
    names = required if isinstance(required, list) else []
    definitions = _object(tool.parameters.get("$defs"))
    found = [_option(name, _object(of), definitions, required=name in names) for name, of in properties.items()]
    return tuple(sorted(found, key=lambda option: not option.required))


def given(wanted: Sequence[Option], texts: Mapping[str, str]) -> JsonObject:
    """Read what was typed for some options; an empty text counts as not given.

    Raises:
        UserError: there is no such option, or the text is not of its kind, out of its bounds or not among its choices;
            one sentence that says what is expected.
    """
    known = {option.name: option for option in wanted}
    for name in texts:
        if name not in known:
            there_are = f"the options are {', '.join(known)}" if known else "there are none"
            raise UserError(f"There is no option {_short(name)}; {there_are}.")
    return {name: _read(known[name], text) for name, text in texts.items() if text}


def missing(wanted: Sequence[Option], arguments: Mapping[str, object]) -> tuple[Option, ...]:
    """Return the required options that are not among the arguments."""
    return tuple(option for option in wanted if option.required and option.name not in arguments)


def words(line: str) -> tuple[str, Mapping[str, str]]:
    r"""Divide `NAME key=value key="two words"` into a skill's name and the texts given.

    A value stands in quotes of any sort, where a backslash takes the meaning from a quote or a backslash; or it is
    JSON that begins with a bracket; or it ends at the next whitespace.

    Raises:
        UserError: there is no name, a word is no `key=value`, a key stands twice, or a quote is left open.
    """
    line = line.strip()
    name = _WORD.match(line)
    if name is None:
        raise UserError("Say which skill first, then its options: NAME key=value.")
    texts: dict[str, str] = {}
    at = name.end()
    while at < len(line):
        key = _KEY.match(line, at)
        if key is None:
            raise UserError(f"{_short(line[at:].split()[0])} is no key=value; put quotes around a value with spaces.")
        if key[1] in texts:
            raise UserError(f"{_short(key[1])} is given twice.")
        texts[key[1]], at = _value(line, key.end(), key[1])
        if at < len(line) and not line[at].isspace():
            raise UserError(f"Put a space after the value of {_short(key[1])}.")
    return name[0], texts


def typed(skill: str, arguments: JsonObject) -> str:
    """Write a call as it can be typed: `roll_dice sides=6 label="two words"`; `words` reads it back.

    What is null is left out.
    """
    pairs = (f"{name}={_written(value)}" for name, value in arguments.items() if value is not None)
    return " ".join((skill, *pairs))


def _option(name: str, schema: JsonObject, definitions: JsonObject, *, required: bool) -> Option:
    """Read one property of a schema."""
    alternatives = _alternatives(schema, definitions)
    kind = _common({_kind(each) for each in alternatives})
    only = alternatives[0] if len(alternatives) == 1 else {}
    items = _items(only, definitions)
    help = next((text for each in (schema, only) if isinstance(text := each.get("description"), str)), "")
    least, most = ("minLength", "maxLength") if kind == "text" else ("minimum", "maximum")
    step = 1 if kind == "integer" else 0
    return Option(
        name=name,
        kind=kind,
        required=required,
        help="" if help == FILE_HELP else " ".join(help.split()),
        choices=_choices(alternatives) if kind != "json" else (),
        default=schema.get("default"),
        minimum=_bound(only, least, "exclusiveMinimum", step),
        maximum=_bound(only, most, "exclusiveMaximum", -step),
        items=items,
    )


def _alternatives(schema: JsonObject, definitions: JsonObject) -> list[JsonObject]:
    """Return what a value can be besides null, with each reference followed; never nothing."""
    found: list[JsonObject] = []
    pending = [schema]
    seen: set[str] = set()
    while pending:
        each = pending.pop(0)
        several = next((of for key in ("anyOf", "oneOf", "allOf") if isinstance(of := each.get(key), list)), None)
        if several is not None:
            pending[:0] = [_object(of) for of in several]
        elif isinstance(reference := each.get("$ref"), str):
            if reference not in seen:
                seen.add(reference)
                pending.insert(0, _object(definitions.get(reference.removeprefix("#/$defs/"))))
        elif each.get("type") != "null":
            found.append(each)
    return found or [{}]


def _kind(schema: JsonObject) -> Kind:
    values = _values(schema)
    if values:
        return _common({_kind_of(value) for value in values})
    if schema.get("format") == FILE_FORMAT:
        return "file"
    return _KINDS.get(str(schema.get("type")), "json")


def _kind_of(value: JsonValue) -> Kind:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "number" if isinstance(value, float) else "text"


def _common(kinds: set[Kind]) -> Kind:
    """Return the kind in which values of several kinds can be typed."""
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds == {"integer", "number"}:
        return "number"
    return "text" if kinds <= {"text", "integer", "number"} else "json"


def _values(schema: JsonObject) -> list[JsonValue]:
    """Return the only values of a schema, null left out; nothing where it does not list them."""
    listed = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return [value for value in listed if value is not None] if isinstance(listed, list) else []


def _choices(alternatives: Sequence[JsonObject]) -> tuple[str | int | float, ...]:
    if not all(_values(each) for each in alternatives):
        return ()
    values = [value for each in alternatives for value in _values(each)]
    return tuple(value for value in values if isinstance(value, str | int | float) and not isinstance(value, bool))


def _items(schema: JsonObject, definitions: JsonObject) -> Kind | None:
    if schema.get("type") != "array" or not isinstance(schema.get("items"), dict):
        return None
    kind = _common({_kind(each) for each in _alternatives(_object(schema["items"]), definitions)})
    return None if kind == "json" else kind


def _bound(schema: JsonObject, name: str, exclusive: str, step: int) -> float | None:
    """Return a bound; an exclusive one is moved by a step, which is 0 where no neighbouring number is known."""
    bound, beyond = schema.get(name), schema.get(exclusive)
    if isinstance(bound, int | float):
        return bound
    return beyond + step if isinstance(beyond, int | float) else None


def _read(option: Option, text: str) -> JsonValue:
    """Read the text of one option."""
    if option.choices:
        return _choice(option, text.strip())
    value = _list(option, text.strip()) if option.kind == "json" else _plain(option.kind, text)
    if value is None:
        expected = "a list with commas, or JSON" if option.items else _EXPECTED[option.kind]
        raise UserError(f"{option.name} has to be {expected}, not {_short(text)}.")
    size = len(value) if isinstance(value, str) else value
    if isinstance(size, int | float) and not isinstance(size, bool):
        _check(option, size, " characters long" if isinstance(value, str) else "")
    return value


def _check(option: Option, size: float, unit: str) -> None:
    if option.minimum is not None and size < option.minimum:
        raise UserError(f"{option.name} has to be at least {option.minimum:g}{unit}.")
    if option.maximum is not None and size > option.maximum:
        raise UserError(f"{option.name} has to be at most {option.maximum:g}{unit}.")


def _choice(option: Option, text: str) -> JsonValue:
    """Find a choice as it is written, else the only one that differs in nothing but capital letters."""
    names = [str(choice) for choice in option.choices]
    if text in names:
        return option.choices[names.index(text)]
    alike = [place for place, name in enumerate(names) if name.casefold() == text.casefold()]
    if len(alike) != 1:
        raise UserError(f"{option.name} has to be one of {', '.join(names)}, not {_short(text)}.")
    return option.choices[alike[0]]


def _plain(kind: Kind, text: str) -> JsonValue:
    """Read a plain value; None where the text is not of its kind."""
    match kind:
        case "integer":
            return int(text) if _INTEGER.fullmatch(text.strip()) else None
        case "number":
            return int(text) if _INTEGER.fullmatch(text.strip()) else _number(text)
        case "boolean":
            return _BOOLEANS.get(text.strip().casefold())
        case "file":
            return text.strip()
        case _:
            return text


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _list(option: Option, text: str) -> JsonValue:
    """Read JSON, or a list of plain values with commas between them; None where it is neither."""
    if option.items is None or text.startswith(("[", "{")):
        try:
            value: JsonValue = json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return None
        return value
    values: list[JsonValue] = [_plain(option.items, item.strip()) for item in text.removesuffix(",").split(",")]
    return None if None in values else values


def _refuse(constant: str) -> JsonValue:
    raise ValueError(f"{constant} is no JSON")


def _value(line: str, start: int, key: str) -> tuple[str, int]:
    """Read the value that begins at a place in a line, and return it with the place behind it."""
    if start < len(line) and line[start] in _QUOTES:
        return _quoted(line, start, key)
    if line.startswith(("[", "{"), start):
        try:
            _, end = json.JSONDecoder().raw_decode(line, start)
        except (ValueError, RecursionError):
            pass
        else:
            return line[start:end], end
    word = _UNQUOTED.match(line, start)
    return (word[0], word.end()) if word else ("", start)


def _quoted(line: str, start: int, key: str) -> tuple[str, int]:
    closing = _QUOTES[line[start]]
    kept: list[str] = []
    at = start + 1
    while at < len(line) and line[at] != closing:
        at += line[at] == "\\" and line[at + 1 : at + 2] in ("\\", closing)
        kept.append(line[at])
        at += 1
    if at >= len(line):
        raise UserError(f"The quote at the value of {_short(key)} is not closed.")
    return "".join(kept), at + 1


def _written(value: JsonValue) -> str:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    text = value if isinstance(value, str) else json.dumps(value)
    if _UNQUOTED.fullmatch(text) and text[0] not in "[{":
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 60 else f"{line[:59]}…")
