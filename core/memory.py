"""What was said in a channel, and how much of it an answer is given to read."""

import logging
import time
from collections.abc import Sequence
from typing import Final

from pydantic_core import to_json

from core.items import Answer, Item, Question, dump_items, load_items
from core.messages import Audience, Conversation, Turn
from core.reading import without_excerpts
from core.store import Row, Store, Transaction

log = logging.getLogger("steward.memory")

_BRIEF_SHARE: Final = 4
"""A thread sees the rest of its channel in at most a quarter of the turns and of the tokens."""

_RECALL = """
SELECT turn, items, tokens, own FROM (
    SELECT turn, items, tokens, 1 AS own FROM memory
    WHERE conversation = ?1 AND channel = ?2 AND audience IN (?3, ?4) ORDER BY turn DESC LIMIT ?5
)
UNION ALL
SELECT turn, items, tokens, own FROM (
    SELECT turn, items, tokens, 0 AS own FROM memory
    WHERE channel = ?2 AND conversation <> ?1 AND audience IN (?3, ?4) ORDER BY turn DESC LIMIT ?6
)
"""


class Memory:
    """The conversations, one row for each answered turn.

    A channel has one memory. A thread in it has its own turns and also sees the channel's latest, in brief.

    Args:
        turns: the most turns recalled.
        tokens: the most tokens recalled, by `estimate`.
    """

    def __init__(self, store: Store, *, turns: int, tokens: int) -> None:
        self._store = store
        self._turns = turns
        self._tokens = tokens

    async def recall(self, conversation: Conversation, audience: Audience, *, tokens: int | None = None) -> list[Item]:
        """Return what the readers of an answer in this conversation may know, oldest first: channel, then thread.

        Args:
            conversation: where the answer will stand.
            audience: who will read it.
            tokens: the most to return, where it is to be less than usual.
        """
        tokens = self._tokens if tokens is None else tokens
        rows = await self._store.fetch(
            _RECALL,
            (
                conversation.key,
                conversation.channel_key,
                audience.key,
                conversation.workspace_audience.key,
                self._turns,
                self._turns // _BRIEF_SHARE,
            ),
        )
        own = _fit([row for row in rows if row["own"]], tokens)
        left = tokens - sum(estimate(items) for items in own)
        elsewhere = _fit_brief([row for row in rows if not row["own"]], min(left, tokens // _BRIEF_SHARE))
        return [item for items in (*reversed(elsewhere), *reversed(own)) for item in items]

    async def remember(self, transaction: Transaction, turn: Turn, items: Sequence[Item]) -> None:
        """Keep an answered turn, whole."""
        conversation = turn.message.conversation
        await transaction.execute(
            "INSERT INTO memory (turn, conversation, channel, audience, items, tokens, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                turn.id,
                conversation.key,
                conversation.channel_key,
                turn.message.audience.key,
                dump_items(items),
                estimate(items),
                time.time(),
            ),
        )

    async def forget(self, transaction: Transaction, conversation: Conversation) -> int:
        """Erase what was said in a channel and its threads; return how many turns that were."""
        rows = await transaction.execute(
            "DELETE FROM memory WHERE channel = ? RETURNING turn", (conversation.channel_key,)
        )
        return len(rows)


def estimate(items: Sequence[Item]) -> int:
    """Estimate the tokens of items, on the safe side: one for three bytes of UTF-8, four more for each item and call.

    A real tokenizer is exact for one family of models only, and the one that works offline takes 150 MB of memory.
    """
    return sum(_size(item) for item in items)


def _size(item: Item) -> int:
    if not isinstance(item, Answer):
        return 4 + len(item.text.encode()) // 3
    calls = "".join(call.name + call.arguments for call in item.calls)
    reasoning = len(to_json(item.reasoning)) if item.reasoning else 0
    return 4 + 4 * len(item.calls) + (len(item.text.encode()) + len(calls.encode()) + reasoning) // 3


def _items(row: Row) -> list[Item]:
    """Read a remembered turn; one that cannot be read is logged, and nothing is recalled of it."""
    try:
        return load_items(row["items"])
    except ValueError:
        log.exception("what turn %d said cannot be read", row["turn"])
        return []


def _fit(rows: Sequence[Row], tokens: int) -> list[list[Item]]:
    """Take turns, newest first, as long as they fit; the first that does not is taken in brief."""
    taken: list[list[Item]] = []
    for row in rows:
        if row["tokens"] > tokens:
            return taken + _fit_brief([row], tokens)
        taken.append(_items(row))
        tokens -= row["tokens"]
    return taken


def _fit_brief(rows: Sequence[Row], tokens: int) -> list[list[Item]]:
    """Take of each turn, newest first, the question and the final answer, the last one shortened to what is left."""
    taken: list[list[Item]] = []
    for row in rows:
        if not (whole := _items(row)):
            continue
        items = _brief(whole, tokens)
        if not items:
            break
        taken.append(items)
        tokens -= estimate(items)
    return taken


def _brief(items: Sequence[Item], tokens: int) -> list[Item]:
    question = next((_said(item) for item in items if isinstance(item, Question)), "")
    answer = next((item.text for item in reversed(items) if isinstance(item, Answer)), "")
    half = (tokens - 8) // 2 * 3
    if half < 60:
        return []
    return [Question(text=_shorten(question, half)), Answer(text=_shorten(answer, half))]


def _said(item: Question | Answer) -> str:
    """Return what somebody said, without what was read of the files that came with it."""
    return without_excerpts(item.text) if isinstance(item, Question) else item.text


def _shorten(text: str, size: int) -> str:
    """Cut a text to a size in bytes, with a mark where it was cut."""
    encoded = text.encode()
    if len(encoded) <= size:
        return text
    return encoded[: size - 4].decode(errors="ignore") + " …"
