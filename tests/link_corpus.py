"""Ways to write a link that leads to `evil.example`, and an independent judge of what is live."""

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

GOOD: Final = "good.example"

BARE: Final = (
    "https://evil.example/x?secret=1",
    "http://evil.example",
    "HTTPS://EVIL.EXAMPLE/X",
    "hTTps://evil.example:8443/x",
    "https://evil.example./x",
    "https://www.evil.example/x",
    "www.evil.example",
    "WWW.evil.example/x",
    "evil.example/x",
    "evil.example?x=1",
    "evil.example:8080",
    "evil.md/x",
    "//evil.example/x",
    "ftp://evil.example/x",
    "file:///etc/passwd",
    "slack://channel?team=T1&id=C1",
    "discord://-/channels/1/2",
    "steam://run/1",
    "mailto:ada@evil.example?body=secret",
    "tel:+491234567",
    "javascript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD4=",
    "https://good.example@evil.example/x",
    "https://good.example:pass@evil.example/x",
    "https://good.example%40evil.example",
    "https://good.example%2eevil.example/x",
    "https://good.example\\@evil.example/x",
    "https:\\\\evil.example\\x",
    "https://good.example\\.evil.example/x",
    "https://good.example.evil.example/x",
    "https://evilgood.example/x",
    "https://good.example。evil.example/x",
    "https://good.example．evil.example/x",
    "https://gооd.example/x",
    "https://xn--gd-jbca.example/x",
    "https://evil%2eexample/x",
    "https://2130706433/x",
    "https://0x7f000001/x",
    "https://0177.0.0.1/x",
    "https://127.1/x",
    "https://[::1]/x",
    "https://[::ffff:127.0.0.1]:80/x",
    "https://good.example/?to=https://evil.example/x",
    "https://good.example/,https://evil.example/x",
    "https://good.example/&#32;&#104;ttps&#58;//evil.example",
    "https://good.example/\u200bhttps://evil.example",
    "&#104;ttps://evil.example/x",
    "&#x68;ttps&#58;&#47;&#47;evil.example/x",
    "https&colon;&sol;&sol;evil.example/x",
    "https:&#47;/evil.example/x",
    "https\\://evil.example/x",
    "https:\\/\\/evil.example/x",
    "\\https://evil.example/x",
    "ｈｔｔｐｓ：／／ｅｖｉｌ．ｅｘａｍｐｌｅ／x",
    "ｗｗｗ．evil.example/x",
    "https:⁄⁄evil.example/x",
    "һttps://evil.example/x",
    "ht\u200btps://evil.example/x",
    "https:\u200b//evil.example/x",
    "https:/\u00ad/evil.example/x",
    "https://\u2060evil.example/x",
    "https://e\u034fvil.example/x",
    "ht\ttps://evil.example/x",
    "https:\t//evil.example/x",
    "https:/\x00/evil.example/x",
    "看https://evil.example/x。",
    "xhttps://evil.example/x",
    "_https://evil.example/x_",
    "**https://evil.example/x**",
    "~~https://evil.example/x~~",
    "||https://evil.example/x||",
    "'https://evil.example/x'",
    "“https://evil.example/x”",
    "(https://evil.example/a_(b))",
)
"""An address by itself."""

WRAPPED: Final = (
    "[text]({})",
    "[text](<{}>)",
    '[text]({} "title")',
    "[text](  {}  )",
    "[te[x]t]({})",
    "[te]xt]({})",
    "[](({}))",
    "[text]({}",
    "text]({})",
    "[text]\n({})",
    "[text](\n{})",
    "[text\nmore]({})",
    "\\[text]({})",
    "[text\\]({})",
    "[`text`]({})",
    "[text `]({}) `",
    "![alt]({})",
    "![]({})",
    "[![alt]({})](https://good.example/x)",
    "[![alt](https://good.example/x)]({})",
    "[text](https://good.example/x '{}')",
    "[text](https://good.example/x)({})",
    "[text][ref]\n\n[ref]: {}",
    "[text][ref]\n\n[ref]: <{}> 'title'",
    "[ref]\n\n[ref]:\n{}",
    "[^1]: {}",
    "<{}>",
    "<{}|text>",
    "<{}|https://good.example>",
    "<https://good.example|{}>",
    '<a href="{}">text</a>',
    "<a href='{}'>text</a>",
    "<a href={}>text</a>",
    '<img src="{}">',
    '<a title="`" href="{}">`</a>',
    "\\`{}`",
    "`{}",
    "{}`",
    "` {} ``",
    "``{}`",
    "`a``{}`",
    "a`b`{}`c`d",
    "x `\n\n{} `",
    "`` `{}` `",
    "```\n{}",
    "```{}",
    "a ```\n{}",
    "```\n```\n{}\n```",
    "```\nx ``` {}\n```",
    "```\nx\n````\n{}\n`",
    "````\nx\n````\n`{}`",
    "````\n```\n{}\n```\n````",
    "~~~\n{}\n~~~",
    "~~~\n```\n~~~\n{}\n```",
    "- x\n  ```\n{}\n  ```",
    "    ```\n\n{}\n    ```",
    "> ```\n{}\n> ```",
    "<div>\n```\n\n{}\n```",
    "[a](https://good.example/`) {} `x`",
    "https://good.example/` {} `",
    "<https://good.example/`> {} `x`",
    "| `a | {} | b` |\n|---|---|---|",
    "`a | b` {} `c | d`\n--- | --- | ---",
    "> {}",
    "- {}",
    "# {}",
    "|{}|x|\n|-|-|",
    "{} and {}",
    "{0}\r{0}",
    "{0},{0}",
    "\\\\{}",
    "*{}*",
    "`code` {} `code`",
    "`code`{}`code`",
    "`a {}\r~~~\rb`",
    "www.[evil.example]({})",
    "//h.[text]({})",
    "https://<{}|label>",
    "<{}|\\>`code` {}",
    "<{} ``>.evil.example/x",
    "<{}](>![``]({})",
    "```a```![``]({})",
    "]({})xhttps://good.example/a",
)
"""Surroundings of an address."""


