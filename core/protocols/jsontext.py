"""One string of a JSON object, read while the object is still being written."""

import re
from typing import Final

_STRUCTURE = re.compile(r'[{}\[\]":,]')
_SPECIAL = re.compile(r'["\\]')
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_HEX = re.compile(r"[0-9a-fA-F]{4}")


class StringInObject:
    """Finds the string value of one key at the top of an object.

    Args:
        key: the key.

    Attributes:
        ended: the object was closed.
        found: the key's string was begun.
    """

    def __init__(self, key: str) -> None:
        self.ended = False
        self.found = False
        self._key = key
        self._rest = ""
        self._depth = 0
        self._string: list[str] | None = None
        self._last = ""
        self._is_key = False
        self._wanted = False

    def feed(self, piece: str) -> str:
        """Take the next piece of the object and return the characters of the string that it completes."""
        text, self._rest = self._rest + piece, ""
        out: list[str] = []
        position = 0
        while position < len(text) and not self.ended:
            step = self._outside if self._string is None else self._inside
            position = step(text, position, out)
        return "".join(out)

    def _outside(self, text: str, position: int, out: list[str]) -> int:
        match = _STRUCTURE.search(text, position)
        if not match:
            return len(text)
        sign = match[0]
        if sign in "{[":
            self._depth += 1
            self._is_key = sign == "{"
        elif sign in "}]":
            self._depth -= 1
            self.ended = self._depth == 0
        elif sign == '"':
            self._string = []
            self._wanted = self._depth == 1 and not self._is_key and self._last == self._key
            self.found = self.found or self._wanted
        elif self._depth == 1:
            self._is_key = sign == ","
        return match.end()

    def _inside(self, text: str, position: int, out: list[str]) -> int:
        match = _SPECIAL.search(text, position)
        self._add(text[position : match.start() if match else len(text)], out)
        if not match:
            return len(text)
        if match[0] == '"':
            self._close()
            return match.end()
        character, length = _escaped(text, match.start())
        if not length:
            self._rest = text[match.start() :]
            return len(text)
        self._add(character, out)
        return match.start() + length

    def _add(self, characters: str, out: list[str]) -> None:
        if self._wanted:
            out.append(characters)
        elif self._depth == 1 and self._is_key and self._string is not None:
            self._string.append(characters)

    def _close(self) -> None:
        if self._depth == 1 and self._is_key:
            self._last = "".join(self._string or ())
        self._string = None
        self._wanted = False


def _escaped(text: str, start: int) -> tuple[str, int]:
    """Return the character an escape stands for and the escape's length; 0 where the text ends too early."""
    kind = text[start + 1 : start + 2]
    if not kind:
        return "", 0
    if kind != "u":
        return _ESCAPES.get(kind, kind), 2
    digits = text[start + 2 : start + 6]
    if (
        len(digits) < 4
        and (not digits or _HEX.fullmatch(digits.ljust(4, "0")))
        and start + 2 + len(digits) == len(text)
    ):
        return "", 0
    if not _HEX.fullmatch(digits):
        return kind, 2
    return chr(int(digits, 16)), 6
