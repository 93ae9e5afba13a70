"""`steward chat`: the terminal connected to Steward."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence

from bots.app import App, open_app
from bots.terminal import files
from bots.terminal.lines import Lines, OneMessage, PipedLines
from bots.terminal.platform import Terminal
from bots.terminal.screen import Screen, screen_of
from core import telemetry
from core.config import Config
from core.errors import UserError
from core.messages import Attachment

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM


def chat(config: Config, *, once: str | None, paths: Sequence[str], greeted: bool = True) -> int:
    """Talk until the end, and return the exit code: 1 where `once` got no answer, 130 after Ctrl-C.

    Args:
        config: the settings; logging is configured.
        once: the only message, `-` for what standard input holds; None for a conversation.
        paths: files for the first message.
        greeted: it is said first whom one talks to.

    Raises:
        UserError: a file cannot be taken, or there is nothing to ask.
        OperatorError: something about the configuration, the data folder or the skills is wrong.
    """
    max_bytes = int(config.files.max_mb * 1_000_000)
    attachments = [files.read(path, max_bytes) for path in paths]
    if once == "-":
        once = sys.stdin.read()
    if once is not None and not once.strip():
        raise UserError("There is no message to answer.")
    return asyncio.run(_chat(config, once, attachments, greeted=greeted))


async def _chat(config: Config, once: str | None, attachments: Sequence[Attachment], *, greeted: bool) -> int:
    interactive = once is None and sys.stdin.isatty() and sys.stdout.isatty()
    screen = screen_of(os.environ, interactive=interactive)
    lines = _lines(config, once, interactive=interactive)
    talking = asyncio.create_task(_talk(config, lines, screen, attachments, greeted=greeted))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, talking.cancel)
    try:
        answered = await talking
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task and task.cancelling():  # Ctrl-C: `asyncio.run` makes a KeyboardInterrupt of it
            raise
        return TERMINATED
    if lines.interrupted:
        return INTERRUPTED
    return int(once is not None and not answered)


async def _talk(
    config: Config, lines: Lines, screen: Screen, attachments: Sequence[Attachment], *, greeted: bool
) -> bool:
    """Serve one terminal, and return whether the last message was answered."""
    async with contextlib.AsyncExitStack() as stack:
        with telemetry.errors_aloud():
            app = await stack.enter_async_context(open_app(config, announced=True))
        if greeted:
            _greet(app, screen)
        terminal = Terminal(
            lines=lines,
            screen=screen,
            commands=app.commands,
            max_bytes=app.kept.files.max_bytes,
            attachments=attachments,
        )
        await app.serve(terminal)
    return not terminal.failed


def _greet(app: App, screen: Screen) -> None:
    if screen.interactive:
        model = "practice mode" if app.practice else app.config.model.name
        screen.note(f"{app.config.name} · {model} · /help shows what you can type, Ctrl-D ends")
    if app.practice:
        from core.practice import NOTICE

        screen.note(NOTICE)


def _lines(config: Config, once: str | None, *, interactive: bool) -> Lines:
    if once is not None:
        return OneMessage(once)
    if interactive:
        from bots.terminal.prompt import PromptLines  # line editing is for people: scripts start faster without it

        return PromptLines(config.data_dir / "chat.history")
    return PipedLines(sys.stdin.fileno())
