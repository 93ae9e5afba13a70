"""What the database knows of turns: the inbox, the steps of running turns, and the outbox."""

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from core import traces
from core.boundary import Boundary, Watch, unwatched
from core.controls import Control, dump_controls, load_controls, under_answer, under_failure
from core.errors import StaleTurnError
from core.events import Finished
from core.items import Answer, Begun, Done, Result, Step, dump_step, load_step
from core.memory import Memory
from core.messages import Message, Reply, Turn, dump_message, load_message
from core.store import Row, Store, Transaction, Value
from core.usage import charge

log = logging.getLogger("steward.journal")

Wish: TypeAlias = Literal["", "stop", "again", "remove"]
"""What somebody wants of a turn: nothing; that it ends; that it is answered anew; that its answer goes."""

_LATEST: Final = 200
"""Turns of a channel of which the parts are known."""

_WHOLLY: Final = 2
"""Of a turn that is forgotten with the person who asked."""

_AMONG: Final = "id IN (SELECT value FROM json_each(?))"
_LEAVING: Final = "forgotten > 0 AND message <> ''"
"""Turns that are forgotten and not erased yet."""

_OVER: Final = (
    "(parked_at IS NOT NULL OR (state IN ('answered', 'failed') AND shown = '' AND wish = ''"
    " AND id NOT IN (SELECT turn FROM outbox WHERE state = 'waiting')))"
)
"""Turns that nobody works on any more."""

KEPT: Final = 7 * 86_400.0
"""Seconds for which the steps of a failed turn are kept; so long it can be tried again without doing anything twice."""

_AROUND: Final[dict[type[Step], tuple[Boundary | None, Boundary]]] = {
    Answer: (Boundary.TOLD, Boundary.NOTED),
    Begun: (None, Boundary.BEGUN),
    Result: (Boundary.CALLED, Boundary.RECORDED),
    Done: (None, Boundary.RECORDED),
}
"""The boundaries before and after a step is stored; before a call begins nothing has happened since the last step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One row of the outbox: a piece of a reply that still has to be sent."""

    number: int
    text: str
    files: tuple[str, ...]
    opens: bool
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A turn that was taken up.

    Attributes:
        closed: it was answered already, only its delivery is missing.
        untidy: there are messages that showed progress, or an earlier answer, and may have to go.
        wish: what somebody wants of it; a wish to have it answered anew, or removed, is to be carried out first.
        wished_by: the name of who that is.
    """

    turn: Turn
    closed: bool
    untidy: bool = False
    wish: Wish = ""
    wished_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A turn that is forgotten.

    Attributes:
        key: that of its message, which its files name.
        answered: it is a question that was answered and not removed, of which nobody knew that it is forgotten.
    """

    id: int
    key: str
    answered: bool


