"""The app's Home tab and its suggested prompts; pure.

https://docs.slack.dev/surfaces/app-home and https://docs.slack.dev/reference/views/home-tab-views: 100 blocks; a
`markdown` block is for messages only, so what is said here is written as mrkdwn.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import JsonValue

from bots.commands import SUBCOMMANDS
from bots.slack.markup import escape
from bots.slack.views import LONGEST_SECTION, words
from core.messages import JsonObject
from core.model import Tool

MOST_PROMPTS: Final = 4
"""https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts"""

_LONGEST_HEADER: Final = 150
_MOST_SECTIONS: Final = 40
"""Sections of one part of the tab."""

_BOLD: Final = re.compile(r"\*\*(.+?)\*\*")
_BULLET: Final = re.compile(r"^(\s*)[-*] ", re.MULTILINE)
_HEADING: Final = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)


def home(name: str, tools: Sequence[Tool], usage: str, *, follows: bool = True) -> JsonObject:
    """Return the Home tab for one person.

    Args:
        name: what the assistant calls itself.
        tools: its skills.
        usage: what the person used, in Markdown; "" where that is not told.
        follows: threads are followed where nobody has switched that.
    """
    blocks: list[JsonValue] = [
        *_titled(name, ["An assistant this team shares. Mention me in a channel, or write to me directly."]),
        *_titled("Commands", [f"`/steward {escape(each.usage)}` – {escape(each.help)}" for each in SUBCOMMANDS]),
        *_titled("Skills", map(_skill, tools)),
    ]
    if usage:
        blocks += _titled("Your usage this month", mrkdwn(usage).split("\n"))
    blocks += _titled("Settings", (_FOLLOWING if follows else _NOT_FOLLOWING, _FORGETTING))
    return {"type": "home", "blocks": blocks}


def prompts(tools: Sequence[Tool]) -> list[JsonObject]:
    """Return what a new conversation may begin with: the first example of each of some skills."""
    examples = list(dict.fromkeys(tool.examples[0] for tool in tools if tool.examples))
    return [{"title": example[:_LONGEST_HEADER], "message": example} for example in examples[:MOST_PROMPTS]]


def mrkdwn(markdown: str) -> str:
    """Write simple Markdown (bold, headings, lists, code) as mrkdwn that links nowhere and mentions nobody."""
    said = _BULLET.sub(r"\1• ", escape(markdown))
    return _BOLD.sub(r"*\1*", _HEADING.sub(r"*\1*", said))


_FOLLOWING: Final = (
    "*Following threads.* In threads I take part in I answer without being mentioned when you speak to me. Say "
    "`/steward follow off` in a channel to have me answer there only when I am mentioned, and `follow on` to undo it."
)
_NOT_FOLLOWING: Final = (
    "*Following threads.* I answer only when I am mentioned. Say `/steward follow on` in a channel to have me answer "
    "in its threads that I take part in without being mentioned, when you speak to me, and `follow off` to undo it."
)
_FORGETTING: Final = (
    "*Forgetting.* Say `/steward forget` in a channel to have me forget what was said there. "
    "Deleting a question removes my answer, and :x: on an answer to your question does too."
)


def _skill(tool: Tool) -> str:
    first = tool.description.strip().split("\n")[0]
    examples = "".join(f"\n      _e.g._ “{escape(example)}”" for example in tool.examples[:1])
    return f"`{tool.name}` – {escape(first)}{examples}"


def _titled(title: str, lines: Iterable[str]) -> list[JsonValue]:
    """Return a header with lines under it, as many to a section as fit."""
    sections = [""]
    for line in lines:
        kept = line if len(line) <= LONGEST_SECTION else f"{line[: LONGEST_SECTION - 1]}…"
        if len(sections[-1]) + len(kept) + 1 > LONGEST_SECTION:
            sections.append("")
        sections[-1] = f"{sections[-1]}\n{kept}".strip("\n")
    header: JsonObject = {"type": "header", "text": words(title, _LONGEST_HEADER)}
    return [header, *(_section(section) for section in sections[:_MOST_SECTIONS] if section.strip())]


def _section(said: str) -> JsonObject:
    return {"type": "section", "text": {"type": "mrkdwn", "text": said, "verbatim": True}}
