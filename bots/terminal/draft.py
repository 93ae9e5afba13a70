"""One answer on its way to the terminal."""

import json
from collections.abc import Callable
from typing import Literal, TypeAlias

from bots.terminal import files
from bots.terminal.screen import Screen, complain, harmless
from core.events import Event, Finished, Restarted, SkillFinished, SkillStarted, TextDelta
from core.items import Call
from core.outlet import Part

Outcome: TypeAlias = Literal["answered", "failed", "lost"]
"""An answer; a sentence that says why there is none; or nothing at all."""


class TerminalDraft:
    """Shows an answer as it comes, and completes it with what `send` is given.

    Args:
        heading: a line above, for an answer to a message of an earlier run.
        direct: what is answered is the call of a skill, which fails as a whole where the skill does.
        done: is told at the end what became of the answer.
    """

    def __init__(
        self, screen: Screen, *, heading: str = "", direct: bool = False, done: Callable[[Outcome], None]
    ) -> None:
        self._screen = screen
        self._heading = heading
        self._direct = direct
        self._done = done
        self._shown = ""
        self._ok = True
        self._sent = False

    async def show(self, event: Event) -> None:
        """Show progress."""
        match event:
            case TextDelta(text=text):
                if self._screen.interactive and not self._heading:
                    text = text if self._shown else text.lstrip()
                    self._screen.answer(text)
                    self._shown += text
            case Restarted(reason=reason):
                self._shown = ""
                self._screen.note(f"↻ the answer begins again: {reason}")
            case SkillStarted(call=call):
                self._shown = ""
                self._screen.note(f"→ {describe(call)}")
            case SkillFinished(call=call, result=result, seconds=seconds):
                self._ok = self._ok and (result.ok or not self._direct)
                failure = "" if result.ok else f": {_short(result.text, 100)}"
                self._screen.note(f"{'✓' if result.ok else '✗'} {call.name} {seconds:.1f} s{failure}")
            case Finished(ok=ok):
                self._ok = self._ok and ok

    async def send(self, part: Part) -> str:
        """Show what is missing of the text, and save the files.

        Raises:
            PlatformError: a file cannot be saved.
        """
        saved = [(attachment, files.save(attachment)) for attachment in part.attachments]
        if self._heading:
            self._screen.note(self._heading)
        self._text(part.text)
        for attachment, path in saved:
            self._screen.picture(attachment)
            self._line(f"saved: {path}")
        self._sent = True
        return part.key

    async def clear(self) -> None:
        """Leave what was shown: a terminal takes nothing back."""

    async def close(self) -> None:
        """Say that it is over."""
        self._done(("answered" if self._ok else "failed") if self._sent else "lost")

    def _text(self, text: str) -> None:
        shown, self._shown = self._shown, ""
        missing = text.strip()
        if missing == shown.rstrip():
            missing = ""
        elif shown and missing.startswith(shown):
            missing = missing.removeprefix(shown)
        elif shown:
            self._screen.end()
        if self._ok or self._screen.interactive:
            self._write(missing)
        elif missing:
            complain(f"steward: {harmless(missing)}")
        self._screen.end()

    def _line(self, text: str) -> None:
        self._screen.end()
        self._write(text)
        self._screen.end()

    def _write(self, text: str) -> None:
        """Write to where this answer belongs: one to an earlier run's message is not what a script asked for."""
        if not self._heading or self._screen.interactive:
            self._screen.answer(text)
        elif text:
            self._screen.note(text)


def describe(call: Call) -> str:
    """Write a skill call in a few words: `draw_chart(kind="bar", title="Words of…")`."""
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        return f"{call.name}({_short(call.arguments, 60)})"
    pairs = [f"{name}={_short(json.dumps(value, ensure_ascii=False), 40)}" for name, value in arguments.items()]
    return f"{call.name}({_short(', '.join(pairs), 100)})"


def _short(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
