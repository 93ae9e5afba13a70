"""The tree of application commands: `/steward`, one command for each skill, and one in the menu of every message.

Pure: from the options of the skills to what Discord registers.
https://discord.com/developers/docs/interactions/application-commands
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from bots.commands import SUBCOMMANDS, Commands, Subcommand
from bots.discord.interactions import CHAT_INPUT, ON_MESSAGE
from core.messages import JsonObject
from core.model import Tool
from core.options import Kind, Option

STEWARD: Final = "steward"
MOST_COMMANDS: Final = 100
MOST_OPTIONS: Final = 25
MOST_CHOICES: Final = 25
MOST_CHARACTERS: Final = 8_000
"""Characters of all names, descriptions and values of one command."""

_LONGEST_NAME: Final = 32
_LONGEST_TEXT: Final = 100
_LONGEST_VALUE: Final = 6_000
_SENTENCE_END: Final = re.compile(r"[.!?](?=\s)")
_EXACT: Final = 2**53 - 1
"""The greatest integer that may be filled in."""

_SERVERS, _DIRECT_MESSAGES, _PRIVATE_CHANNELS = 0, 1, 2
_SERVER_INSTALL, _PERSON_INSTALL = 0, 1
_SUB_COMMAND: Final = 1
_TEXT, _INTEGER, _BOOLEAN, _NUMBER, _FILE = 3, 4, 5, 10, 11
_TYPES: Final[Mapping[Kind, int]] = {
    "text": _TEXT,
    "json": _TEXT,
    "integer": _INTEGER,
    "boolean": _BOOLEAN,
    "number": _NUMBER,
    "file": _FILE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillCommand:
    """The command of one skill; `options` are the skill's by the names that they have in Discord."""

    name: str
    tool: Tool
    options: Mapping[str, Option]

    def definition(self) -> JsonObject:
        """Describe the command; where it says too much for Discord, the longest choices are left to be typed."""
        closed = {name for name, option in self.options.items() if _choices(option)}
        while True:
            listed = [_option(name, option, closed=name in closed) for name, option in self.options.items()]
            described: JsonObject = {
                "name": self.name,
                "description": _about(self.tool),
                "options": [*listed],
            }
            if not closed or characters(described) <= MOST_CHARACTERS:
                return described
            closed.remove(max(closed, key=lambda name: characters(_option(name, self.options[name], closed=True))))


def skill_commands(commands: Commands) -> Mapping[str, SkillCommand]:
    """Return the commands of all skills by name; only so many of them can be registered."""
    made = [
        SkillCommand(
            name=valid_name(tool.name),
            tool=tool,
            options={valid_name(option.name): option for option in commands.options[tool.name][:MOST_OPTIONS]},
        )
        for tool in commands.tools
    ]
    return {command.name: command for command in made}


def tree(commands: Commands, *, for_people: bool = True) -> Sequence[JsonObject]:
    """Describe all commands; `for_people` lets those who installed the bot for themselves use them everywhere."""
    skills = list(skill_commands(commands).values())[: MOST_COMMANDS - 1]
    where: JsonObject = {
        "integration_types": [_SERVER_INSTALL, _PERSON_INSTALL] if for_people else [_SERVER_INSTALL],
        "contexts": [_SERVERS, _DIRECT_MESSAGES, *([_PRIVATE_CHANNELS] if for_people else [])],
    }
    typed = [_steward(commands), *(skill.definition() for skill in skills)]
    return [
        *({"type": CHAT_INPUT, **each, **where} for each in typed),
        {"type": ON_MESSAGE, "name": on_message(commands), **where},
    ]


def on_message(commands: Commands) -> str:
    """Return the name of the command in the menu of a message."""
    return f"Ask {commands.name}"[:_LONGEST_NAME].strip()


def valid_name(name: str) -> str:
    """Return a name as Discord takes it: lower case, and at most 32 letters, digits, underscores and hyphens.

    One that has to be changed gets a digest of itself, so that it stays the same whatever other names there are.
    """
    changed = re.sub(r"[^\w-]", "_", name.lower())
    if changed == name and len(name) <= _LONGEST_NAME and name != STEWARD:
        return name
    digest = hashlib.blake2b(name.encode(), digest_size=3).hexdigest()
    return f"{changed[: _LONGEST_NAME - len(digest) - 1]}_{digest}"


