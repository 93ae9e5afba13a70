"""A reply divided into messages; pure.

Code that is too long for one message becomes a file, which Slack shows as a snippet with its lines coloured:
https://docs.slack.dev/messaging/working-with-files.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bots.links import Links
from bots.text import split as split_text
from core.messages import Attachment, Reply

LIMIT: Final = 7_900
"""Characters of one message. Escaping makes at most five of one and a word joiner three of two, so that a message
stays within 40,000 characters of text and 12,000 of the markdown block whatever is in it, with `REPEATED` above it."""

FILES: Final = 10
"""Files of one message."""

MOST_WRITTEN: Final = 200_000
"""Bytes of a file that is written out."""

_OPENING: Final = re.compile(r"^ {0,3}(`{3,}(?=[^`\n]*$)|~{3,})[ \t]*([^\s`]*)[^\n]*$", re.MULTILINE)
_ENDINGS: Final = {
    "bash": "sh",
    "c++": "cpp",
    "csharp": "cs",
    "golang": "go",
    "javascript": "js",
    "kotlin": "kt",
    "markdown": "md",
    "plaintext": "txt",
    "powershell": "ps1",
    "python": "py",
    "ruby": "rb",
    "rust": "rs",
    "shell": "sh",
    "text": "txt",
    "typescript": "ts",
    "yml": "yaml",
}
_BACKTICKS: Final = re.compile("`+")
_ENDING: Final = re.compile(r"[a-z0-9]{1,8}")
_MADE_NAME: Final = re.compile(r"[\w-][\w.-]{0,80}\.[a-z0-9]{1,8}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    """A block of code in a text: where it begins and ends with its fences, its info word, and what is in it."""

    start: int
    end: int
    info: str
    body: str


def split(reply: Reply) -> Sequence[Reply]:
    """Divide a reply into messages of text, and files after them.

    Controls stand under a text, so a reply of files alone begins with a line that names them.
    """
    text, snippets = _without_long_code(reply.text)
    files = (*snippets, *reply.attachments)
    if files and not text.strip():
        text = _named(files)
    return [
        *(Reply(text=piece) for piece in split_text(text, LIMIT)),
        *(Reply(attachments=files[start : start + FILES]) for start in range(0, len(files), FILES)),
    ]


def inert_split(reply: Reply, links: Links) -> Sequence[Reply]:
    """Divide a reply as `split` does, so that no link off the list is live.

    A cut may part what made a link inert, such as a code span, so each piece is looked at once more.
    """
    pieces = split(replace(reply, text=links.inert(reply.text)))
    return [replace(piece, text=links.inert(piece.text)) for piece in pieces]


def written_out(files: Sequence[Attachment], links: Links) -> list[str]:
    """Return the plain text in files as messages, each file as a block of code under its name; others are left out."""
    return split_text(links.inert("\n\n".join(filter(None, map(_block, files)))), LIMIT)


def _block(file: Attachment) -> str:
    content = file.content or b""
    if file.media_type != "text/plain" or len(content) > MOST_WRITTEN:
        return ""
    code = content.decode(errors="replace").rstrip()
    fence = "`" * max([3, *(len(run) + 1 for run in _BACKTICKS.findall(code))])
    return f"`{file.filename.replace('`', '')}`:\n\n{fence}\n{code}\n{fence}" if code else ""


def _named(files: Sequence[Attachment]) -> str:
    names = [f"`{file.filename.replace('`', '')}`" for file in files]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    text = f"Here {'is' if len(names) == 1 else 'are'} {listed}."
    return text if len(text) <= LIMIT else f"Here are {len(names)} files."


def _without_long_code(text: str) -> tuple[str, list[Attachment]]:
    """Return a text in which a file stands for each block of code that no message has room for, and those files."""
    kept: list[str] = []
    files: list[Attachment] = []
    end = 0
    for code in _codes(text):
        if code.end - code.start <= LIMIT:
            continue
        filename = _filename(code, len(files))
        files.append(Attachment(filename=filename, media_type="text/plain", content=code.body.encode()))
        kept += [text[end : code.start], f"(see file `{filename}`)"]
        end = code.end
    return "".join([*kept, text[end:]]), files


def _filename(code: _Code, number: int) -> str:
    if _MADE_NAME.fullmatch(code.info):
        return code.info
    word = code.info.lower()
    ending = _ENDINGS.get(word, word)
    counted = f"-{number + 1}" if number else ""
    return f"code{counted}.{ending if _ENDING.fullmatch(ending) else 'txt'}"


def _codes(text: str) -> Iterator[_Code]:
    """Yield the blocks of code: https://spec.commonmark.org/0.31.2/#fenced-code-blocks."""
    place = 0
    while opening := _OPENING.search(text, place):
        body = min(opening.end() + 1, len(text))
        fence = re.escape(opening[1][0])
        closing = re.compile(rf"^ {{0,3}}{fence}{{{len(opening[1])},}}[ \t]*$", re.MULTILINE).search(text, body)
        close, place = (closing.start(), closing.end()) if closing else (len(text), len(text))
        yield _Code(start=opening.start(), end=place, info=opening[2], body=text[body:close])
        if place >= len(text):
            return
