"""Slack's markup: what people wrote becomes plain text, what the model wrote cannot notify anybody.

https://docs.slack.dev/messaging/formatting-message-text
"""

import re
from collections.abc import Mapping
from typing import Final

from bots.links import Links

_TOKEN: Final = re.compile(r"<([^<>]*)>")
_USER: Final = re.compile(r"<@(\w+)")
_JOINER: Final = "\u2060"
_OPEN: Final = r"<|&lt;|&#0*60;|&#x0*3c;"
_BANG: Final = r"\\?!|&#0*33;|&#x0*21;|&excl;"
_AT: Final = r"\\?@|&#0*64;|&#x0*40;|&commat;"
_MASS: Final = "channel|here|everyone"
_SPELLED: Final = r"(?:[che][a-z]{0,7})?[&\\]"  # a word in which letters are spelled in another way
_MENTION: Final = re.compile(
    rf"({_OPEN})(?=(?:{_BANG})(?:{_MASS}|group|subteam|[a-z]{{0,7}}[&\\])|(?:{_AT})(?:[UWBS][A-Z0-9]|[UWBS]?[&\\]))",
    re.IGNORECASE,
)
_BARE: Final = re.compile(rf"(?<![\w.])@(?=(?:{_MASS})\b)", re.IGNORECASE)
_BARE_SPELLED: Final = re.compile(rf"(?<![\w.])({_AT})(?=(?:{_MASS})\b|{_SPELLED})", re.IGNORECASE)
_SPAN: Final = re.compile(r"`+([^`]*)`+")
_LONGEST_MENTION: Final = 80
_UNSETTLED: Final = re.compile(r"[<&@\\]\S*\Z")


def plain(mrkdwn: str, *, bot: str, names: Mapping[str, str]) -> str:
    """Return what a person wrote: without the mention of the bot, people by name, links as Markdown.

    Args:
        mrkdwn: a message's `text`.
        bot: the bot's user id.
        names: of people, by id; one that is missing stays an id.
    """
    mention = rf"<@{re.escape(bot)}(?:\|[^<>]*)?>"
    text = re.sub(rf"^\s*{mention}[:,]?\s*", "", mrkdwn)
    text = re.sub(rf"[ \t]*{mention}", "", text)
    pieces: list[str] = []
    end = 0
    for match in _TOKEN.finditer(text):
        pieces += [_unescape(text[end : match.start()]), _spoken(_unescape(match[1]), names)]
        end = match.end()
    return "".join([*pieces, _unescape(text[end:])]).strip()


def mentioned(mrkdwn: str) -> list[str]:
    """Return the ids of the people mentioned."""
    return _USER.findall(mrkdwn)


def escape(text: str) -> str:
    """Write text so that Slack shows it as it is, in a message's `text`."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _BARE.sub(f"@{_JOINER}", escaped)


def inert(markdown: str) -> str:
    """Return Markdown for a `markdown` block that reads the same and mentions nobody.

    Escaping would show in code there, so an invisible word joiner parts what only Slack reads as a mention, in
    every spelling Markdown turns into one. Whether the block reads mentions at all is not documented.
    """
    return _BARE_SPELLED.sub(rf"\1{_JOINER}", _MENTION.sub(rf"\1{_JOINER}", markdown))


def plainly(text: str, links: Links) -> str:
    """Return text for a place that may not read Markdown: it mentions nobody and has no link off the list.

    `Links.inert` puts an address into a span of code, which is none there; it is spelled like `https[:]//a[.]example`.
    """
    marked = links.inert(text.replace("`", "'"))
    return inert(_SPAN.sub(lambda span: apart(span[1]), marked))


def apart(address: str) -> str:
    """Spell an address so that people can read it and nothing makes it live."""
    return address.replace(":", "[:]").replace(".", "[.]")


def settled(markdown: str) -> int:
    """Return how much of Markdown that is still growing can be shown: what `inert` makes of that much will stay.

    What may become a mention is held back until it is none, or is longer than one can be with sense.
    """
    start = max(0, len(markdown) - _LONGEST_MENTION)
    growing = _UNSETTLED.search(markdown, start)
    return growing.start() if growing else len(markdown)


def _spoken(token: str, names: Mapping[str, str]) -> str:
    target, _, label = token.partition("|")
    if target.startswith("@"):
        return f"@{names.get(target[1:]) or label or target[1:]}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label or f"@{target[1:]}"
    address = target.removeprefix("mailto:")
    if not label or address.rstrip("/").endswith(label.rstrip("/")):
        return address
    return f"[{label}]({address})"


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
