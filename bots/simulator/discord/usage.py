"""What Discord's client sends when somebody uses a command: pure functions of its definition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pydantic import JsonValue

from bots.simulator.discord.definitions import ATTACHMENT, STRING, SUB_COMMAND, has_type
from bots.simulator.discord.fields import objects
from core.messages import JsonObject

OptionValue: TypeAlias = str | int | float | bool | tuple[str, bytes]
"""What somebody enters for an option; a file is a name and a content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The options of a command in use; `files` are attachments by the name of their option, without an id yet."""

    options: tuple[JsonObject, ...]
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)


def used(command: JsonObject, sub: str | None, values: Mapping[str, OptionValue]) -> Usage:
    """Check what somebody entered as the client does.

    Raises:
        ValueError: the client would not have sent it: the words say why.
    """
    defined = objects(command.get("options") or [], "options")
    if sub is not None:
        inner = next((each for each in defined if each.get("type") == SUB_COMMAND and each.get("name") == sub), None)
        if inner is None:
            raise ValueError(f"/{command['name']} has no sub-command {sub!r}")
        defined = objects(inner.get("options") or [], "options")
    elif any(each.get("type") == SUB_COMMAND for each in defined):
        raise ValueError(f"/{command['name']} needs a sub-command")
    by_name = {str(each["name"]): each for each in defined}
    if unknown := sorted(set(values) - set(by_name)):
        raise ValueError(f"/{command['name']} has no option {unknown}")
    if missing := [name for name, each in by_name.items() if each.get("required") and name not in values]:
        raise ValueError(f"/{command['name']} needs {missing}")
    options = tuple(_option(by_name[name], value) for name, value in values.items() if not isinstance(value, tuple))
    files = {name: value for name, value in values.items() if isinstance(value, tuple)}
    for name in files:
        if by_name[name].get("type") != ATTACHMENT:
            raise ValueError(f"the option {name!r} takes no file")
    return Usage(options=options, files=files)


def _option(option: JsonObject, value: str | int | float | bool) -> JsonObject:
    name, kind = option["name"], option["type"]
    if kind == ATTACHMENT or not has_type(value, kind):
        raise ValueError(f"{value!r} is no value for the option {name!r}")
    choices: list[JsonValue] = [each["value"] for each in objects(option.get("choices") or [], "choices")]
    if choices and not option.get("autocomplete") and value not in choices:
        raise ValueError(f"the option {name!r} has the choices {choices}")
    size = len(value) if isinstance(value, str) else value
    least, most = ("min_length", "max_length") if kind == STRING else ("min_value", "max_value")
    if not _bound(option, least, size) <= size <= _bound(option, most, size):
        raise ValueError(f"{value!r} is out of range for the option {name!r}")
    return {"name": name, "type": kind, "value": value}


def _bound(option: JsonObject, key: str, default: float) -> float:
    bound = option.get(key)
    return bound if isinstance(bound, int | float) else default
