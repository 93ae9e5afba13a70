"""The sub-commands of `/steward`, the same on every platform and in the terminal."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from core.messages import Conversation, Reply
from core.model import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcommand:
    """One sub-command: `usage` as typed after `/steward`, `help` in a few words."""

    name: str
    usage: str
    help: str


SUBCOMMANDS = (
    Subcommand(name="help", usage="help", help="Show what I can do"),
    Subcommand(name="ask", usage="ask QUESTION", help="Ask me something"),
    Subcommand(name="skills", usage="skills", help="List my skills"),
    Subcommand(name="forget", usage="forget", help="Forget what was said in this channel"),
)


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


class Commands:
    """Answers the sub-commands that need no model; `ask` is an ordinary message and goes through the turns.

    Args:
        name: what the assistant calls itself.
        tools: the skills.
        forget: erases a conversation's channel and returns how many turns and files went.
    """

    def __init__(
        self,
        *,
        name: str,
        tools: Sequence[Tool],
        forget: Callable[[Conversation], Awaitable[tuple[int, int]]],
    ) -> None:
        self._name = name
        self._tools = tools
        self._forget = forget

    async def run(self, command: str, conversation: Conversation) -> Reply:
        """Answer "help", "skills" or "forget"."""
        if command == "skills":
            return self.skills()
        if command == "forget":
            turns, files = await self._forget(conversation)
            return Reply(text=f"Forgotten in this channel: {_count(turns, 'turn')} and {_count(files, 'file')}.")
        return self.help()

    def help(self) -> Reply:
        """Say what can be done here."""
        lines = [f"I am **{self._name}**, an assistant this team shares. Mention me, write me directly, or use:"]
        lines += [f"- `/steward {command.usage}` – {command.help}" for command in SUBCOMMANDS]
        lines.append(f"I have {_count(len(self._tools), 'skill')} and remember each channel's conversation.")
        return Reply(text="\n".join(lines))

    def skills(self) -> Reply:
        """List the skills with what each is for."""
        lines = ["**My skills**"]
        for tool in self._tools:
            lines.append(f"- `{tool.name}` – {tool.description.splitlines()[0]}")
            lines += [f"  e.g. “{example}”" for example in tool.examples[:1]]
        return Reply(text="\n".join(lines))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
