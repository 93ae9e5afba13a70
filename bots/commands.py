"""The sub-commands of `/steward`, the same on every platform and in the terminal."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from core.channels import KINDS
from core.errors import UserError
from core.messages import Conversation, DirectCall, Message, Person, Reply
from core.model import Tool
from core.options import Option, given, missing, options, words

Handler: TypeAlias = Callable[[Message, str], Awaitable[Reply]]
"""Answers a sub-command: it is given the use as a message without text, and what follows the command.

What it returns, files included, is for the one person who used the command. It raises `UserError` where what follows
makes no sense.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcommand:
    """One sub-command.

    Attributes:
        usage: as typed after `/steward`.
        help: in a few words.
        options: what can be filled in where that is done field by field; put together in this order, with spaces
            between, it is what follows the command.
    """

    name: str
    usage: str
    help: str
    options: tuple[Option, ...] = ()


SUBCOMMANDS: Final = (
    Subcommand(name="help", usage="help", help="Show what I can do"),
    Subcommand(name="ask", usage="ask QUESTION", help="Ask me something"),
    Subcommand(name="call", usage="call SKILL key=value …", help="Run a skill yourself, without the language model"),
    Subcommand(name="skills", usage="skills", help="List my skills"),
    Subcommand(name="stop", usage="stop", help="End the answers to your questions in this channel"),
    Subcommand(
        name="follow",
        usage="follow on|off",
        help="Answer here without a mention, or only with one",
        options=(Option(name="switch", kind="text", required=True, help="on or off", choices=("on", "off")),),
    ),
    Subcommand(
        name="settings",
        usage="settings [NAME VALUE]",
        help="Show or change what holds for this channel",
        options=(
            Option(name="name", kind="text", required=False, help="What to change", choices=tuple(KINDS)),
            Option(name="value", kind="text", required=False, help="Its value; `default` takes it back"),
        ),
    ),
    Subcommand(
        name="memory",
        usage="memory [edit NUMBER TEXT | delete NUMBER]",
        help="Show, edit or delete the facts I remember here",
        options=(
            Option(name="action", kind="text", required=False, help="What to do", choices=("edit", "delete")),
            Option(name="number", kind="integer", required=False, help="Which fact", minimum=1),
            Option(name="text", kind="text", required=False, help="What it says from now on"),
        ),
    ),
    Subcommand(name="forget", usage="forget", help="Forget what was said in this channel"),
    Subcommand(name="my-data", usage="my-data", help="Send you a file with everything I keep about you"),
    Subcommand(name="forget-me", usage="forget-me", help="Erase everything I keep about you"),
    Subcommand(
        name="link",
        usage="link [CODE]",
        help="Show me that you are the same person on another platform",
        options=(Option(name="code", kind="text", required=False, help="What I told you there"),),
    ),
    Subcommand(name="unlink", usage="unlink", help="Treat your accounts as different people again"),
)


_ALONE: Final = {
    "forget": "It forgets everything that was said here. For what I keep about you there is `forget-me`, for one fact"
    " `memory delete NUMBER`.",
    "forget-me": "It erases everything that I keep about you.",
    "my-data": "It sends you everything that I keep about you.",
    "unlink": "It takes this account apart from your others.",
}
"""Commands that take nothing after them, for one that was meant otherwise could not be undone, and what they do."""


def typed_as(used: Message, command: str) -> str:
    """Return how a sub-command is typed where another one was used, as code."""
    return f"`/{command}`" if used.conversation.platform == "terminal" else f"`/steward {command}`"


def parse(text: str) -> tuple[str, str]:
    """Divide what follows `/steward` into sub-command and rest.

    Text that begins with no sub-command's name is a question: ("ask", text). No text at all is ("help", "").
    """
    first, _, rest = text.strip().partition(" ")
    if not first:
        return "help", ""
    if first.lower() in {command.name for command in SUBCOMMANDS}:
        return first.lower(), rest.strip()
    return "ask", text.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A call that somebody typed.

    Attributes:
        missing: the required options that were not given; the call cannot be made without them.
    """

    call: DirectCall
    missing: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Answers the sub-commands that need no model; `ask` and `call` are messages and go through the turns.

    Args:
        name: what the assistant calls itself.
        tools: the skills.
        stop: ends the answers to a person's questions in a channel and returns how many there were.
        handlers: answer the other sub-commands, by name.
    """

    name: str
    tools: Sequence[Tool]
    stop: Callable[[Conversation, Person], Awaitable[int]]
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    options: Mapping[str, tuple[Option, ...]] = field(init=False)

    def __post_init__(self) -> None:
        """Read the options of each skill."""
        object.__setattr__(self, "options", {tool.name: options(tool) for tool in self.tools})

    async def run(self, command: str, used: Message, rest: str = "") -> Reply:
        """Answer a sub-command that needs no turn, for the person who used it alone.

        Args:
            command: its name.
            used: the use as a message without text.
            rest: what follows the command.

        Raises:
            UserError: what follows the command makes no sense.
        """
        if command in self.handlers:
            if rest.strip() and command in _ALONE:
                raise UserError(f"{typed_as(used, command)} takes nothing after it. {_ALONE[command]}")
            return await self.handlers[command](used, rest)
        match command:
            case "skills":
                return self.skills()
            case "stop":
                stopped = await self.stop(used.conversation, used.author)
                return Reply(
                    text=f"Stopped: {counted(stopped, 'answer')}." if stopped else "I am not working for you here."
                )
            case _:
                return self.help()

    def typed(self, rest: str) -> Typed:
        """Read what follows `call`.

        Raises:
            UserError: there is no such skill or option, or a value is not one for its option.
        """
        skill, texts = words(rest)
        return self.called(skill, texts)

    def called(self, skill: str, texts: Mapping[str, str]) -> Typed:
        """Read the texts that were filled in for a skill; see `core.options.given`.

        Raises:
            UserError: there is no such skill or option, or a value is not one for its option.
        """
        return called(self.options, skill, texts)

    def help(self) -> Reply:
        """Say what can be done here."""
        lines = [f"I am **{self.name}**, an assistant this team shares. Mention me, write me directly, or use:"]
        lines += [f"- `/steward {command.usage}` – {command.help}" for command in SUBCOMMANDS]
        lines += [
            "",
            f"I have {counted(len(self.tools), 'skill')} and a memory for each channel.",
        ]
        return Reply(text="\n".join(lines))

    def skills(self) -> Reply:
        """List the skills with what each is for."""
        lines = ["**My skills**"]
        for tool in self.tools:
            lines.append(f"- `{tool.name}` – {tool.description.splitlines()[0]}")
            lines += [f"  e.g. “{example}”" for example in tool.examples[:1]]
        return Reply(text="\n".join(lines))


def called(known: Mapping[str, Sequence[Option]], skill: str, texts: Mapping[str, str]) -> Typed:
    """Read the texts that were filled in for one of the skills whose options are known; see `core.options.given`.

    Raises:
        UserError: there is no such skill or option, or a value is not one for its option.
    """
    wanted = known.get(skill)
    if wanted is None:
        raise UserError(f"There is no skill {skill[:60]!r}; `skills` lists them.")
    arguments = given(wanted, texts)
    return Typed(call=DirectCall(skill=skill, arguments=arguments), missing=missing(wanted, arguments))


def counted(number: int, noun: str) -> str:
    """Write a number of things: "1 file", "2,000 files"."""
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"
