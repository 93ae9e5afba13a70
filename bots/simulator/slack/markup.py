"""What people read of Slack's two markups, which addresses in them are live, and who is notified.

mrkdwn (https://docs.slack.dev/messaging/formatting-message-text) stands in `text` and in text objects, Markdown in
`markdown` blocks. Where it is not documented what becomes a link or a mention, the worse case is taken: Markdown's
entities and backslashes are resolved before both are looked for, mentions count in code too, and an address in the
`text` counts although people only read the blocks. Text that is safe here is safe there.
"""

import html
import re

_MENTION = re.compile(r"<(?:@(?P<user>[UW][A-Z0-9]+)|!(?P<mass>channel|here|everyone|subteam\^[A-Z0-9]+))(?:\|[^>]*)?>")
_BARE_MENTION = re.compile(r"(?<![\w.])@(channel|here|everyone)\b", re.IGNORECASE)
_TOKEN = re.compile(r"<([^<>]*)>")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.\-]{0,30}://[^\s<>|\"`]+|(?<![\w./@])www\.[\w\-]+\.[^\s<>|\"`]+", re.IGNORECASE)
_TARGET = re.compile(r"\]\(\s*<?([^\s<>)]{1,2000})|^ {0,3}\[[^^\]\n][^\]\n]*\]:\s*<?([^\s<>]+)", re.MULTILINE)
_FENCED = re.compile(
    r"^ {0,3}(?P<fence>(?P<char>`|~)(?P=char){2,})(?!(?P=char))(?:(?<=~)[^\n]*|[^`\n]*)$"
    r"(?:\n(?:.*?\n)?? {0,3}(?P=fence)(?P=char)*[^\S\n]*$|.*\Z)",
    re.MULTILINE | re.DOTALL,
)
_PREFORMATTED = re.compile(r"```.*?```", re.DOTALL)
_TICKS = re.compile(r"`+")
_BLOCK_START = re.compile(r"\n(?![^\W\d])")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_TRAILING = ".,;:!?'\"*_~)]}"


def plain(mrkdwn: str) -> str:
    """Return what people read of mrkdwn: links and mentions by their labels, entities resolved."""

    def label(match: re.Match[str]) -> str:
        target, _, words = match[1].partition("|")
        return words or target.replace("!", "@", 1)

    return _entities(_TOKEN.sub(label, mrkdwn))


def mrkdwn_links(mrkdwn: str) -> list[str]:
    """Return the addresses in mrkdwn that can be clicked: those in angle brackets, and bare ones outside code."""
    targets = [match[1].partition("|")[0] for match in _TOKEN.finditer(mrkdwn)]
    named = [_entities(target) for target in targets if not target.startswith(("@", "#", "!"))]
    rest = _entities(_prose(_PREFORMATTED.sub(" ", _TOKEN.sub(" ", mrkdwn))))
    return _once([*named, *addresses(rest)])


def markdown_links(markdown: str) -> list[str]:
    """Return the addresses in Markdown that can be clicked or are fetched as pictures."""
    prose = _prose(_FENCED.sub(" ", markdown))
    spoken = _ESCAPED.sub(r"\1", html.unescape(prose))
    found = [match[1] or match[2] for each in (prose, spoken) for match in _TARGET.finditer(each)]
    targets = [_ESCAPED.sub(r"\1", html.unescape(target)) for target in found if re.search("[.:/]", target)]
    return _once([*targets, *addresses(prose), *addresses(spoken)])


def mrkdwn_pings(mrkdwn: str) -> list[str]:
    """Return whom mrkdwn notifies: ids of people, "channel", "here", "everyone", ids of groups of people."""
    return [match["user"] or match["mass"] for match in _MENTION.finditer(mrkdwn)]


def markdown_pings(markdown: str) -> list[str]:
    """Return whom Markdown might notify."""
    spoken = _ESCAPED.sub(r"\1", html.unescape(markdown))
    found = [ping for each in (markdown, spoken) for ping in mrkdwn_pings(each)]
    return _once([*found, *(match[1].lower() for match in _BARE_MENTION.finditer(spoken))])


def addresses(text: str) -> list[str]:
    """Return the addresses that stand bare in a text."""
    return [match[0].rstrip(_TRAILING) for match in _ADDRESS.finditer(text)]


def _prose(text: str) -> str:
    """Return a text without what stands between backticks; those that a new block or cell parts are none."""
    kept, start = "", 0
    table = any("|" in line and "-" in line and not line.strip("|-: \t>") for line in text.splitlines())
    while (ticks := _TICKS.search(text, start)) is not None:
        before = text[start : ticks.start()]
        code = ticks.start() + (len(before) - len(before.rstrip("\\"))) % 2
        end = _closed(text, ticks.end(), ticks.end() - code, table=table)
        kept += text[start : ticks.end()] if end is None else f"{text[start:code]} "
        start = end or ticks.end()
    return kept + text[start:]


def _closed(text: str, start: int, length: int, *, table: bool) -> int | None:
    """Return the end of the code that so many backticks open, None where nothing closes it."""
    for ticks in _TICKS.finditer(text, start) if length else ():
        if len(ticks[0]) == length:
            code = text[start : ticks.start()]
            return None if _BLOCK_START.search(code) or (table and "|" in code) else ticks.end()
    return None


def _entities(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _once(found: list[str]) -> list[str]:
    return list(dict.fromkeys(found))
