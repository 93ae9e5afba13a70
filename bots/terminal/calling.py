"""What is typed for a skill, on the command line or in the chat, read into a call."""

from collections.abc import Mapping, Sequence

from bots.commands import called
from bots.terminal import files
from core.errors import UserError
from core.messages import Attachment, DirectCall
from core.options import Option


def read_call(
    known: Mapping[str, Sequence[Option]], skill: str, texts: Mapping[str, str], max_bytes: int
) -> tuple[DirectCall, tuple[Attachment, ...]]:
    """Read what was typed for a skill into a call, and the files at the paths that were given.

    Raises:
        UserError: there is no such skill or option, a value is not one for its option, one is missing, or a file cannot
            be taken.
    """
    wanted = {option.name: option for option in known.get(skill, ())}
    paths = {name: path for name, path in texts.items() if path and name in wanted and wanted[name].kind == "file"}
    read = called(known, skill, {name: text for name, text in texts.items() if name not in paths})
    missing = [option.name for option in read.missing if option.name not in paths]
    if missing:
        raise UserError(f"{skill} needs {' and '.join(missing)}.")
    attachments = tuple(files.read(path, max_bytes) for path in paths.values())
    places = {name: place for place, name in enumerate(paths)}
    return DirectCall(skill=skill, arguments=read.call.arguments, files=places), attachments


def texts_of(words: Sequence[str], wanted: Sequence[Option]) -> dict[str, str]:
    """Read `--key value`, `--key=value`, `--flag` and `--no-flag`; a hyphen in a key is as good as an underscore.

    Raises:
        UserError: a word belongs to no key, a key has no value or stands twice.
    """
    flags = {option.name for option in wanted if option.kind == "boolean"}
    texts: dict[str, str] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("--") or word == "--":
            raise UserError(f"{word[:60]!r} belongs to no option; write --key value.")
        key, equals, value = word[2:].partition("=")
        key = key.replace("-", "_")
        if not equals and key in flags and (not left or left[0].startswith("--")):
            value = "yes"
        elif not equals and key.removeprefix("no_") in flags and key not in flags:
            key, value = key.removeprefix("no_"), "no"
        elif not equals and (not left or left[0].startswith("--")):
            raise UserError(f"--{key[:60]} needs a value; one that begins with -- is written --{key[:60]}=VALUE.")
        elif not equals:
            value = left.pop(0)
        if key in texts:
            raise UserError(f"--{key[:60]} is given twice.")
        texts[key] = value
    return texts
