"""Google-style docstrings, as far as a skill needs them: description, arguments, examples."""

import inspect
import re
from dataclasses import dataclass, field

_SECTION = re.compile(r"^(Args|Arguments|Examples?|Returns?|Yields?|Raises|Notes?|Attributes):\s*$")
_ARGUMENT = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Docstring:
    """A docstring taken apart.

    Attributes:
        description: everything before the first section.
        arguments: description by argument name.
        examples: the lines of the `Examples:` section.
    """

    description: str
    arguments: dict[str, str] = field(default_factory=dict)
    examples: tuple[str, ...] = ()


def parse(docstring: str) -> Docstring:
    """Take a docstring apart; text in sections that are not known here is left out."""
    sections: dict[str, list[str]] = {"": []}
    name = ""
    for line in inspect.cleandoc(docstring).splitlines():
        if heading := _SECTION.match(line):
            name = heading[1]
            sections.setdefault(name, [])
        else:
            sections[name].append(line)
    return Docstring(
        description="\n".join(sections[""]).strip(),
        arguments=_arguments(sections.get("Args", []) + sections.get("Arguments", [])),
        examples=_examples(sections.get("Examples", []) + sections.get("Example", [])),
    )


def _arguments(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    current = ""
    outer = min((_indent(line) for line in lines if line.strip()), default=0)
    for line in lines:
        if _indent(line) == outer and (match := _ARGUMENT.match(line.strip())):
            current = match[1]
            found[current] = match[2].strip()
        elif current and line.strip():
            found[current] = f"{found[current]} {line.strip()}".strip()
    return found


def _examples(lines: list[str]) -> tuple[str, ...]:
    return tuple(_unquoted(line.strip().removeprefix("- ")) for line in lines if line.strip())


def _unquoted(text: str) -> str:
    """Take off the quotes around a whole text, not those of a word at its beginning or end."""
    inner = text[1:-1]
    return inner if text[:1] + text[-1:] in ('""', "``", "“”") and not set(inner) & {text[0], text[-1]} else text


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
