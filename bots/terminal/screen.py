"""What is written to the terminal, made harmless first."""

import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TextIO

from bots.terminal.pictures import Protocol, inline, protocol_of
from core.messages import Attachment

# Escape sequences begin with a control character; the last two turn the writing direction around.
_HARMLESS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t\r"} | {
    ord("\r"): None,
    0x202D: "\\u202d",
    0x202E: "\\u202e",
}


def harmless(text: str) -> str:
    """Spell out control characters, so that no text can move the cursor, set the title or hide itself."""
    return text.translate(_HARMLESS)


@dataclass(slots=True, kw_only=True)
class Screen:
    """Standard output and standard error.

    Attributes:
        interactive: a person sits in front of it: answers stream, and notes stand between them. Otherwise standard
            output holds only whole answers, and notes go to standard error.
        broken: nobody reads standard output any more.
    """

    interactive: bool
    colour: bool = False
    pictures: Protocol | None = None
    broken: bool = False
    _at_start: bool = field(default=True, init=False)

    def answer(self, text: str) -> None:
        """Write a piece of an answer."""
        self._write(harmless(text))

    def end(self) -> None:
        """Begin a new line unless the last one was ended."""
        if not self._at_start:
            self._write("\n")

    def note(self, text: str) -> None:
        """Write a line about the answer."""
        line = harmless(text)
        if self.interactive:
            self.end()
            self._write(f"\x1b[2m{line}\x1b[0m\n" if self.colour else f"{line}\n")
        else:
            complain(line)

    def picture(self, attachment: Attachment) -> None:
        """Show a picture where the terminal can."""
        if self.interactive and self.pictures:
            columns = min(shutil.get_terminal_size().columns - 1, 100)
            if drawn := inline(attachment, self.pictures, columns):
                self.end()
                self._write(drawn + "\n")

    def _write(self, text: str) -> None:
        # Looked up each time: while the prompt is shown, standard output is another object.
        if self.broken or not text:
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            self.broken = True
            silence(sys.stdout)
        self._at_start = text.endswith("\n")


def screen_of(environment: Mapping[str, str], *, interactive: bool) -> Screen:
    """Find out what the terminal can show; `NO_COLOR` is respected (https://no-color.org)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    plain = environment.get("NO_COLOR") or environment.get("TERM", "dumb") == "dumb"
    return Screen(
        interactive=interactive,
        colour=interactive and not plain,
        pictures=protocol_of(environment) if interactive else None,
    )


def complain(text: str) -> None:
    """Write a line to standard error, if anybody reads it."""
    with suppress(OSError, ValueError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def silence(stream: TextIO) -> None:
    """Send what is still buffered nowhere, so that closing a broken pipe at exit says nothing."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
