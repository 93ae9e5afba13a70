"""What was said in a channel, and how much of it an answer is given to read."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import regex
from pydantic_core import to_json

from core import passages, summaries
from core.audience import Readers, readers_of, visible
from core.facts import Facts, listed
from core.items import RECALLED, Answer, Item, Question, Result, dump_items, load_items
from core.messages import Audience, Conversation, Turn
from core.passages import Passage
from core.reading import without_excerpts
from core.store import Row, Store, Transaction, Value

log = logging.getLogger("steward.memory")

SUMMARY_SHARE: Final = 4
"""A summary takes at most a quarter of the tokens."""

LITTLE: Final = 200
"""Tokens below which there is no room for facts and a summary."""

_FACTS_SHARE: Final = 8
_MOST_FACTS: Final = 50
"""Facts of a channel that an answer is given to read, the latest ones, in at most an eighth of the tokens."""

_BRIEF_SHARE: Final = 4
"""A thread sees the rest of its channel in at most a quarter of the turns and of the tokens."""

_PAUSE: Final = 600.0
"""Seconds after which it is of no use that a request begins like the one before: prompt caches are emptied after five
to ten minutes of inactivity, https://platform.openai.com/docs/guides/prompt-caching."""

_ALL: Final = 2**63 - 1
_UNFINISHED: Final = regex.compile(r"(?<=\s)\S{1,40}$|[\d.,:/-]+$")

_LOOKED_AT: Final = 200
"""Turns of a channel among which a thread looks for those of others."""

