"""`steward call`: a skill run from the command line, without the language model."""

import shutil
import textwrap
from collections.abc import Collection, Sequence

from bots.app import skills
from bots.terminal.calling import read_call, texts_of
from bots.terminal.chat import chat
from core.config import Config
from core.model import Tool
from core.options import Option, options, typed

_PLACEHOLDERS = {"text": "TEXT", "integer": "NUMBER", "number": "NUMBER", "boolean": "yes|no", "file": "PATH"}


def call(config: Config, name: str, words: Sequence[str]) -> int:
    """Run a skill and return the exit code: 1 where it failed, 130 after Ctrl-C.

    Args:
        config: the settings; logging is configured.
        name: the skill's; "" lists the skills.
        words: what follows the name: `--key value` or `--key=value`; `--help` shows the skill's options.

    Raises:
        UserError: there is no such skill or option, a value is not one for its option, or one is missing.
        OperatorError: something about the configuration, the data folder or the skills is wrong.
    """
    tools = {tool.name: tool for tool in skills(config).tools}
    if not name:
        print(_listed(tools.values()))
        return 0
    known = {tool.name: options(tool) for tool in tools.values()}
    if name in tools and ("--help" in words or "-h" in words):
        print(_described(tools[name], known[name]))
        return 0
    texts = texts_of(words, known.get(name, ()))
    read_call(known, name, texts, int(config.files.max_mb * 1_000_000))
    return chat(config, once=f"/call {typed(name, dict(texts))}", paths=[], greeted=False)


def _listed(tools: Collection[Tool]) -> str:
    names = [tool.name for tool in tools]
    width = max(map(len, names), default=0)
    lines = [f"  {tool.name:<{width}}  {tool.description.splitlines()[0]}" for tool in tools]
    usage = ["usage: steward call NAME [--key value …]", "", "Run a skill without the language model.", "", "skills:"]
    return "\n".join([*usage, *lines, "", "`steward call NAME --help` shows the options of one."])


def _described(tool: Tool, wanted: Sequence[Option]) -> str:
    usage = " ".join(
        ["usage: steward call", tool.name]
        + [f"{_key(option)} {_placeholder(option)}" for option in wanted if option.required]
        + ["[--key value …]"] * any(not option.required for option in wanted)
    )
    lines = [usage, "", *_wrapped(tool.description, "")]
    if wanted:
        lines += ["", "options:"]
    for option in wanted:
        lines.append(f"  {_key(option)} {_placeholder(option)}")
        if about := " ".join(filter(None, (option.help, _notes(option)))):
            lines += _wrapped(about, "      ")
    return "\n".join(lines)


def _key(option: Option) -> str:
    return f"--{option.name.replace('_', '-')}"


def _placeholder(option: Option) -> str:
    if option.choices:
        return "|".join(str(choice) for choice in option.choices)
    if option.kind == "json":
        return "A,B,…" if option.items else "JSON"
    return _PLACEHOLDERS[option.kind]


def _notes(option: Option) -> str:
    """Say what is to be known besides the help: required, bounds, the default."""
    unit = " characters" if option.kind == "text" else ""
    notes = ["required"] if option.required else []
    if option.minimum is not None:
        notes.append(f"at least {option.minimum:g}{unit}")
    if option.maximum is not None:
        notes.append(f"at most {option.maximum:g}{unit}")
    if option.default not in (None, ""):
        notes.append(f"default {option.default}")
    return f"({', '.join(notes)})" if notes else ""


def _wrapped(text: str, indent: str) -> list[str]:
    """Divide a text into lines for this terminal, with an empty one between its paragraphs."""
    width = min(shutil.get_terminal_size().columns, 100)
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    wrapped = (textwrap.wrap(each, width, initial_indent=indent, subsequent_indent=indent) for each in paragraphs)
    return "\n\n".join("\n".join(lines) for lines in wrapped).split("\n")