class Journal:
    """The stored life of turns: the transitions drawn in `core.turns`.

    Each method is one transaction. A write of a running turn carries its attempt number and is refused with
    `StaleTurnError` once a newer attempt has begun, or the turn is closed.

    Args:
        watch: is told each boundary between two steps.
    """

    def __init__(self, store: Store, memory: Memory, *, watch: Watch = unwatched) -> None:
        self._store = store
        self._memory = memory
        self._watch = watch

    async def accept(self, message: Message) -> Turn | None:
        """Write a message down; None where it is there already."""
        self._watch(Boundary.ARRIVED)
        written = dump_message(message)
        message = load_message(written)
        rows = await self._store.write(
            "INSERT INTO turns (key, platform, conversation, channel, audience, author, message, received_at)"
            " SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM turns WHERE key = ?)"
            " ON CONFLICT (key) DO NOTHING RETURNING id",
            (
                message.id,
                message.conversation.platform,
                message.conversation.key,
                message.conversation.channel_key,
                message.audience.key,
                message.author.id,
                written,
                time.time(),
                digest(message.id),
            ),
            durable=True,
        )
        self._watch(Boundary.ACCEPTED)
        return Turn(id=rows[0]["id"], message=message, attempt=0) if rows else None

    async def unfinished(self) -> list[Turn]:
        """Return the turns with something left to do, in the order in which they were accepted.

        They are not answered, not delivered, to be answered anew or removed, or have left something behind.

        One that cannot be read is logged and left out.
        """
        rows = await self._store.fetch(
            "SELECT id, message, attempt FROM turns WHERE id IN ("
            "SELECT id FROM turns WHERE state IN ('received', 'running')"
            " UNION SELECT turn FROM outbox WHERE state = 'waiting'"
            " UNION SELECT id FROM turns WHERE shown <> '' UNION SELECT id FROM turns WHERE wish <> '') ORDER BY id"
        )
        return [turn for turn in map(_readable, rows) if turn]

    async def start(self, turn: Turn) -> Started:
        """Begin a new attempt, and return what is left to do."""
        rows = await self._store.write(
            "UPDATE turns SET attempt = attempt + 1, started_at = ?, parked_at = NULL,"
            " state = CASE state WHEN 'received' THEN 'running' ELSE state END"
            " WHERE id = ? RETURNING id, message, attempt, state, shown, wish, wished_by,"
            " (SELECT json_group_array(message_id) FROM outbox"
            " WHERE turn = turns.id AND state = 'sent' AND turns.shown <> '') AS sent",
            (time.time(), turn.id),
        )
        if not rows:
            raise StaleTurnError(f"Turn {turn.id} was taken over by a newer attempt.")
        self._watch(Boundary.STARTED)
        row, sent = rows[0], set(json.loads(rows[0]["sent"]))
        shown = tuple(each for each in _ids(row["shown"]) if each not in sent)
        return Started(
            turn=replace(_turn(row), shown=shown),
            closed=row["state"] != "running",
            untidy=bool(row["shown"]),
            wish=row["wish"],
            wished_by=row["wished_by"],
        )

    async def steps(self, turn: Turn) -> list[Step]:
        """Return the steps that earlier attempts stored, in order."""
        if turn.attempt == 1:
            return []
        rows = await self._store.fetch("SELECT item FROM steps WHERE turn = ? ORDER BY number", (turn.id,))
        return [load_step(row["item"]) for row in rows]

    async def update(self, turn: Turn) -> None:
        """Write down a turn's message anew, once its files are kept."""
        self._watch(Boundary.DOWNLOADED)
        await self._fenced(
            turn,
            "UPDATE turns SET message = ? WHERE id = ? AND attempt = ? AND state = 'running'",
            (dump_message(turn.message),),
        )
        self._watch(Boundary.FETCHED)

    async def record(self, turn: Turn, step: Step) -> None:
        """Store one more step of a running turn; that a call begins to have effects is on the disk before it does."""
        before, after = _AROUND[type(step)]
        if before:
            self._watch(before)
        await self._fenced(
            turn,
            "INSERT INTO steps (item, number, turn)"
            " SELECT ?, (SELECT coalesce(max(number) + 1, 0) FROM steps WHERE turn = turns.id), id FROM turns"
            " WHERE id = ? AND attempt = ? AND state = 'running'",
            (dump_step(step),),
            durable=isinstance(step, Begun),
        )
        self._watch(after)

    async def showing(self, turn: Turn, ids: Sequence[str]) -> None:
        """Write down which messages of ours hold no part of the reply yet."""
        self._watch(Boundary.SHOWING)
        await self._fenced(turn, "UPDATE turns SET shown = ? WHERE id = ? AND attempt = ?", (json.dumps(list(ids)),))
        self._watch(Boundary.SHOWN)

    async def cleared(self, turn: Turn) -> None:
        """Note that there is no message of ours any more that holds no part of the reply."""
        self._watch(Boundary.TIDIED)
        await self._fenced(turn, "UPDATE turns SET shown = '' WHERE id = ? AND attempt = ?", ())
        self._watch(Boundary.CLEARED)

    async def close(self, turn: Turn, finished: Finished, pieces: Sequence[Reply]) -> None:
        """End a turn in one transaction: remembered, its pieces and controls in the outbox, its cost written down.

        A failed one keeps its steps, so that nothing is done twice where somebody has it tried again.
        """
        state: Literal["answered", "failed"] = "answered" if finished.ok else "failed"
        self._watch(Boundary.ANSWERED)
        async with self._store.transaction(durable=True) as transaction:
            rows = await transaction.execute(
                "UPDATE turns SET state = ?, closed_at = ?, reason = ?, unremembered ="
                " (SELECT count(*) FROM settings WHERE channel = turns.channel AND name = 'memory' AND value = 'off'),"
                " wish = CASE wish WHEN 'stop' THEN '' ELSE wish END WHERE id = ? AND attempt = ?"
                " AND state = 'running' RETURNING forgotten, unremembered,"
                " (SELECT coalesce(max(part) + 1, 0) FROM outbox WHERE turn = turns.id) AS first",
                (state, time.time(), "" if finished.ok else finished.reply.text, turn.id, turn.attempt),
            )
            if not rows:
                raise StaleTurnError(f"Turn {turn.id} was taken over by a newer attempt.")
            if finished.items and not rows[0]["forgotten"] and not rows[0]["unremembered"]:
                await self._memory.remember(transaction, turn, finished.items, finished.texts)
            await charge(transaction, turn, finished.report, forgotten=bool(rows[0]["forgotten"]))
            for number, (piece, controls) in enumerate(_with_controls(turn, finished, pieces)):
                await transaction.execute(
                    "INSERT INTO outbox (turn, part, text, files, opens, controls) VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        turn.id,
                        rows[0]["first"] + number,
                        piece.text,
                        json.dumps([file.id for file in piece.attachments]),
                        number == 0,
                        dump_controls(controls),
                    ),
                )
            if finished.ok:
                await transaction.execute("DELETE FROM steps WHERE turn = ?", (turn.id,))
            else:
                await traces.blank_recalled(transaction, "turn = ?", turn.id)
        self._watch(Boundary.CLOSED)

    async def park(self, turn: Turn, reason: str) -> None:
        """Give a turn up until the next start, or until somebody has it tried again."""
        async with self._store.transaction() as transaction:
            await transaction.execute(
                "UPDATE turns SET parked_at = ?, reason = ? WHERE id = ?", (time.time(), reason, turn.id)
            )
            await traces.blank_recalled(transaction, "turn = ?", turn.id)

    async def asked_again(self) -> list[Turn]:
        """Return, once, the turns that somebody wants to be tried again by `Troubles.retry`."""
        if not await self._store.fetch("SELECT id FROM turns WHERE retry_at IS NOT NULL LIMIT 1"):
            return []
        rows = await self._store.write(
            "UPDATE turns SET retry_at = NULL WHERE retry_at IS NOT NULL RETURNING id, message, attempt"
        )
        return [turn for turn in map(_readable, rows) if turn]

    async def sweep(self) -> None:
        """Drop the steps of turns that failed too long ago to be tried again."""
        await self._store.write(
            "DELETE FROM steps WHERE turn IN (SELECT id FROM turns WHERE state = 'failed' AND closed_at < ?)",
            (time.time() - KEPT,),
        )

    async def waiting(self, turn: Turn) -> list[Outgoing]:
        """Return the parts of a reply that were not sent yet, in order."""
        rows = await self._store.fetch(
            "SELECT part, text, files, opens, controls FROM outbox WHERE turn = ? AND state = 'waiting' ORDER BY part",
            (turn.id,),
        )
        return [
            Outgoing(
                number=row["part"],
                text=row["text"],
                files=tuple(json.loads(row["files"])),
                opens=bool(row["opens"]),
                controls=load_controls(row["controls"]),
            )
            for row in rows
        ]

    async def message_ids(self, turn: Turn) -> frozenset[str]:
        """Return the platform's ids of the parts that were sent in a turn's channel for its latest turns."""
        rows = await self._store.fetch(
            "SELECT message_id FROM outbox WHERE message_id <> '' AND turn IN"
            " (SELECT id FROM turns WHERE channel = ? ORDER BY id DESC LIMIT ?)",
            (turn.message.conversation.channel_key, _LATEST),
        )
        return frozenset(row["message_id"] for row in rows)

    async def sent(self, turn: Turn, number: int, message_id: str) -> None:
        """Mark a part as sent; that is on the disk before the next part goes out."""
        self._watch(Boundary.SENT)
        await self._mark(turn, number, "sent", message_id)
        self._watch(Boundary.MARKED)

    async def undeliverable(self, turn: Turn, number: int) -> None:
        """Mark a part as one that the platform will never take."""
        await self._mark(turn, number, "failed", None)

    async def forget(
        self, transaction: Transaction, where: str, values: Sequence[Value], *, person: bool = False
    ) -> list[Leaving]:
        """Forget turns, and return them: they are not remembered, and erased by `erase` once nobody works on them.

        Args:
            transaction: the one in which that is done.
            where: which ones; a condition of this program's.
            values: what is asked for in it.
            person: it is also forgotten who was charged for them.
        """
        rows = await transaction.execute(
            "SELECT id, key, state IN ('answered', 'failed') AND removed = 0 AND forgotten = 0 AS answered FROM turns"  # noqa: S608
            f" WHERE {where} AND message <> '' ORDER BY id",
            values,
        )
        numbers = json.dumps([row["id"] for row in rows])
        await transaction.execute(
            f"UPDATE turns SET forgotten = max(forgotten, ?) WHERE {_AMONG}",  # noqa: S608  # a constant
            (_WHOLLY if person else 1, numbers),
        )
        await transaction.execute(  # what was done is still to be known where a turn is about to be answered anew
            f"UPDATE usage SET report = '' WHERE turn IN (SELECT id FROM turns WHERE {_AMONG} AND wish <> 'again')",  # noqa: S608
            (numbers,),
        )
        return [_leaving(row) for row in rows]

    async def erase(self, transaction: Transaction, *, most: int) -> list[Leaving]:
        """Erase what forgotten turns said that nobody works on any more, and return them.

        The digest of a message's key stays, so that a redelivery is still known. One that was given up is over.
        """
        rows = await transaction.execute(
            f"SELECT id, key, 0 AS answered FROM turns WHERE {_LEAVING} AND {_OVER} ORDER BY id LIMIT ?",  # noqa: S608
            (most,),
        )
        numbers = json.dumps([row["id"] for row in rows])
        await transaction.execute(
            f"UPDATE usage SET report = '', person = CASE WHEN turn IN (SELECT id FROM turns WHERE {_AMONG}"  # noqa: S608
            f" AND forgotten = {_WHOLLY}) THEN '' ELSE person END WHERE turn IN (SELECT value FROM json_each(?))",
            (numbers, numbers),
        )
        await transaction.execute(  # a place of one person alone may be named after them
            "UPDATE turns SET key = digest.value, message = '', reason = '', revision = '', wished_by = '',"
            " author = '', conversation = CASE WHEN audience LIKE 'person:%' THEN '' ELSE conversation END,"
            " channel = CASE WHEN audience LIKE 'person:%' THEN '' ELSE channel END, audience = '',"
            " shown = '', wish = '', parked_at = NULL, retry_at = NULL, closed_at = coalesce(closed_at, ?),"
            " state = CASE state WHEN 'answered' THEN state ELSE 'failed' END"
            " FROM json_each(?) AS digest WHERE turns.id = CAST(digest.key AS INTEGER)",
            (time.time(), json.dumps({row["id"]: digest(row["key"]) for row in rows})),
        )
        for table in ("outbox", "steps"):
            await transaction.execute(
                f"DELETE FROM {table} WHERE turn IN (SELECT value FROM json_each(?))",  # noqa: S608
                (numbers,),
            )
        return [_leaving(row) for row in rows]

    async def _mark(self, turn: Turn, number: int, state: Literal["sent", "failed"], message_id: str | None) -> None:
        marked = await self._store.write(
            "UPDATE outbox SET state = ?, message_id = ? WHERE turn = ? AND part = ?"
            " AND EXISTS (SELECT 1 FROM turns WHERE id = outbox.turn AND attempt = ?) RETURNING 1",
            (state, message_id, turn.id, number, turn.attempt),
            durable=True,
        )
        if not marked:
            raise StaleTurnError(f"Turn {turn.id} was taken over by a newer attempt.")

    async def _fenced(self, turn: Turn, sql: str, values: tuple[str, ...], *, durable: bool = False) -> None:
        if not await self._store.write(f"{sql} RETURNING 1", (*values, turn.id, turn.attempt), durable=durable):
            raise StaleTurnError(f"Turn {turn.id} was taken over by a newer attempt.")


def _with_controls(turn: Turn, finished: Finished, pieces: Sequence[Reply]) -> list[tuple[Reply, tuple[Control, ...]]]:
    """Put the controls under the last piece with text, else under the last one."""
    controls = under_answer(turn, finished.reply.attachments) if finished.ok else under_failure(turn)
    last = max((number for number, piece in enumerate(pieces) if piece.text), default=len(pieces) - 1)
    return [(piece, controls if number == last else ()) for number, piece in enumerate(pieces)]


def digest(key: str) -> str:
    """Return what stays of the key of a forgotten message; the key itself may hold the name of who wrote it."""
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def _leaving(row: Row) -> Leaving:
    return Leaving(id=row["id"], key=row["key"], answered=bool(row["answered"]))


def _ids(listed: str) -> list[str]:
    return [str(each) for each in json.loads(listed)] if listed else []


def _readable(row: Row) -> Turn | None:
    try:
        return _turn(row)
    except ValueError:
        log.error("turn %d cannot be read and is left out", row["id"])  # the error would show what was said
        return None


def _turn(row: Row) -> Turn:
    return Turn(id=row["id"], message=load_message(row["message"]), attempt=row["attempt"])
