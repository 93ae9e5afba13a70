"""Controls: the buttons and menus under an answer, described once for every platform.

A control is known by its key, which says all there is to know, so that one under an old message still works after a
restart. The key names the turn and a check on it, because the numbers of turns begin again with a new database.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast, get_args

from pydantic import TypeAdapter

from core.messages import Attachment, Turn

Action: TypeAlias = Literal["stop", "again", "good", "bad", "why", "file"]
"""End the work; answer once more; this helped; it did not; say how the answer came about; do something with a file."""

# those that are written have less than 60 characters; Discord takes 100:
# https://discord.com/developers/docs/components/reference#anatomy-of-a-component
_KEY: Final = re.compile(r"steward\.([a-z]+)\.(\d{1,18})\.([0-9a-f]{8})(?:\.([\w.-]{1,60}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One entry of a menu: what people read, and what it stands for."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A button, or a menu where it has choices.

    Attributes:
        label: what people read on it, at most 40 characters; a menu's while nothing is chosen.
        key: what the platform hands back when it is used; see `read`.
        help: what it does, for people who do not see its symbol.
    """

    action: Action
    label: str
    key: str
    help: str = ""
    choices: tuple[Choice, ...] = ()


_controls: TypeAdapter[tuple[Control, ...]] = TypeAdapter(tuple[Control, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What a key says.

    Attributes:
        check: has to be that of the turn with this number.
        value: of "file": the file's id, a dot, and the number of its control.
    """

    action: Action
    turn: int
    check: str
    value: str = ""


def read(key: str) -> Press | None:
    """Read a key; None where it is none of ours."""
    found = _KEY.fullmatch(key)
    if found is None or found[1] not in get_args(Action):
        return None
    return Press(action=cast("Action", found[1]), turn=int(found[2]), check=found[3], value=found[4] or "")


def dump_controls(controls: tuple[Control, ...]) -> str:
    """Write controls as JSON."""
    return _controls.dump_json(controls).decode()


def load_controls(text: str) -> tuple[Control, ...]:
    """Read what `dump_controls` wrote."""
    return _controls.validate_json(text)


def check(message_id: str) -> str:
    """Return the check on a turn, from its message's id."""
    return hashlib.blake2b(message_id.encode(), digest_size=4).hexdigest()


def while_running(turn: Turn) -> tuple[Control, ...]:
    """Return the controls under an answer that is being made."""
    return (_control("stop", "Stop", turn, help="End this answer here"),)


def under_answer(turn: Turn, files: Sequence[Attachment]) -> tuple[Control, ...]:
    """Return the controls under a finished answer; those of its files first."""
    return (
        *(control for file in files for control in _of_file(turn, file)),
        *under_failure(turn),
        _control("good", "👍", turn, help="This helped"),
        _control("bad", "👎", turn, help="This did not help"),
        _control("why", "Why?", turn, help="Show how this answer came about"),
    )


def under_failure(turn: Turn) -> tuple[Control, ...]:
    """Return the controls under a sentence that says why there is no answer."""
    return (_control("again", "Try again", turn, help="Answer once more, in place of this"),)


def _control(action: Action, label: str, turn: Turn, *, value: str = "", help: str = "") -> Control:
    return Control(action=action, label=label, key=_key(action, turn, value), help=help)


def _key(action: Action, turn: Turn, value: str) -> str:
    key = f"steward.{action}.{turn.id}.{check(turn.message.id)}"
    return f"{key}.{value}" if value else key


def _of_file(turn: Turn, file: Attachment) -> list[Control]:
    """Return the controls that a file's maker gave it, in `spec["controls"]`; see `FileControl`."""
    return [
        Control(
            action="file",
            label=each.label,
            key=_key("file", turn, f"{file.id}.{number}"),
            choices=tuple(Choice(label=label, value=label) for label in each.choices),
        )
        for number, each in enumerate(file_controls(file))
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileControl:
    """What can be done with a file by one press: a skill is called with the file.

    A skill that makes a file offers it in `spec["controls"]`, a list of objects with these names.

    Attributes:
        label: at most 40 characters.
        skill: the one that is called.
        file: its parameter that takes the file.
        argument: its parameter that takes the choice, where there are choices.
        choices: what can be chosen, at most 25.
    """

    label: str
    skill: str
    file: str
    argument: str = ""
    choices: tuple[str, ...] = ()


def file_controls(file: Attachment) -> tuple[FileControl, ...]:
    """Return the controls of a file; one that is not described as it should be is left out."""
    listed = (file.spec or {}).get("controls")
    return tuple(filter(None, map(_file_control, listed))) if isinstance(listed, list) else ()


def _file_control(described: object) -> FileControl | None:
    if not isinstance(described, dict):
        return None
    label, skill, file = (described.get(name) for name in ("label", "skill", "file"))
    argument, choices = described.get("argument", ""), described.get("choices", [])
    if not (isinstance(label, str) and isinstance(skill, str) and isinstance(file, str) and isinstance(argument, str)):
        return None
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        return None
    return FileControl(label=label[:40], skill=skill, file=file, argument=argument, choices=tuple(choices[:25]))