def texts() -> Iterator[str]:
    """Yield every address in every surrounding."""
    for bare in BARE:
        yield bare
        for around in WRAPPED:
            yield around.format(bare, bare) if around.count("{") > 1 else around.format(bare)


_HIDDEN: Final = ("Cc", "Cf", "Mn", "Me")
_LIVE: Final = re.compile(
    r"(?:(?:[a-z][a-z0-9+.-]*|\w+)://"
    r"|(?<![a-z0-9])www\."
    r"|(?<![a-z0-9+.-])(?<![a-z0-9]_)(?:(?:mailto|tel|javascript|data|file):|https?:[/\\])(?=[^\s*_|])"
    r")[^a-z0-9\s<>\"`\]|]*[a-z0-9][^\s<>\"`\]]*"
    r"|(?<![\w.@/-])//[a-z0-9-]+\.[a-z]+"
    r"|(?<![\w.@/\\-])(?:[a-z0-9-]+\.)+(?:example|md|com)(?:[/?]\w|:\d)",
    re.IGNORECASE,
)
_ALLOWED: Final = re.compile(
    r"https?://(?:[a-z0-9-]+\.)*good\.example(?=[/?#:,;!'*_~)\]|]|\.(?![a-z0-9])|$)", re.IGNORECASE
)
_SLACK_CODE: Final = re.compile(r"```.+?```|`[^`\n]+`", re.DOTALL)
_DISCORD_BLOCK: Final = re.compile(r"```(?:([a-z0-9_+\-.#]+?)\n)?\n*([^\n].*?)\n*```", re.IGNORECASE | re.DOTALL)
_DISCORD_SPAN: Final = re.compile(r"(`+)(.*?[^`])\1(?!`)", re.DOTALL)


def live(markdown: str) -> list[str]:
    """Return what somebody could take for a link to another host than `good.example`, by any reader's idea of code."""
    found = []
    for outside in (_outside_in_slack(markdown), _outside_in_discord(markdown), _outside_in_commonmark(markdown)):
        for text in (outside, _plain(outside)):
            for address in (match[0] for match in _LIVE.finditer(text)):
                rest = _ALLOWED.sub("", address)
                if rest == address or _LIVE.search(rest) or re.match(r"[^/?#]*[@\\].", rest):
                    found.append(address)
    return found


def _plain(text: str) -> str:
    """Decode what a renderer decodes, and take out what cannot be seen."""
    decoded = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", html.unescape(text))
    folded = unicodedata.normalize("NFKC", decoded).replace("⁄", "/").replace("∕", "/").replace("。", ".")
    return "".join(sign for sign in folded if sign in "\n\t\r " or unicodedata.category(sign) not in _HIDDEN)


def _outside_in_slack(text: str) -> str:
    return _SLACK_CODE.sub(" ", text)


def _outside_in_discord(text: str) -> str:
    kept: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text) and not text[at + 1].isalnum() and not text[at + 1].isspace():
            kept.append(text[at : at + 2])
            at += 2
            continue
        code = text[at] == "`" and (_DISCORD_BLOCK.match(text, at) or _DISCORD_SPAN.match(text, at))
        if code:
            kept.append(" ")
            at = code.end()
        else:
            kept.append(text[at])
            at += 1
    return "".join(kept)


def _outside_in_commonmark(text: str) -> str:
    """Leave out fenced blocks, then spans of one paragraph; indented code counts as text."""
    kept: list[str] = []
    paragraph: list[str] = []
    fence = ""
    indent = 0
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        bare = line.lstrip(" ")
        depth = len(line) - len(bare)
        if fence and bare and depth < indent:
            fence = ""
        run = re.match(r"(`{3,})[^`]*$|(~{3,})", bare)
        if fence:
            if run and (run[1] or run[2]).startswith(fence) and not bare.strip(fence[0] + " "):
                fence = ""
            continue
        if run and depth < 4:
            fence, indent = run[1] or run[2], depth
        if (run and depth < 4) or not bare:
            kept.append(_without_spans("\n".join(paragraph)))
            paragraph = []
        else:
            paragraph.append(line)
    return "\n".join([*kept, _without_spans("\n".join(paragraph))])


def _without_spans(paragraph: str) -> str:
    kept: list[str] = []
    at = 0
    while at < len(paragraph):
        if escape := re.compile(r"\\[!-/:-@\[-`{-~]").match(paragraph, at):
            kept.append(escape[0])
            at = escape.end()
        elif run := re.compile(r"`+").match(paragraph, at):
            close = re.compile(rf"(?<!`){run[0]}(?!`)").search(paragraph, run.end())
            kept.append(" " if close else run[0])
            at = close.end() if close else run.end()
        else:
            kept.append(paragraph[at])
            at += 1
    return "".join(kept)
