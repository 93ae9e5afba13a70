"""Addresses in a text: whatever a browser, a Markdown renderer or a chat could take for a link, in any spelling."""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Final

_ENTITY: Final = r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});?"
_DISGUISE: Final = re.compile(rf"{_ENTITY}|\\[!-/:-@\[-`{{-~]|[^\t -~]")
_ALIKE: Final = str.maketrans(
    {**dict.fromkeys("⁄∕╱⧸〳", "/"), **dict.fromkeys("꞉∶ː׃᛬", ":"), **dict.fromkeys("。․܂۔", ".")}
)
"""Characters that stand for one of an address without being compatible with it; U+3002 separates labels of a host
(https://www.unicode.org/reports/tr46/#Notation)."""

_FILLERS: Final = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_NOT_SEEN: Final = ("Cc", "Cf", "Mn", "Me")

_NO_DOMAIN: Final = re.compile(
    "[jt]sx?|mjs|go|kt|rb|hs|vb|ex|fs|jl|db|html?|xhtml|s?css|jsonl?|ya?ml|toml|ini|cfg|conf|txt|log|csv|tsv|xml|svg|png"
    "|jpe?g|gif|webp|pdf|docx?|xlsx?|pptx?|od[tsp]|ipynb|java|[ch]pp|php|sql|lock|exe|dll|bin|iso|dmg|tar|gz|bz2|rst|tex"
    "|bak|tmp|env",
    re.IGNORECASE,
)
"""Endings of files that are no top-level domains."""

_ALSO_SOURCE: Final = re.compile("py|rs|sh|md|p[lsm]|c[cs]|m[lm]|so|st|do", re.IGNORECASE)
"""Top-level domains that are endings of files as well: `main.py:12` is a line there, `README.md#usage` a heading."""

_ANCHOR: Final = re.compile(
    r"""
      (?P<scheme>://(?=\S))
    | (?<![a-z0-9])www\.(?=[\w-])
    | (?<![a-z0-9+.-])(?<![a-z0-9]_)(?:
          (?:https?|mailto|tel|sms|callto|facetime|sips?|xmpp|skype|javascript|vbscript|blob|about|intent
            |view-source|magnet|geo):(?=[^\s:])
        | data:(?=[\w.+-]*[/;,])
        | (?:file|slack|discord|steam):(?=[/\\\w])
      )
    | (?<![:/\w])//(?=[\w-]++\.\w|\[[0-9a-f:])
    | (?<![]:/\w])//(?=[0-9][0-9a-fx.]*+(?:[/:?\#\s]|$))
    | (?<![\w./@\\-])(?:[\w-]++\.)+(?P<tld>xn--[a-z0-9-]++|[^\W\d_]{2,24})\.?
        (?:/|\?(?=\w)|(?P<loose>:\d{2,5}(?!\d)|\#(?=\w)))
    """,
    re.IGNORECASE | re.VERBOSE,
)
_BEFORE: Final = (re.compile(r"[A-Za-z0-9+.-]+\Z"), re.compile(r"\w+\Z"))
_REST: Final = re.compile(r"(?:[^\s<>\"`|\]]|\](?!\())*")
_LONGEST_SCHEME: Final = 40

_WEB: Final = re.compile(
    r"https?://(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::[0-9]{1,5})?(?:[/?#](?P<rest>[^\s<>\"`\\|]*))?",
    re.IGNORECASE,
)
_DECODED: Final = re.compile(r"&(?!amp;)(?:#|\w+;)|://")
_DEFANGED: Final = str.maketrans(
    {
        ":": "[:]",
        ".": "[.]",
        "(": "%28",
        ")": "%29",
        "<": "%3C",
        ">": "%3E",
        "`": "%60",
        "\\": "%5C",
        "|": "%7C",
        "[": "%5B",
        "]": "%5D",
    }
)