def short(text: str, most: int = _LONGEST_TEXT) -> str:
    """Return a text as one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def hint(option: Option, *, closed: bool = False) -> str:
    """Say in a line what an option is; `closed` where its choices are shown beside it."""
    about = option.help.strip() or option.name
    if option.choices and not closed:
        return short(f"{short(about, 50).rstrip('.')}: {', '.join(map(str, option.choices))}")
    if option.kind == "json":
        return short(f"{short(about, 70).rstrip('.')} ({'separated by commas' if option.items else 'as JSON'})")
    return short(about)


def characters(described: JsonValue) -> int:
    """Count what counts towards the limit of a command."""
    if isinstance(described, list):
        return sum(map(characters, described))
    if not isinstance(described, dict):
        return 0
    counted = sum(len(str(described.get(key, ""))) for key in ("name", "description", "value"))
    return counted + characters(described.get("options")) + characters(described.get("choices"))


def _about(tool: Tool) -> str:
    """Return what a skill is for: the first line of its description, or as much of it as fits in whole sentences."""
    line = " ".join(tool.description.partition("\n")[0].split())
    whole = [line[: end.end()] for end in _SENTENCE_END.finditer(line) if end.end() <= _LONGEST_TEXT]
    return line if 0 < len(line) <= _LONGEST_TEXT else whole[-1] if whole else short(line) or tool.name


def _steward(commands: Commands) -> JsonObject:
    return {
        "name": STEWARD,
        "description": "Talk to the assistant this team shares",
        "options": [
            {
                "type": _SUB_COMMAND,
                "name": command.name,
                "description": command.help,
                **({"options": options} if (options := _of_subcommand(command, commands)) else {}),
            }
            for command in SUBCOMMANDS
        ],
    }


def _of_subcommand(command: Subcommand, commands: Commands) -> list[JsonValue]:
    file: JsonObject = {"type": _FILE, "name": "file", "description": "A file it is about"}
    if command.name == "ask":
        return [{"type": _TEXT, "name": "question", "description": "What you want to know", "required": True}, file]
    if command.name != "call":
        return [
            _option(option.name, option, closed=bool(option.choices and _choices(option))) for option in command.options
        ]
    skill = Option(name="skill", kind="text", required=True, help="Its name", choices=tuple(commands.options))
    arguments: JsonObject = {"type": _TEXT, "name": "arguments", "description": 'key=value other="two words"'}
    return [_option("skill", skill, closed=bool(_choices(skill))), arguments, file]


def _option(name: str, option: Option, *, closed: bool) -> JsonObject:
    described: JsonObject = {
        "type": _TYPES[option.kind],
        "name": name,
        "description": hint(option, closed=closed),
    }
    if option.required:
        described["required"] = True
    if closed:
        described["choices"] = _choices(option)
        return described
    return described | _bounds(option)


def _choices(option: Option) -> list[JsonValue]:
    """Return the choices as Discord shows them; none where it cannot show them all."""
    values = [str(choice) if option.kind == "text" else choice for choice in option.choices]
    names = [str(value) for value in values]
    fits = len(names) <= MOST_CHOICES and all(each and each == short(each) for each in names)
    if option.kind not in ("text", "integer", "number") or not fits or len(set(names)) < len(names):
        return []
    return [{"name": name, "value": value} for name, value in zip(names, values, strict=True)]


def _bounds(option: Option) -> JsonObject:
    """Return the bounds as Discord takes them; one that allows everything is left out, as Discord does."""
    least, most = option.minimum, option.maximum
    bounds: dict[str, float | int | None] = {}
    if option.kind == "integer":
        bounds["min_value"] = None if least is None else max(math.ceil(least), -_EXACT)
        bounds["max_value"] = None if most is None else min(math.floor(most), _EXACT)
    elif option.kind == "number":
        bounds["min_value"] = None if least is None else max(least, float(-_EXACT))
        bounds["max_value"] = None if most is None else min(most, float(_EXACT))
    elif option.kind == "text" and not option.choices:
        bounds["min_length"] = None if least is None or least < 1 else min(int(least), _LONGEST_VALUE)
        bounds["max_length"] = None if most is None else min(max(int(most), 1), _LONGEST_VALUE)
    return {key: value for key, value in bounds.items() if value is not None}
