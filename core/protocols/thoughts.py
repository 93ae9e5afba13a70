"""Thinking that some local models write into their answer, between <think> and </think>, kept from people."""

from typing import Final, Literal

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"


class Unthinking:
    """Leaves out a block of thinking at the beginning of an answer."""

    def __init__(self) -> None:
        self._held = ""
        self._state: Literal["begin", "thinking", "thought", "answer"] = "begin"

    def feed(self, piece: str) -> str:
        """Return what of the piece is answer; what may still become a mark waits for the next piece."""
        if self._state == "answer":
            return piece
        self._held += piece
        if self._state == "begin":
            self._begin()
        if self._state == "thinking":
            _, closed, rest = self._held.partition(_CLOSE)
            self._held = rest if closed else self._held[-len(_CLOSE) :]
            self._state = "thought" if closed else "thinking"
        if self._state == "thought" and (rest := self._held.lstrip()):
            self._held, self._state = rest, "answer"
        return self.end() if self._state == "answer" else ""

    def end(self) -> str:
        """Return what still waited and turned out to be no mark."""
        left, self._held = self._held, ""
        return left if self._state in ("begin", "answer") else ""

    def _begin(self) -> None:
        begun = self._held.lstrip()
        if begun.startswith(_OPEN):
            self._state = "thinking"
        elif not _OPEN.startswith(begun):
            self._state = "answer"
