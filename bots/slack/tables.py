"""Tables in Markdown, as Slack's table blocks.

https://github.github.com/gfm/#tables-extension- and https://docs.slack.dev/reference/block-kit/blocks/table-block
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from pydantic import JsonValue

from bots.links import Links
from bots.slack.markup import apart
from core.messages import JsonObject

MOST_ROWS: Final = 100
MOST_COLUMNS: Final = 20

MOST_CHARACTERS: Final = 10_000
"""In all cells of a message: Slack refuses more with `invalid_blocks`, https://github.com/slackapi/node-slack-sdk/pull/2440."""

_FENCE: Final = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_RULE: Final = re.compile(r" {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_OTHER_BLOCK: Final = re.compile(r" {0,3}(?:#{1,6}\s|>|`{3,}|~{3,}|[-*+]\s|\d{1,9}[.)]\s)|\s*$")
_BAR: Final = re.compile(r"(?<!\\)\|")
_INLINE: Final = re.compile(
    r"(?P<tick>`+)(?P<code>.+?)(?P=tick)(?!`)"
    r"|\*\*(?P<bold>[^*]+)\*\*"
    r"|~~(?P<strike>[^~]+)~~"
    r"|(?<!\w)(?P<mark>[*_])(?P<italic>[^*_\s](?:[^*_]*[^*_\s])?)(?P=mark)(?!\w)"
    r"|\[(?P<label>[^\[\]]+)\]\((?P<url>https?://[^\s()<>]+)\)"
)
_SPAN: Final = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)")
_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_ADDRESS: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)[^\s<>|\"`]+", re.IGNORECASE)
_NOTHING: Final = "\u00a0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: its head and rows, each with as many cells of Markdown, and the alignment of each column."""

    rows: tuple[tuple[str, ...], ...]
    alignments: tuple[str, ...]

    def fits(self) -> bool:
        """Tell whether it is within the limits of a block."""
        cells = [cell for row in self.rows for cell in row]
        small = len(self.rows) <= MOST_ROWS and len(self.rows[0]) <= MOST_COLUMNS
        return small and sum(len(cell) or 1 for cell in cells) <= MOST_CHARACTERS


Stretch: TypeAlias = str | Table


def around_table(markdown: str) -> tuple[str, Table, str] | None:
    """Return the first table that fits a block, with the Markdown before and after it; None where there is none.

    In one whose columns part a span of code, what was code would be none any more: it stays Markdown.
    """
    lines = markdown.split("\n")
    for start, end, table in _tables(lines):
        if table.fits() and not any("`" in _SPAN.sub("", cell) for row in table.rows for cell in row):
            return "\n".join(lines[:start]).strip("\n"), table, "\n".join(lines[end:]).strip("\n")
    return None


def block(table: Table, links: Links) -> JsonObject:
    """Return a table as a block, in which no address is live that is off the list."""
    cells = _Cells(links=links)
    rows: list[JsonValue] = [[cells.cell(cell, bold=row is table.rows[0]) for cell in row] for row in table.rows]
    columns: list[JsonValue] = [{"align": alignment, "is_wrapped": True} for alignment in table.alignments]
    return {"type": "table", "rows": rows, "column_settings": columns}


def _tables(lines: Sequence[str]) -> Iterator[tuple[int, int, Table]]:
    """Yield the tables that stand in no code block, with their first line and the one after their last."""
    fence = ""
    number = 0
    while number < len(lines):
        opened = _FENCE.match(lines[number])
        if fence:
            if opened and opened[1].startswith(fence) and lines[number].strip() == opened[1]:
                fence = ""
        elif opened:
            fence = opened[1]
        elif number + 1 < len(lines) and (table := _table(lines, number)):
            yield number, number + 1 + len(table.rows), table
            number += 1 + len(table.rows)
            continue
        number += 1


def _table(lines: Sequence[str], start: int) -> Table | None:
    head, rule = _cells(lines[start]), lines[start + 1]
    if "|" not in lines[start] or not _RULE.fullmatch(rule) or len(_cells(rule)) != len(head):
        return None
    if lines[start].startswith("    ") or _OTHER_BLOCK.match(lines[start]):
        return None
    rows = [head]
    for line in lines[start + 2 :]:
        if _OTHER_BLOCK.match(line):
            break
        cells = _cells(line)[: len(head)]
        rows.append((*cells, *("" for _ in range(len(head) - len(cells)))))
    return Table(rows=tuple(rows), alignments=tuple(map(_alignment, _cells(rule))))


def _cells(line: str) -> tuple[str, ...]:
    inside = line.strip().removeprefix("|")
    if inside.endswith("|") and not inside.endswith("\\|"):
        inside = inside[:-1]
    return tuple(cell.strip().replace("\\|", "|") for cell in _BAR.split(inside))


def _alignment(rule: str) -> str:
    if rule.endswith(":"):
        return "center" if rule.startswith(":") else "right"
    return "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """Writes cells, where nothing but `links` tells whether an address is live: one in code may be as well."""

    links: Links

    def cell(self, markdown: str, *, bold: bool) -> JsonObject:
        """Return a cell; one without words has a space, because Slack refuses an empty one."""
        if not bold and not _INLINE.search(markdown):
            return {"type": "raw_text", "text": self._plain(markdown) or _NOTHING}
        elements: list[JsonValue] = list(self._elements(markdown, bold=bold)) or [{"type": "text", "text": _NOTHING}]
        return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}

    def _elements(self, markdown: str, *, bold: bool) -> Iterator[JsonObject]:
        end = 0
        for match in _INLINE.finditer(markdown):
            yield from self._text(self._plain(markdown[end : match.start()]), bold=bold)
            end = match.end()
            if match["url"] and self.links.live(match["url"]):
                yield {"type": "link", "url": match["url"], "text": self._plain(match["label"])}
            elif match["url"]:
                yield from self._text(self._plain(match[0]), bold=bold)
            elif match["code"]:
                yield from self._text(self._apart(match["code"]), bold=bold, style="code")
            else:
                style = next(name for name in ("bold", "strike", "italic") if match[name])
                yield from self._text(self._plain(match[style]), bold=bold, style=style)
        yield from self._text(self._plain(markdown[end:]), bold=bold)

    def _text(self, words: str, *, bold: bool, style: str = "") -> Iterator[JsonObject]:
        if not words:
            return
        styles: JsonObject = {**({"bold": True} if bold else {}), **({style: True} if style else {})}
        yield {"type": "text", "text": words, **({"style": styles} if styles else {})}

    def _plain(self, markdown: str) -> str:
        return self._apart(_ESCAPED.sub(r"\1", markdown))

    def _apart(self, text: str) -> str:
        return _ADDRESS.sub(lambda found: found[0] if self.links.live(found[0]) else apart(found[0]), text)
