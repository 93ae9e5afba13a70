"""The limits on application commands: names, options, choices, and how many there are.

https://discord.com/developers/docs/interactions/application-commands#application-command-object
"""

import re
from collections.abc import Sequence

from pydantic import JsonValue

from bots.simulator.discord.errors import ApiError, invalid, out_of_length, required
from bots.simulator.discord.fields import check_number, check_text, objects
from core.messages import JsonObject

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
SUB_COMMAND, GROUP, STRING, INTEGER, BOOLEAN, NUMBER, ATTACHMENT = 1, 2, 3, 4, 5, 10, 11

MAX_COMMANDS = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}
MAX_OPTIONS = 25
MAX_CHOICES = 25
MAX_NAME = 32
MAX_DESCRIPTION = 100
MAX_CHARACTERS = 8000
MAX_LENGTH = 6000
LARGEST = 1 << 53

_NAME = re.compile(r"[-_'\w]{1,32}")
"""Letters, digits and these marks; the vowel signs of Devanagari and Thai, which Discord takes too, are left out."""

_TYPES = (*range(SUB_COMMAND, BOOLEAN + 1), 6, 7, 8, 9, NUMBER, ATTACHMENT)


def check_commands(payload: JsonValue) -> list[JsonObject]:
    """Read all commands of an application, and hold them against their limits.

    Raises:
        ApiError: 50035 with the place of the first mistake, or 30032 where there are too many.
    """
    commands = objects(payload, "_errors")
    for number, command in enumerate(commands):
        check_command(command, f"{number}.")
    for kind, most in MAX_COMMANDS.items():
        names = [command["name"] for command in commands if kind_of(command) == kind]
        if len(names) > most:
            raise ApiError(400, 30032, f"Maximum number of application commands reached ({most})")
        if len(set(map(str, names))) < len(names):
            raise invalid("_errors", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
    return commands


def kind_of(command: JsonObject) -> int:
    """Return the type of a command: in the chat, for a user, or for a message."""
    kind = command.get("type", CHAT_INPUT)
    return kind if isinstance(kind, int) else 0


def check_command(command: JsonObject, at: str = "") -> None:
    """Hold one command against its limits; `at` is where it stands in the request, with a dot at the end.

    Raises:
        ApiError: 50035 with the place of the first mistake.
    """
    kind = kind_of(command)
    if kind not in MAX_COMMANDS:
        raise invalid(f"{at}type", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3}.")
    if kind == CHAT_INPUT:
        _check_name(command, at)
        _check_length(command, "description", MAX_DESCRIPTION, at)
        _check_options(command, at)
    else:
        _check_length(command, "name", MAX_NAME, at)
        if command.get("description") or command.get("options"):
            raise invalid(f"{at}description", "CONTEXT_MENU_COMMAND_HAS_DESCRIPTION", "Only chat commands have these")
    _check_numbers(command, "integration_types", (0, 1), at)
    _check_numbers(command, "contexts", (0, 1, 2), at)
    if _characters(command) > MAX_CHARACTERS:
        largest = f"The command exceeds the maximum size of {MAX_CHARACTERS}"
        raise invalid(f"{at}_errors", "APPLICATION_COMMAND_TOO_LARGE", largest)


def _check_name(of: JsonObject, at: str) -> None:
    name = of.get("name")
    if name is None:
        raise required(f"{at}name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name != name.lower():
        refusal = "Command name is invalid"
        raise invalid(f"{at}name", "APPLICATION_COMMAND_INVALID_NAME", refusal)


def _check_length(of: JsonObject, key: str, most: int, at: str) -> None:
    value = of.get(key)
    if value is None:
        raise required(f"{at}{key}")
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise out_of_length(f"{at}{key}", 1, most)


def _check_numbers(of: JsonObject, key: str, known: Sequence[int], at: str) -> None:
    listed = of.get(key)
    if listed is None:
        return
    if not isinstance(listed, list) or not listed or any(each not in known for each in listed):
        raise invalid(f"{at}{key}", "BASE_TYPE_CHOICES", f"Values must be of {set(known)}.")


def _check_options(of: JsonObject, at: str) -> None:
    options = objects(of.get("options") or [], f"{at}options")
    if len(options) > MAX_OPTIONS:
        raise out_of_length(f"{at}options", 0, MAX_OPTIONS)
    optional = False
    for number, option in enumerate(options):
        place = f"{at}options.{number}."
        _check_option(option, place)
        if option.get("required") and optional:
            refusal = "Required options must be placed before non-required options"
            raise invalid(f"{place}required", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", refusal)
        optional = optional or not option.get("required")
    if len({str(option["name"]) for option in options}) < len(options):
        raise invalid(f"{at}options", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name already exists")
    nested = [option["type"] in (SUB_COMMAND, GROUP) for option in options]
    if any(nested) and not all(nested):
        refusal = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        raise invalid(f"{at}options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", refusal)


def _check_option(option: JsonObject, at: str) -> None:
    kind = option.get("type")
    if kind not in _TYPES:
        raise invalid(f"{at}type", "BASE_TYPE_CHOICES", f"Value must be one of {set(_TYPES)}.")
    _check_name(option, at)
    _check_length(option, "description", MAX_DESCRIPTION, at)
    if kind in (SUB_COMMAND, GROUP):
        _check_options(option, at)
    if kind == STRING:
        check_number(option, "min_length", 0, MAX_LENGTH, at.rstrip("."))
        check_number(option, "max_length", 1, MAX_LENGTH, at.rstrip("."))
    for key in ("min_value", "max_value"):
        _check_bound(option, key, at)
    _check_choices(option, at)


def _check_bound(option: JsonObject, key: str, at: str) -> None:
    value = option.get(key)
    if value is None:
        return
    kinds: tuple[type, ...] = (int,) if option["type"] == INTEGER else (int, float)
    fits = isinstance(value, kinds) and not isinstance(value, bool) and option["type"] in (INTEGER, NUMBER)
    if not fits or abs(float(str(value))) > LARGEST:
        raise invalid(f"{at}{key}", "NUMBER_TYPE_COERCE", f'Value "{value}" is not a bound of this option.')


def _check_choices(option: JsonObject, at: str) -> None:
    choices = objects(option.get("choices") or [], f"{at}choices")
    if not choices:
        return
    if len(choices) > MAX_CHOICES or option.get("type") not in (STRING, INTEGER, NUMBER):
        raise out_of_length(f"{at}choices", 0, MAX_CHOICES)
    for number, choice in enumerate(choices):
        check_text(choice, "name", MAX_DESCRIPTION, f"{at}choices.{number}", needed=True)
        if choice.get("value") is None:
            raise required(f"{at}choices.{number}.value")
        if not has_type(choice["value"], option.get("type")):
            raise invalid(f"{at}choices.{number}.value", "TYPE_CONVERT", "The value is of another type.")
        if isinstance(choice["value"], str) and not 1 <= len(choice["value"]) <= MAX_DESCRIPTION:
            raise out_of_length(f"{at}choices.{number}.value", 1, MAX_DESCRIPTION)
    if len({str(choice["name"]) for choice in choices}) < len(choices):
        raise invalid(f"{at}choices", "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS", "Name already exists")


def has_type(value: JsonValue, kind: JsonValue) -> bool:
    """Tell whether a value is one for an option of a type."""
    if kind == BOOLEAN:
        return isinstance(value, bool)
    if kind == INTEGER:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST
    if kind == NUMBER:
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
    return isinstance(value, str)


def _characters(value: JsonValue) -> int:
    """Count the names, descriptions and values of a command with its options and choices."""
    match value:
        case dict():
            own = sum(len(str(value.get(key) or "")) for key in ("name", "description", "value"))
            return own + sum(_characters(value.get(key)) for key in ("options", "choices"))
        case list():
            return sum(map(_characters, value))
    return 0