_FACTS: Final = "What people asked me to remember in this channel:"
_SUMMARY: Final = "What was said before, in short:"
_READ: Final = "I have read this."


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What is recalled for an answer, oldest first.

    Attributes:
        items: what the model is given to read.
        turns: how many earlier turns are among it, whole or in brief.
        facts: how many facts.
        summarized: there is a summary of what was said before.
    """

    items: tuple[Item, ...] = ()
    turns: int = 0
    facts: int = 0
    summarized: bool = False


class Memory:
    """The conversations, one row for each answered turn.

    A channel has one memory. A thread in it has its own turns and also sees the channel's latest, in brief. Turns that
    are in a summary (`core.folding`) are recalled by it alone.

    What is recalled begins like what was recalled for the answer before, so that the model's server has it in its
    cache. Therefore the channel's latest are those from before the thread's turns, up to its last pause.

    Args:
        turns: the most turns recalled.
        tokens: the most tokens recalled, by `estimate`.
    """

    def __init__(self, store: Store, *, turns: int, tokens: int) -> None:
        self._store = store
        self._facts = Facts(store)
        self._turns = turns
        self._tokens = tokens

    async def recall(self, conversation: Conversation, audience: Audience, *, tokens: int | None = None) -> Recalled:
        """Return what the readers of an answer in this conversation may know: facts, summary, channel, then thread.

        Args:
            conversation: where the answer will stand.
            audience: who will read it.
            tokens: the most to return, where it is to be less than usual.
        """
        tokens = self._tokens if tokens is None else tokens
        readers = readers_of(conversation, audience)
        rows = await self._rows(conversation, readers)
        head = await self._head(readers, [row for row in rows if row["kind"] == "summary"], tokens)
        left = tokens - estimate(head.items)
        own = _fit(_newest_first(rows, "own"), left)
        left -= sum(estimate(items) for items in own)
        elsewhere = _fit_brief(_newest_first(rows, "brief"), min(left, tokens // _BRIEF_SHARE))
        return replace(
            head,
            items=(*head.items, *(item for items in (*reversed(elsewhere), *reversed(own)) for item in items)),
            turns=len(own) + len(elsewhere),
        )

    async def remember(
        self, transaction: Transaction, turn: Turn, items: Sequence[Item], texts: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Keep an answered turn, whole, so that it is recalled and found.

        Args:
            transaction: the one that closes the turn.
            turn: the turn.
            items: question first.
            texts: ids of the turn's files, with what each says.
        """
        message, now, own = turn.message, time.time(), [_own(item) for item in items]
        conversation = message.conversation
        await transaction.execute(
            "INSERT INTO memory (turn, conversation, channel, audience, items, tokens, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                turn.id,
                conversation.key,
                conversation.channel_key,
                message.audience.key,
                dump_items(own),
                estimate(own),
                now,
            ),
        )
        for place in summaries.places_of(turn):  # one that was made meanwhile does not know of this turn
            await summaries.drop(transaction, place.key, turn.id)
        passage = Passage(
            kind="turn",
            ref=str(turn.id),
            conversation=conversation.key,
            channel=conversation.channel_key,
            audience=message.audience.key,
            text=said(items),
            link=message.link,
            at=now,
        )
        files = [replace(passage, kind="file", ref=file_id, text=text) for file_id, text in texts if text.strip()]
        await passages.remove(transaction, "file", [file.ref for file in files])  # one that was answered before
        await passages.add(transaction, [passage, *files])

    async def _rows(self, conversation: Conversation, readers: Readers) -> list[Row]:
        """Return summaries, and the turns that are in none of them.

        Where a summary is made between the two queries, its turns are there as well as the summary before.
        """
        key, channel = conversation.key, conversation.channel_key
        table, values = visible("summaries", readers)
        summed = await self._store.fetch(
            "SELECT 'summary' AS kind, place, audience, upto AS turn, text AS items, tokens FROM "  # noqa: S608  # constants
            f"{table} AS s WHERE place IN (?, ?) AND upto ="
            " (SELECT max(upto) FROM summaries WHERE place = s.place AND audience = s.audience)",
            (*values, key, channel),
        )
        upto = {(row["place"], row["audience"]): int(row["turn"]) for row in summed}
        kept, kept_values = visible("memory", readers)
        own, brief, values_of_own, values_of_brief = [], [], list[Value](), list[Value]()
        for audience in sorted(readers.here):
            own.append(
                f"SELECT * FROM (SELECT turn, items, tokens, at FROM {kept} WHERE channel = ? AND conversation = ?"  # noqa: S608
                " AND audience = ? AND turn > ? ORDER BY turn DESC LIMIT ?)"
            )
            values_of_own += [*kept_values, channel, key, audience, upto.get((key, audience), 0), self._turns]
            brief.append(
                f"SELECT * FROM (SELECT turn, conversation, items, tokens FROM {kept} WHERE channel = ?"  # noqa: S608
                " AND audience = ? AND turn > ? AND turn < (SELECT turn FROM since) ORDER BY turn DESC LIMIT ?)"
            )
            values_of_brief += [*kept_values, channel, audience, upto.get((channel, audience), 0), _LOOKED_AT]
        turns = await self._store.fetch(
            f"WITH own AS (SELECT * FROM ({' UNION ALL '.join(own)}) ORDER BY turn DESC LIMIT ?),"  # noqa: S608
            " since AS (SELECT coalesce(min(turn), ?) AS turn FROM own WHERE turn > coalesce((SELECT max(turn) FROM"
            " (SELECT turn, lead(at, 1, ?) OVER (ORDER BY turn) - at AS pause FROM own) AS p WHERE pause > ?), 0))"
            " SELECT 'own' AS kind, turn, items, tokens FROM own"
            f" UNION ALL SELECT * FROM (SELECT 'brief', turn, items, tokens FROM ({' UNION ALL '.join(brief)})"
            " WHERE conversation <> ? ORDER BY turn DESC LIMIT ?)",
            (
                *(*values_of_own, self._turns),
                *(_ALL, time.time(), _PAUSE),
                *(*values_of_brief, key, self._turns // _BRIEF_SHARE),
            ),
        )
        return [*summed, *turns]

    async def _head(self, readers: Readers, rows: Sequence[Row], tokens: int) -> Recalled:
        """Return what stands before the turns, which seldom changes."""
        if tokens < LITTLE:
            return Recalled()
        facts = await self._facts.list(readers, most=_MOST_FACTS)
        while facts and _text_size(listed(facts)) > tokens // _FACTS_SHARE:
            facts = facts[1:]
        texts = [row["items"] for row in sorted(rows, key=lambda row: int(row["turn"]))]
        parts = [f"{_FACTS}\n{listed(facts)}"] if facts else []
        if rows:
            parts.append("\n".join([_SUMMARY, *_shortened(texts, 3 * (tokens // SUMMARY_SHARE))]))
        items = (Question(text="\n\n".join(parts)), Answer(text=_READ)) if parts else ()
        return Recalled(items=items, facts=len(facts), summarized=bool(rows))


def said(items: Sequence[Item]) -> str:
    """Return what was said in a turn, without what skills returned and what was read of files."""
    return "\n".join(_said(item) for item in items if not isinstance(item, Result) and item.text)


def estimate(items: Sequence[Item]) -> int:
    """Estimate the tokens of items, on the safe side: one for three bytes of UTF-8, four more for each item and call.

    A real tokenizer is exact for one family of models only, and the one that works offline takes 150 MB of memory.
    """
    return sum(_size(item) for item in items)


def shorten(text: str, size: int) -> str:
    """Cut a text to a size in bytes, with a mark where it was cut, and through no number or word of usual length."""
    encoded = text.encode()
    if len(encoded) <= size:
        return text
    cut = encoded[: max(0, size - 4)].decode(errors="ignore")
    whole = text[len(cut)].isspace()
    return (cut if whole else _UNFINISHED.sub("", cut)).rstrip() + " …"


def load(row: Row) -> list[Item]:
    """Read a remembered turn; one that cannot be read is logged, and nothing is recalled of it."""
    try:
        return load_items(row["items"])
    except ValueError:
        log.error("what turn %d said cannot be read", row["turn"])
        return []


def _shortened(texts: Sequence[str], size: int) -> list[str]:
    """Cut texts to a size in bytes in all; what short ones leave is for the longer ones."""
    cut: dict[int, str] = {}
    for place, number in enumerate(sorted(range(len(texts)), key=lambda number: len(texts[number].encode()))):
        cut[number] = shorten(texts[number], size // (len(texts) - place))
        size -= len(cut[number].encode()) + 1
    return [cut[number] for number in range(len(texts))]


def _newest_first(rows: Sequence[Row], kind: str) -> list[Row]:
    return sorted((row for row in rows if row["kind"] == kind), key=lambda row: int(row["turn"]), reverse=True)


def _text_size(text: str) -> int:
    return len(text.encode()) // 3


def _size(item: Item) -> int:
    if not isinstance(item, Answer):
        return 4 + _text_size(item.text)
    calls = "".join(call.name + call.arguments for call in item.calls)
    reasoning = len(to_json(item.reasoning)) if item.reasoning else 0
    return 4 + 4 * len(item.calls) + (len(item.text.encode()) + len(calls.encode()) + reasoning) // 3


def _fit(rows: Sequence[Row], tokens: int) -> list[list[Item]]:
    """Take turns, newest first, as long as they fit; the first that does not is taken in brief."""
    taken: list[list[Item]] = []
    for row in rows:
        if row["tokens"] > tokens:
            return taken + _fit_brief([row], tokens)
        taken.append(load(row))
        tokens -= row["tokens"]
    return taken


def _fit_brief(rows: Sequence[Row], tokens: int) -> list[list[Item]]:
    """Take of each turn, newest first, the question and the final answer, the last one shortened to what is left."""
    taken: list[list[Item]] = []
    for row in rows:
        if not (whole := load(row)):
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
    return [Question(text=shorten(question, half)), Answer(text=shorten(answer, half))]


def _own(item: Item) -> Item:
    """Leave out what was recalled of other turns: it is remembered there, and has to go where they are forgotten."""
    return replace(item, text=RECALLED) if isinstance(item, Result) and item.recalled else item


def _said(item: Question | Answer) -> str:
    """Return what somebody said, without what was read of the files that came with it."""
    return without_excerpts(item.text) if isinstance(item, Question) else item.text
