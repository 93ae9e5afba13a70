"""Which addresses in a message can be clicked, and which get a preview.

https://discord.com/developers/docs/reference#message-formatting and
https://support.discord.com/hc/en-us/articles/210298617-Markdown-Text-101-Chat-Formatting-Bold-Italic-Underline

What is not documented counts as a link: a message that shows none here shows none in Discord.
"""

import re

_CODE = re.compile(r"(?<!\\)```.+?```|(?<![\\`])(`+)(?!`)[^\n]+?(?<!`)\1(?!`)", re.DOTALL)
_MASKED = re.compile(
    r"\]\(\s*(<)?\s*((?:[a-z][a-z0-9+.-]*://|mailto:|tel:|sms:)(?:\([^)\s]*\)|[^\s<>()])+)\s*>?(?:\s[\"'][^)]*)?\)",
    re.I,
)
_ANGLED = re.compile(r"<((?:https?|steam|discord)://[^\s<>]+|(?:mailto|tel|sms):[^\s<>]+)>", re.I)
_BARE = re.compile(r"(?:https?|steam|discord)://[^\s<]*[^<.,:;\"'\]\s]", re.I)
_MARKS = ("||", "**", "__", "~~", "*", "_")


def links(text: str) -> list[str]:
    """Return the addresses that can be clicked, each once and in order."""
    return list(dict.fromkeys(address for address, _ in _found(text)))


def previews(text: str) -> list[str]:
    """Return the addresses of which Discord would show a preview: those not in angle brackets."""
    return list(dict.fromkeys(address for address, shown in _found(text) if shown and address.startswith("http")))


def _found(text: str) -> list[tuple[str, bool]]:
    """Return each address with whether it gets a preview."""
    rest = _without(_CODE, text)
    found = [(masked.start(), masked[2], not masked[1]) for masked in _MASKED.finditer(rest)]
    rest = _without(_MASKED, rest)
    found += [(angled.start(), angled[1], False) for angled in _ANGLED.finditer(rest)]
    rest = _without(_ANGLED, rest)
    found += [(bare.start(), _alone(bare[0], rest[: bare.start()]), True) for bare in _BARE.finditer(rest)]
    return [(address, shown) for _, address, shown in sorted(found)]


def _without(pattern: re.Pattern[str], text: str) -> str:
    """Blank what a pattern matches, so that all else keeps its place."""
    return pattern.sub(lambda match: " " * len(match[0]), text)


def _alone(address: str, before: str) -> str:
    """Leave out what closes at the end of an address and was opened before it: brackets, and marks as of spoilers."""
    while address.endswith(")") and address.count(")") > address.count("("):
        address = address[:-1]
    for mark in _MARKS:
        if address.endswith(mark) and before.endswith(mark):
            return _alone(address.removesuffix(mark), before.removesuffix(mark))
    return address