def addresses(line: str) -> list[tuple[int, int]]:
    """Return where addresses stand in a line, as pairs of start and end, in their order.

    A bare domain counts where something follows it that makes it an address: a path, a query, a port. File names,
    versions, times and mail addresses are none. The line is read as it stands as well as without disguise.
    """
    read, places = _read(line)
    if not places:
        return list(_found(line))
    without_disguise = [(_place(places, start), _place(places, end)) for start, end in _found(read)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted([*_found(line), *without_disguise]):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def web_host(address: str) -> str | None:
    """Return the host of a web address that everybody reads alike; None for any other spelling.

    What browsers repair (https://url.spec.whatwg.org/#concept-basic-url-parser) is left to them: a name and password, a
    backslash, an escape in the host, an address of a machine written as one number.
    """
    web = _WEB.fullmatch(address)
    if web is None or not address.isprintable():
        return None
    rest = web["rest"] or ""
    if ".." in web["host"] or _DECODED.search(rest) or addresses(rest):
        return None
    return web["host"].lower()


def readable(address: str) -> str:
    """Return an address without disguise: entities and escapes decoded, what cannot be seen left out."""
    return _read(address)[0].strip()


def defanged(address: str) -> str:
    """Write an address so that nothing takes it for one, wherever it stands: `https[:]//evil[.]example`."""
    return " ".join(readable(address).translate(_DEFANGED).split())


def _found(text: str) -> Iterator[tuple[int, int]]:
    end = 0
    while anchor := _ANCHOR.search(text, end):
        start, stop = _extent(text, anchor, end)
        if stop > (anchor.start() if anchor["tld"] else anchor.end()) and _plausible(anchor):
            yield start, stop
        end = max(stop, anchor.end())


def _plausible(anchor: re.Match[str]) -> bool:
    """Tell whether a bare domain could be one."""
    ending = anchor["tld"] or ""
    return not _NO_DOMAIN.fullmatch(ending) and not (anchor["loose"] and _ALSO_SOURCE.fullmatch(ending))


def _extent(text: str, anchor: re.Match[str], least: int) -> tuple[int, int]:
    """Return where the address around an anchor begins and ends."""
    start = anchor.start()
    if anchor["scheme"]:
        nearest = max(least, start - _LONGEST_SCHEME)
        before = _BEFORE[0].search(text, nearest, start) or _BEFORE[1].search(text, nearest, start)
        start = before.start() if before else start
    rest = _REST.match(text, anchor.start())
    end = rest.end() if rest else anchor.end()
    return start, _trimmed(text, start, end)


def _trimmed(text: str, start: int, end: int) -> int:
    """Return where an address ends without punctuation of the sentence, and without a bracket that it does not open."""
    surplus = {
        close: text.count(close, start, end) - text.count(open_, start, end) for open_, close in ("()", "[]", "{}")
    }
    while end > start:
        last = text[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in ".,:;!?'*_~" and not (last > "~" and unicodedata.category(last).startswith("P")):
            break
        end -= 1
    return end


def _read(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return a text without disguise, and the places in it and in the original where each stretch begins."""
    if text.isascii() and "&" not in text and "\\" not in text and text.isprintable():
        return text, []
    pieces, places = _pieces(text)
    return "".join(pieces), places


def _pieces(text: str) -> tuple[list[str], list[tuple[int, int]]]:
    pieces: list[str] = []
    originals: list[int] = []
    at = 0
    for disguise in _DISGUISE.finditer(text):
        start, end = disguise.span()
        seen = _seen(disguise[0])
        if seen == disguise[0]:
            continue
        pieces += (text[at:start], seen)
        originals += (at, start)
        at = end
    pieces.append(text[at:])
    originals.append(at)
    starts = (0, *accumulate(map(len, pieces[:-1])))
    return pieces, list(zip(starts, originals, strict=True))


@lru_cache(maxsize=4096)
def _seen(disguise: str) -> str:
    """Return what a browser or a reader sees in a character, an entity or an escape."""
    if disguise[0] == "\\":
        return disguise[1]
    decoded = html.unescape(disguise) if disguise[0] == "&" else disguise
    folded = unicodedata.normalize("NFKC", decoded).translate(_ALIKE)
    return "".join(sign for sign in folded if sign in "\t\n" or not _hidden(sign))


def _hidden(sign: str) -> bool:
    return sign in _FILLERS or unicodedata.category(sign) in _NOT_SEEN


def _place(places: list[tuple[int, int]], index: int) -> int:
    """Return the place in the original of a place in the text that was read from it."""
    if not places:
        return index
    stretch = bisect_right(places, index, key=lambda place: place[0]) - 1
    start, original = places[stretch]
    inside = index - start
    following = places[stretch + 1][1] if stretch + 1 < len(places) else None
    return original + inside if following is None else min(original + inside, following)
