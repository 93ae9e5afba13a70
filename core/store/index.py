"""The index of words, one of SQLite's: what it holds of each passage, and how it is made anew and kept in few parts.

It holds no texts (https://www.sqlite.org/fts5.html#contentless_tables), so that it has to be told of what is deleted
what it holds of it.
"""

from typing import Final

BUCKET: Final = 65_536
"""Passages of which one bucket is: see `core.scopes`."""

ENTRIES: Final = (
    "SELECT id, coalesce(terms, text),"  # noqa: S608  # a number
    f" (SELECT group_concat('s' || scopes.id || ' s' || scopes.id || 'x' || (passages.id / {BUCKET}), ' ')"
    " FROM scopes WHERE key IN (passages.channel, passages.audience)) FROM passages"
)
"""What it holds of passages: their number, their words, and the words that stand for their channel and audience."""

REINDEX: Final = (
    "INSERT INTO found (found) VALUES ('delete-all')",
    f"INSERT INTO found (rowid, text, scope) {ENTRIES} ORDER BY id",
    "INSERT INTO found (found) VALUES ('optimize')",
)
"""Statements after which nothing is in it that is in no passage.

`optimize` by itself may leave words of deleted passages, as entries that say that they are deleted: SQLite leaves these
out only of a part that becomes the last one of all levels.
"""


def merge(pages: int) -> str:
    """Return the statement that merges so many pages, or nothing where there are few parts.

    https://www.sqlite.org/fts5.html#the_merge_command
    """
    return f"INSERT INTO found (found, rank) VALUES ('merge', {pages})"  # noqa: S608  # a number
