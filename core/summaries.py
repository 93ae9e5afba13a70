"""Summaries: what was said earlier in a place, in short, in place of the turns themselves.

A place is a thread, or a channel with all its threads. Its summary grows: each version says what the one before said
and the turns since. Some earlier versions are kept, so that a turn which is edited or removed takes only those with it
that know of it, and the next version is made from the latest one that does not. A version covers all the turns of its
place and audience up to the number `upto`.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core import passages
from core.messages import Turn
from core.passages import Passage
from core.store import Row, Store, Transaction

_VERSIONS: Final = 12
"""Versions of a summary that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a summary is of: the key of a conversation, that of its channel, and of the audience of the turns."""

    key: str
    channel: str
    audience: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is not in the summary of a place yet.

    Attributes:
        upto: the last turn that is in the summary, 0 where there is none.
        text: the summary.
        turns: the rows of the turns since, oldest first.
    """

    place: Place
    upto: int
    text: str
    turns: Sequence[Row]


def places_of(turn: Turn) -> tuple[Place, ...]:
    """Return the places that a turn belongs to: its thread, and its channel."""
    conversation, audience = turn.message.conversation, turn.message.audience.key
    keys = dict.fromkeys((conversation.key, conversation.channel_key))
    return tuple(Place(key=key, channel=conversation.channel_key, audience=audience) for key in keys)


class Summaries:
    """Reads and writes summaries; what is recalled of them is read by `core.memory`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def left(self, place: Place, *, most: int) -> Left:
        """Return the latest summary of a place, and the first of the turns that are not in it."""
        rows = await self._store.fetch(
            "SELECT upto, text FROM summaries WHERE place = ? AND audience = ? ORDER BY upto DESC LIMIT 1",
            (place.key, place.audience),
        )
        upto, text = (int(rows[0]["upto"]), str(rows[0]["text"])) if rows else (0, "")
        where = "channel = ?1" if place.key == place.channel else "channel = ?1 AND conversation = ?2"
        turns = await self._store.fetch(
            f"SELECT turn, items, tokens, at FROM memory WHERE {where} AND audience = ?3 AND turn > ?4"  # noqa: S608
            " ORDER BY turn LIMIT ?5",
            (place.channel, place.key, place.audience, upto, most),
        )
        return Left(place=place, upto=upto, text=text, turns=turns)

    async def extend(self, left: Left, folded: Sequence[Row], text: str, tokens: int) -> bool:
        """Keep a new version that says what `left.text` and the folded turns did.

        Returns False, and keeps nothing, where one of them was changed or removed meanwhile.
        """
        place, upto = left.place, folded[-1]["turn"]
        async with self._store.transaction() as transaction:
            if not await _unchanged(transaction, left, folded):
                return False
            await transaction.execute(
                "INSERT INTO summaries (place, audience, upto, channel, text, tokens, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (place.key, place.audience, upto, place.channel, text, tokens, time.time()),
            )
            await transaction.execute(
                "DELETE FROM summaries WHERE place = ?1 AND audience = ?2 AND upto NOT IN"
                " (SELECT upto FROM summaries WHERE place = ?1 AND audience = ?2 ORDER BY upto DESC LIMIT ?3)",
                (place.key, place.audience, _VERSIONS),
            )
            await passages.remove(transaction, "summary", [ref(place.key, place.audience)])
            await passages.add(transaction, [_passage(place, text)])
        return True


async def drop(transaction: Transaction, place: str, turn: int) -> int:
    """Drop the versions of a place's summary that know of a turn, or of later ones; return how many those were."""
    rows = await transaction.execute(
        "DELETE FROM summaries WHERE place = ? AND upto >= ? RETURNING audience", (place, turn)
    )
    refs = {ref(place, row["audience"]) for row in rows}
    await passages.remove(transaction, "summary", sorted(refs))
    return len(rows)


async def move(transaction: Transaction, channel: str, before: str, now: str) -> None:
    """Make the summaries that one audience has of a channel another's; the arguments are their keys.

    Where there are turns of both audiences, no summary is of all of them: it is to be made anew.
    """
    of_both = await transaction.execute(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM memory WHERE channel = ?1 AND audience = ?2)"
        " AND EXISTS (SELECT 1 FROM memory WHERE channel = ?1 AND audience = ?3)",
        (channel, before, now),
    )
    if of_both:
        rows = await transaction.execute(
            "DELETE FROM summaries WHERE channel = ? AND audience IN (?, ?) RETURNING place, audience",
            (channel, before, now),
        )
        await passages.remove(transaction, "summary", sorted({ref(row["place"], row["audience"]) for row in rows}))
        return
    rows = await transaction.execute(
        "UPDATE summaries SET audience = ? WHERE channel = ? AND audience = ? RETURNING place", (now, channel, before)
    )
    places = sorted({row["place"] for row in rows})
    await passages.rename(transaction, "summary", [(ref(place, before), ref(place, now)) for place in places])


async def _unchanged(transaction: Transaction, left: Left, folded: Sequence[Row]) -> bool:
    place = left.place
    latest = await transaction.execute(
        "SELECT coalesce(max(upto), 0) AS upto FROM summaries WHERE place = ? AND audience = ?",
        (place.key, place.audience),
    )
    where = "channel = ?1" if place.key == place.channel else "channel = ?1 AND conversation = ?2"
    now = await transaction.execute(
        f"SELECT turn, at FROM memory WHERE {where} AND audience = ?3 AND turn > ?4 AND turn <= ?5 ORDER BY turn",  # noqa: S608
        (place.channel, place.key, place.audience, left.upto, folded[-1]["turn"]),
    )
    same = [(row["turn"], row["at"]) for row in now] == [(row["turn"], row["at"]) for row in folded]
    return latest[0]["upto"] == left.upto and same


def ref(place: str, audience: str) -> str:
    """Return by which `ref` the passage is known of what a place's latest summary says."""
    return f"{place} {audience}"


def _passage(place: Place, text: str) -> Passage:
    return Passage(
        kind="summary",
        ref=ref(place.key, place.audience),
        conversation=place.key,
        channel=place.channel,
        audience=place.audience,
        text=text,
        at=time.time(),
    )
