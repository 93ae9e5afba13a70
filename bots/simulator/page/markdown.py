"""Markdown as people see it: to HTML, in which nothing of the text becomes markup and no link leads anywhere."""

import html
import re
from collections.abc import Mapping
from typing import Final

from markdown_it import MarkdownIt

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_PERSON: Final = re.compile(r"(?:&lt;|<)?@(?:!|&)?(\w+)(?:&gt;|>)?")
_SMALL: Final = re.compile(r"^-# (.*)$", re.MULTILINE)
_ADDRESS: Final = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_PICTURE: Final = re.compile(r'<img src="([^"]*)" alt="([^"]*)"[^>]*>')


def rendered(text: str, names: Mapping[str, str]) -> str:
    """Return HTML.

    Args:
        text: Markdown, with Discord's lines of small text.
        names: of people, by id.
    """
    small: list[str] = []

    def keep(found: re.Match[str]) -> str:
        small.append(found[1])
        return f"\n\nsmall-{len(small) - 1}-text\n\n"

    drawn = _MARKDOWN.render(_SMALL.sub(keep, text))
    for number, line in enumerate(small):
        drawn = drawn.replace(f"<p>small-{number}-text</p>", f"<small>{html.escape(line)}</small>")
    drawn = _PICTURE.sub(r'<span class="link" title="\1">🖼 \2</span>', drawn)
    drawn = _ADDRESS.sub(r'<span class="link" title="\1">\2</span>', drawn)
    return _PERSON.sub(lambda found: _named(found, names), drawn)


def _named(found: re.Match[str], names: Mapping[str, str]) -> str:
    name = names.get(found[1])
    return found[0] if name is None else f'<b class="person">@{html.escape(name)}</b>'
