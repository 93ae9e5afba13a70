"""The terminal as a platform."""

import asyncio
import getpass
import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace

from bots.commands import SUBCOMMANDS, Commands
from bots.platform import Inbox, Note, unnoted
from bots.terminal import files
from bots.terminal.calling import read_call
from bots.terminal.draft import Outcome, TerminalDraft
from bots.terminal.lines import Lines
from bots.terminal.screen import Screen, complain
from core.errors import PlatformError, StewardError, UserError
from core.files import size_text
from core.messages import ADMIN, Attachment, Audience, Conversation, DirectCall, Message, Person, Reply, Turn
from core.options import words

_COMMAND = re.compile(r"/([A-Za-z-]+)(?:\s+(.*))?", re.DOTALL)


class Terminal:
    """Lines in, answers out, one after the other.

    Args:
        max_bytes: the largest file that is taken.
        attachments: go with the first message.

    Attributes:
        failed: there was no answer to the last message.
    """

    name = "terminal"

    def __init__(
        self,
        *,
        lines: Lines,
        screen: Screen,
        commands: Commands,
        max_bytes: int,
        attachments: Sequence[Attachment] = (),
    ) -> None:
        self.failed = False
        self._lines = lines
        self._screen = screen
        self._commands = commands
        self._max_bytes = max_bytes
        self._attached = list(attachments)
        self._asked: dict[str, asyncio.Future[Outcome]] = {}
        user = _user()
        self._person = Person(id=user, name=user, roles=frozenset({ADMIN}))
        self._conversation = Conversation(platform=self.name, workspace="local", channel=user)

    async def listen(self, inbox: Inbox) -> None:
        """Take message after message until there are no more; each is answered before the next."""
        while (line := await self._lines.next()) is not None and not self._screen.broken:
            text = line.strip()
            command = _COMMAND.fullmatch(text)
            name = command[1].lower() if command else ""
            if name in ("quit", "exit"):
                return
            try:
                if command:
                    await self._command(name, (command[2] or "").strip(), inbox)
                elif text:
                    await self._ask(text, inbox)
            except StewardError as error:
                self.failed = True
                self._complain(str(error))

    def split(self, reply: Reply) -> Sequence[Reply]:
        """Return the reply whole: a terminal has no limits."""
        return (reply,)

    def draft(self, turn: Turn, note: Note = unnoted) -> TerminalDraft:
        """Begin to show an answer."""
        asked = self._asked.get(turn.message.id)

        def done(outcome: Outcome) -> None:
            if asked is not None and not asked.done():
                asked.set_result(outcome)

        earlier = "" if asked else f"(to an earlier message: {' '.join(turn.message.text.split())[:60]})"
        direct = turn.message.direct is not None
        return TerminalDraft(self._screen, heading=earlier, direct=direct, done=done)

    async def sees(self, message: Message) -> frozenset[Audience]:
        """Return nothing: there is no other place here."""
        return frozenset()

    async def download(self, attachment: Attachment) -> bytes:
        """Refuse: a file from the terminal is kept with its message.

        Raises:
            PlatformError: always.
        """
        raise PlatformError(f"{attachment.filename} is no longer there.", permanent=True)

    async def _call(self, rest: str, inbox: Inbox) -> None:
        skill, texts = words(rest)
        direct, attachments = read_call(self._commands.options, skill, texts, self._max_bytes)
        await self._ask(f"/call {rest}", inbox, direct=direct, attachments=attachments)

    async def _ask(
        self, text: str, inbox: Inbox, *, direct: DirectCall | None = None, attachments: Sequence[Attachment] = ()
    ) -> None:
        """Hand over a message and wait until it is answered; one that is no call takes along what was attached."""
        message = replace(self._said(text), attachments=tuple(attachments if direct else self._attached), direct=direct)
        answered = self._asked[message.id] = asyncio.get_running_loop().create_future()
        try:
            await inbox.accept(message)
            if not direct:
                self._attached.clear()
            outcome = await answered
        finally:
            del self._asked[message.id]
        self.failed = outcome != "answered"
        if outcome == "lost":
            raise PlatformError("No answer could be shown; the log says why.")

    def _said(self, text: str) -> Message:
        return Message(
            id=f"{self._conversation.channel_key}/{uuid.uuid4().hex}",
            conversation=self._conversation,
            audience=Audience(scope="person", id=f"{self.name}/{self._person.id}"),
            author=self._person,
            text=text,
            sent_at=time.time(),
        )

    async def _command(self, name: str, rest: str, inbox: Inbox) -> None:
        if name == "file" and not rest:
            raise UserError("Say which file: /file PATH.")
        if name == "file":
            attachment = files.read(rest.strip("\"'").replace("\\ ", " "), self._max_bytes)
            self._attached.append(attachment)
            size = size_text(len(attachment.content or b""))
            self._screen.note(f"attached to your next message: {attachment.filename} ({size})")
        elif name == "ask" and rest:
            await self._ask(rest, inbox)
        elif name == "call" and rest:
            await self._call(rest, inbox)
        elif name in ("help", "ask", "call"):
            self._show(Reply(text=HELP))
        elif name in {command.name for command in SUBCOMMANDS}:
            self._show(await self._commands.run(name, self._said(""), rest))
        else:
            raise UserError(f"There is no command /{name}; /help lists them.")

    def _show(self, reply: Reply) -> None:
        self._screen.answer(reply.text)
        self._screen.end()
        for attachment in reply.attachments:
            self._screen.answer(f"saved: {files.save(attachment)}")
            self._screen.end()

    def _complain(self, text: str) -> None:
        if self._screen.interactive:
            self._screen.note(text)
        else:
            complain(f"steward: {text}")


HELP = "\n".join(
    [
        "Write a message and press Enter; Alt-Enter begins a new line.",
        *(
            f"  /{usage:<{max(len(command.usage) for command in SUBCOMMANDS)}} {help}"
            for usage, help in [
                *((command.usage, command.help) for command in SUBCOMMANDS),
                ("file PATH", "Send a file with your next message"),
                ("quit", "End (as does Ctrl-D)"),
            ]
        ),
    ]
)
"""What can be typed."""


def _user() -> str:
    """Name the person at the terminal; a container may run under a user id that has no name."""
    try:
        return re.sub(r"[^\w.@-]", "_", getpass.getuser()) or "somebody"
    except (KeyError, OSError):
        return "somebody"
