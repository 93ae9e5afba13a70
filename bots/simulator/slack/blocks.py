"""Block Kit as far as messages need it: what is refused, what people see, who is notified.

Limits: https://docs.slack.dev/reference/block-kit/blocks/ (50 blocks a message, 3,000 characters in a section,
12,000 in all markdown blocks together). That a markdown block reads mentions as mrkdwn does is not documented;
the simulator takes the worse case, so that text which is safe here is safe there.
"""

import re
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from core.messages import JsonObject

MAX_BLOCKS = 50
MAX_SECTION = 3000
MAX_MARKDOWN = 12_000

_MENTION = re.compile(r"<(?:@(?P<user>[UW][A-Z0-9]+)|!(?P<mass>channel|here|everyone|subteam\^[A-Z0-9]+))(?:\|[^>]*)?>")
_TOKEN = re.compile(r"<([^<>]*)>")


def problem(blocks: JsonValue) -> str | None:
    """Return the error code with which these blocks are refused, None where they are fine."""
    if not isinstance(blocks, list):
        return "invalid_blocks_format"
    known = [block for block in blocks if isinstance(block, dict)]
    if len(known) < len(blocks) or len(blocks) > MAX_BLOCKS or any(not block.get("type") for block in known):
        return "invalid_blocks"
    if any(len(text) > MAX_SECTION or not text for text in map(_words, _of(known, "section"))):
        return "invalid_blocks"
    if sum(len(_words(block)) for block in _of(known, "markdown")) > MAX_MARKDOWN:
        return "msg_blocks_too_long"
    return None


def visible(text: str, blocks: Sequence[JsonObject]) -> str:
    """Return what people read: the blocks where there are some, else the text."""
    read = [
        _words(block) if block["type"] == "markdown" else _plain(_words(block)) for block in blocks if _words(block)
    ]
    return "\n".join(read) if read else _plain(text)


def pings(text: str, blocks: Sequence[JsonObject]) -> list[str]:
    """Return who is notified by a message."""
    sources = [text, *map(_words, blocks)]
    return [match["user"] or match["mass"] for source in sources for match in _MENTION.finditer(source)]


def _of(blocks: Sequence[JsonObject], kind: str) -> Iterator[JsonObject]:
    return (block for block in blocks if block["type"] == kind)


def _words(block: JsonObject) -> str:
    text = block.get("text", "")
    if isinstance(text, dict):
        text = text.get("text", "")
    return text if isinstance(text, str) else ""


def _plain(mrkdwn: str) -> str:
    def label(match: re.Match[str]) -> str:
        target, _, words = match[1].partition("|")
        return words or target.replace("!", "@", 1)

    shown = _TOKEN.sub(label, mrkdwn)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
