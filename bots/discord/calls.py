"""Calls of skills that people make by hand, as messages: from what they filled in to a `DirectCall`. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bots.commands import SUBCOMMANDS, Commands
from bots.discord.forms import Call, can_ask, fields_of
from bots.discord.interactions import Command, Use
from bots.discord.tree import skill_commands, valid_name
from core.errors import UserError
from core.messages import Attachment, DirectCall, Message
from core.options import Option, typed, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Incomplete:
    """A call for which a form has to ask what is missing."""

    call: Call
    missing: tuple[Option, ...]


def line(command: Command) -> str:
    """Return what was filled in for a sub-command, in whatever order, as it would be typed after it."""
    known = next((each.options for each in SUBCOMMANDS if each.name == command.sub), ())
    return " ".join(filter(None, (command.texts.get(option.name) for option in known)))


def by_command(use: Use, command: Command, commands: Commands) -> Message | Incomplete:
    """Read the use of a skill's own command.

    Raises:
        UserError: there is no such skill, or a value is not one for its option.
    """
    found = skill_commands(commands).get(command.name)
    if found is None:
        raise UserError("I do not have this skill any more. Your list of commands will be up to date soon.")
    names = {name: option.name for name, option in found.options.items()}
    texts = {names.get(name, name): text for name, text in command.texts.items()}
    files = {names.get(name, name): file for name, file in command.files.items()}
    return called(use, found.tool.name, texts, files, commands)


def by_line(use: Use, command: Command, commands: Commands) -> Message | Incomplete:
    """Read `/steward call`; a file is taken for the first option that takes one and was not given.

    Raises:
        UserError: there is no such skill, it takes no file, or a value is not one for its option.
    """
    skill, texts = words(f"{command.texts.get('skill', '')} {command.texts.get('arguments', '')}")
    files: dict[str, Attachment] = {}
    for file in command.files.values():
        options = commands.options.get(skill, ())
        place = next((each.name for each in options if each.kind == "file" and each.name not in texts), None)
        if options and place is None:
            raise UserError(f"{skill} takes no file.")
        files[place or "file"] = file
    return called(use, skill, texts, files, commands)


def called(
    use: Use, skill: str, texts: Mapping[str, str], files: Mapping[str, Attachment], commands: Commands
) -> Message | Incomplete:
    """Make a message of a call, or say what is missing.

    Raises:
        UserError: there is no such skill, a value is not one for its option, or what is missing fits in no form.
    """
    read = commands.called(skill, texts)
    missing = tuple(option for option in read.missing if option.name not in files)
    if missing and can_ask(missing):
        call = Call(skill=skill, texts=texts, files=files, fields=fields_of(missing))
        return Incomplete(call=call, missing=missing)
    if missing:
        names = ", ".join(option.name for option in missing)
        raise UserError(f"{skill} also needs {names}: use /{valid_name(skill)}, which asks for everything.")
    arguments = read.call.arguments | {name: file.filename for name, file in files.items()}
    direct = DirectCall(
        skill=skill, arguments=read.call.arguments, files={name: place for place, name in enumerate(files)}
    )
    return replace(use.said(typed(skill, arguments), tuple(files.values())), direct=direct)
