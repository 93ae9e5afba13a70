"""Scopes: the words that stand for channels and audiences in the search index.

With them a search never walks through what its readers may not see, however much of that there is. They keep it fast;
what may be seen is decided by `core.audience.visible`, through which everything is read.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from core.audience import Readers
from core.store import Row, Store, Transaction

_IDS: Final = "SELECT id FROM scopes WHERE key IN (?, ?)"


async def enter(transaction: Transaction, channel: str, audience: str) -> str:
    """Return the words that stand for a channel and an audience."""
    keys = (channel, audience)
    ids = await transaction.execute(_IDS, keys)
    if len(ids) < len(set(keys)):
        await transaction.execute("INSERT INTO scopes (key) VALUES (?), (?) ON CONFLICT (key) DO NOTHING", keys)
        ids = await transaction.execute(_IDS, keys)
    return " ".join(f"s{row['id']}" for row in ids)


async def leave(transaction: Transaction, removed: Sequence[Row]) -> None:
    """Drop the words of channels and audiences of which no passage is left; the rows are those of removed passages."""
    keys = sorted({row[name] for row in removed for name in ("channel", "audience")})
    await transaction.execute(
        "DELETE FROM scopes WHERE key IN (SELECT value FROM json_each(?))"
        " AND NOT EXISTS (SELECT 1 FROM passages WHERE channel = scopes.key)"
        " AND NOT EXISTS (SELECT 1 FROM passages WHERE audience = scopes.key)",
        (json.dumps(keys),),
    )


async def seen_by(store: Store, readers: Readers) -> str:
    """Return the part of a query that leaves the index's entries of these readers; "" where there are none."""
    rows = await store.fetch(
        "SELECT id, key FROM scopes WHERE key = ? OR key IN (SELECT value FROM json_each(?))",
        (readers.channel, json.dumps(sorted(readers.here | readers.beyond))),
    )
    names = {row["key"]: f"s{row['id']}" for row in rows}
    here = _any(names[key] for key in readers.here & names.keys())
    beyond = _any(names[key] for key in readers.beyond & names.keys())
    own = f"(scope:{names[readers.channel]} AND {here})" if here and readers.channel in names else ""
    return f"({' OR '.join(filter(None, (own, beyond)))})" if own or beyond else ""


def _any(names: Iterable[str]) -> str:
    """Write for a query that a passage is of one of some channels or audiences; "" for none."""
    listed = " OR ".join(sorted(names))
    return f"scope:({listed})" if listed else ""
