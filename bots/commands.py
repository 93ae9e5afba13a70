"""The sub-commands of `/steward`, the same on every platform and in the terminal."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from core.errors import UserError
from core.messages import Conversation, DirectCall, Person, Reply
from core.model import Tool
from core.options import Option, given, missing, options, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcommand:
    """One sub-command: `usage` as typed after `/steward`, `help` in a few words; `only` on one platform, "" on all."""

    name: str
    usage: str
    help: str
    only: str = ""


SUBCOMMANDS: Final = (
    Subcommand(name="help", usage="help", help="Show what I can do"),
    Subcommand(name="ask", usage="ask QUESTION", help="Ask me something"),
    Subcommand(name="call", usage="call SKILL key=value …", help="Run a skill yourself, without the language model"),
    Subcommand(name="skills", usage="skills", help="List my skills"),
    Subcommand(name="stop", usage="stop", help="End the answers to your questions in this channel"),
    Subcommand(
        name="follow", usage="follow on|off", help="Answer in this channel's threads without a mention", only="slack"
    ),
    Subcommand(name="forget", usage="forget", help="Forget what was said in this channel"),
)


def subcommands(platform: str) -> Sequence[Subcommand]:
    """Return the sub-commands that a platform has."""
    return [command for command in SUBCOMMANDS if command.only in ("", platform)]


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
        forget: erases a conversation's channel and returns how many turns and files went.
        stop: ends the answers to a person's questions in a channel and returns how many there were.
        follow: switches whether threads of a channel are answered without a mention.
    """

    name: str
    tools: Sequence[Tool]
    forget: Callable[[Conversation], Awaitable[tuple[int, int]]]
    stop: Callable[[Conversation, Person], Awaitable[int]]
    follow: Callable[[Conversation, bool], Awaitable[None]]
    options: Mapping[str, tuple[Option, ...]] = field(init=False)

    def __post_init__(self) -> None:
        """Read the options of each skill."""
        object.__setattr__(self, "options", {tool.name: options(tool) for tool in self.tools})

    async def run(self, command: str, conversation: Conversation, person: Person, rest: str = "") -> Reply:
        """Answer "help", "skills", "stop", "follow" or "forget".

        Raises:
            UserError: what follows the command makes no sense.
        """
        match command:
            case "skills":
                return self.skills()
            case "forget":
                turns, files = await self.forget(conversation)
                return Reply(text=f"Forgotten in this channel: {_count(turns, 'turn')} and {_count(files, 'file')}.")
            case "stop":
                stopped = await self.stop(conversation, person)
                return Reply(
                    text=f"Stopped: {_count(stopped, 'answer')}." if stopped else "I am not working for you here."
                )
            case "follow":
                return await self._follow(conversation, rest)
            case _:
                return self.help(conversation.platform)

    async def _follow(self, conversation: Conversation, rest: str) -> Reply:
        if rest.lower() not in ("on", "off"):
            raise UserError("Say `follow on` or `follow off`.")
        await self.follow(conversation, rest.lower() == "on")
        if rest.lower() == "off":
            return Reply(text="From now on I answer in this channel's threads only when I am mentioned.")
        return Reply(text="From now on I follow this channel's threads that I take part in, without being mentioned.")

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

    def help(self, platform: str) -> Reply:
        """Say what can be done here."""
        lines = [f"I am **{self.name}**, an assistant this team shares. Mention me, write me directly, or use:"]
        lines += [f"- `/steward {command.usage}` – {command.help}" for command in subcommands(platform)]
        lines += ["", f"I have {_count(len(self.tools), 'skill')} and remember each channel's conversation."]
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


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
