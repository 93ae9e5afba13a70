"""Line editing with history, by prompt_toolkit."""

from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.patch_stdout import patch_stdout


class PromptLines:
    """What a person types: Enter sends, Alt-Enter begins a new line, a pasted text stays one message.

    Args:
        history: the file that keeps what was typed; it is made readable for its owner alone.
    """

    def __init__(self, history: Path) -> None:
        self.interrupted = False
        history.parent.mkdir(parents=True, exist_ok=True)
        history.touch(mode=0o600)
        self._session: PromptSession[str] = PromptSession(
            "\n› ",
            history=FileHistory(history),
            key_bindings=_bindings(),
        )

    async def next(self) -> str | None:
        """Return the next message; None at Ctrl-D and at Ctrl-C."""
        try:
            with patch_stdout(raw=True):
                return await self._session.prompt_async()
        except EOFError:
            return None
        except KeyboardInterrupt:
            self.interrupted = True
            return None


def _bindings() -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("escape", "enter")
    def new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return bindings
