"""Minutes: what a summary has to keep, put back where the model left it out.

What that is can be told of numbers that people named, of files, and of lines that stood in the summary before.
"""

from collections import Counter
from collections.abc import Sequence
from textwrap import wrap
from typing import Final

import regex

from core.memory import shorten
from core.words import words

_MOST_BACK: Final = 100
"""Files that are put back, and lines with numbers, the latest ones."""

_LINE: Final = 160
"""Characters of a line that is put back; a word is not cut for that, and one that is twice as long is none."""

_ALSO_NAMED: Final = "Also named:"
_ALSO_SAID: Final = "Also said:"

FILE: Final = regex.compile(r"\[file (f[0-9a-f]{12}): ([^\]\n]*?)(?:, [\w.+-]+/[\w.+-]+, [^,\]\n]*)?\]")
_NUMBER: Final = regex.compile(r"\d[\d.,:/-]*\d|\d")
_NUMBERS: Final = regex.compile(rf"^{_ALSO_NAMED}\n(?:- .*\d.*\n?)*", regex.MULTILINE)
_CLAUSE: Final = regex.compile(r"[^\n.!?;。！？；]*(?:[.]\d[^\n.!?;。！？；]*)*")


def with_lost(text: str, *, before: str, asked: str, said: str, longest: int) -> str:
    """Return a summary with what it should have kept: files, numbers that people named, and lines of the one before.

    Files, and numbers that no summary kept by itself, take at most half of the room, and of the rest the text is cut as
    far as it has to be. Lines that one kept once take what is left.

    Args:
        text: the summary.
        before: the one before.
        asked: what people said since.
        said: all that was said since.
        longest: bytes of the whole.
    """
    cut = (shorten(text, room) for room in (longest, longest * 3 // 4, longest // 2))
    tries = ([each, *_named(each, before, asked, said, longest // 2 - 4)] for each in cut)
    kept = next(each for each in tries if _size(each) <= longest)
    return "\n\n".join([*kept, *_block(_ALSO_SAID, _lost_lines("\n".join(kept), before), longest - _size(kept))])


def _named(text: str, before: str, asked: str, said: str, size: int) -> list[str]:
    """Write the numbers and the files that a summary leaves out, as far as they fit into a size in bytes."""
    known = {name: called for name, called in FILE.findall(f"{before}\n{said}") if name not in text}
    lost = _latest([f"[file {name}: {called}]" for name, called in known.items()], size)
    files = [" ".join(lost)] if lost else []
    return [
        *_block(_ALSO_NAMED, _lost_numbers(text, "\n".join([*_NUMBERS.findall(before), asked])), size - _size(files)),
        *files,
    ]


def _lost_numbers(text: str, asked: str) -> list[str]:
    """Return the lines in which people named numbers that a summary leaves out."""
    named = set(_NUMBER.findall(FILE.sub("", text)))
    lost: list[str] = []
    for clause in _CLAUSE.findall(FILE.sub("", asked)):
        for line in _wrapped(clause, _LINE):
            numbers = set(_NUMBER.findall(line))
            if numbers - named:
                lost.append(line)
                named |= numbers
    return lost


def _lost_lines(text: str, before: str) -> list[str]:
    """Return the lines of the summary before that a summary leaves out, but for those put back for their numbers alone.

    It does so where a number of a line is missing, or more than half of the words that stand in no other of them.
    """
    said = _NUMBERS.sub("", FILE.sub("", before)).splitlines()
    lines = [piece for line in said if not line.rstrip().endswith(":") for piece in _wrapped(line, 2 * _LINE)]
    held = [set(words(line)) for line in lines]
    often = Counter(word for each in held for word in each)
    known, named = set(words(text)), set(_NUMBER.findall(FILE.sub("", text)))
    lost: list[str] = []
    for line, all_ in zip(lines, held, strict=True):
        own = {word for word in all_ if often[word] == 1}
        if set(_NUMBER.findall(line)) - named or len(own - known) > len(own) / 2:
            lost.append(line)
    return lost


def _wrapped(line: str, width: int) -> list[str]:
    """Divide a line between its words, without what is one word and much too long."""
    pieces = wrap(line.strip().removeprefix("- "), width, break_long_words=False, break_on_hyphens=False)
    return [piece for piece in pieces if len(piece) <= 2 * _LINE]


def _block(title: str, lines: Sequence[str], size: int) -> list[str]:
    """Write lines under a title, the latest ones that fit into a size in bytes; nothing where none does."""
    taken = _latest([f"- {line}" for line in lines], size - len(title) - 3)
    return ["\n".join([title, *taken])] if taken else []


def _size(blocks: Sequence[str]) -> int:
    """Return the bytes of blocks with an empty line after each."""
    return sum(len(block.encode()) + 2 for block in blocks)


def _latest(lines: Sequence[str], size: int) -> list[str]:
    """Return the last lines that fit into a size in bytes, no more than are put back."""
    taken: list[str] = []
    for line in reversed(lines[-_MOST_BACK:]):
        size -= len(line.encode()) + 1
        if size < 0:
            break
        taken.insert(0, line)
    return taken
