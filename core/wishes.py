"""Wishes about a turn: that it is ended, answered anew because its question was edited, or removed.

A wish is written down at once and carried out by whoever works on the turn's conversation, between two attempts: so it
neither races with an answer on its way out, nor is it lost in a crash.
"""

import json
from dataclasses import replace
from typing import Final

from core import doubts, traces
from core.boundary import Boundary, Watch, unwatched
from core.chores import want_scrub
from core.files import Files
from core.items import Done, dump_step, load_step
from core.journal import Wish
from core.messages import Conversation, Message, Person, Turn, dump_message, load_message
from core.reports import load_report
from core.store import Row, Store, Transaction

_OPEN: Final = "state IN ('received', 'running')"


class Wishes:
    """Takes wishes in, and carries them out.

    Args:
        watch: is told each boundary between two steps.
    """

    def __init__(self, store: Store, files: Files, *, watch: Watch = unwatched) -> None:
        self._store = store
        self._files = files
        self._watch = watch

    async def again(self, turn: int, revision: Message | None = None) -> Turn | None:
        """Wish that a turn is answered anew; None where it cannot be, or is being answered as it reads now.

        Of one that was answered and forgotten nobody knows what it had done, so it cannot be.

        Args:
            turn: its number.
            revision: the question as it reads now, where it was edited.
        """
        if revision is None:
            return await self._wish(
                f"UPDATE turns SET wish = 'again' WHERE id = ?"  # noqa: S608
                f" AND (parked_at IS NOT NULL OR (NOT {_OPEN} AND forgotten = 0))",
                (turn,),
            )
        return await self._wish(
            f"UPDATE turns SET wish = 'again', revision = ? WHERE id = ? AND ({_OPEN} OR forgotten = 0)",  # noqa: S608
            (dump_message(revision), turn),
        )

    async def remove(self, turn: int) -> Turn | None:
        """Wish that a turn's answer, and all that is remembered of it, goes; None where it is gone."""
        return await self._wish("UPDATE turns SET wish = 'remove', revision = '' WHERE id = ?", (turn,))

    async def stop(self, turn: int, by: str) -> Turn | None:
        """Wish that the work on a turn ends; None where it has ended.

        It is not answered anew then, but an edit is kept: to try again answers what it says.

        Args:
            turn: its number.
            by: the name of who wants it.
        """
        return await self._wish(
            f"UPDATE turns SET wish = 'stop', wished_by = ? WHERE id = ? AND wish IN ('', 'again') AND {_OPEN}",  # noqa: S608
            (by, turn),
        )

    async def of(self, turn: Turn) -> tuple[Wish, str]:
        """Return what is wished about a turn, and by whom."""
        rows = await self._store.fetch("SELECT wish, wished_by FROM turns WHERE id = ?", (turn.id,))
        return (rows[0]["wish"], rows[0]["wished_by"]) if rows else ("", "")

    async def carry_out(self, turn: Turn) -> None:
        """Answer anew, or remove, what is wished so; called while nobody works on the turn."""
        files: list[str] = []
        async with self._store.transaction(durable=True) as transaction:
            rows = await transaction.execute(
                "SELECT key, message, revision, shown, wish FROM turns WHERE id = ?", (turn.id,)
            )
            if rows[0]["wish"] == "again":
                await _answer_anew(transaction, turn, rows[0])
                files = await self._files.forget_message(transaction, rows[0]["key"], but=_came_with(rows[0]))
            elif rows[0]["wish"] == "remove":
                await _remove(transaction, turn, rows[0])
                files = await self._files.forget_message(transaction, rows[0]["key"])
            if rows[0]["wish"] == "remove" or rows[0]["revision"]:
                await want_scrub(transaction)
        await self._files.erase(files)
        self._watch(Boundary.RENEWED)

    async def open_turns(self, conversation: Conversation, person: Person) -> list[int]:
        """Return a person's turns in a place that are not answered: of a thread its own, else of the whole channel."""
        place, key = (
            ("conversation", conversation.key) if conversation.thread else ("channel", conversation.channel_key)
        )
        rows = await self._store.fetch(
            f"SELECT id FROM turns WHERE {place} = ? AND author = ? AND {_OPEN} ORDER BY id",  # noqa: S608
            (key, person.id),
        )
        return [row["id"] for row in rows]

    async def asked_as(self, message_id: str) -> Turn | None:
        """Return the turn of a question, as it reads now; None where there is none, or it is removed or forgotten."""
        return await self._turn("key = ?", message_id)

    async def numbered(self, turn: int) -> Turn | None:
        """Return a turn by its number; None where there is none, or it is removed or forgotten."""
        return await self._turn("id = ?", turn)

    async def answered_by(self, conversation: Conversation, message_id: str) -> Turn | None:
        """Return the turn that one of our messages in a channel answers, or will; None where it answers none."""
        return await self._turn(
            "channel = ? AND id IN (SELECT turn FROM outbox WHERE message_id = ? UNION SELECT turns.id FROM turns,"
            " json_each(CASE shown WHEN '' THEN '[]' ELSE shown END) AS each WHERE shown <> '' AND each.value = ?)",
            *(conversation.channel_key, message_id, message_id),
        )

    async def _turn(self, where: str, *values: str | int) -> Turn | None:
        rows = await self._store.fetch(
            "SELECT id, attempt, CASE revision WHEN '' THEN message ELSE revision END AS message FROM turns"  # noqa: S608
            f" WHERE {where} AND message <> '' AND removed = 0 AND wish <> 'remove'",
            values,
        )
        return _turn(rows[0]) if rows else None

    async def _wish(self, sql: str, values: tuple[str | int, ...]) -> Turn | None:
        rows = await self._store.write(
            f"{sql} AND message <> '' AND removed = 0 AND wish <> 'remove' RETURNING id, attempt, message",
            values,
            durable=True,
        )
        self._watch(Boundary.WISHED)
        return _turn(rows[0]) if rows else None


async def _answer_anew(transaction: Transaction, turn: Turn, row: Row) -> None:
    """Take a turn back to where it was received, with its messages to be replaced; what it did is not undone."""
    done = await _done(transaction, turn)
    await transaction.execute("DELETE FROM steps WHERE turn = ?", (turn.id,))
    for number, step in enumerate(done):
        await transaction.execute(
            "INSERT INTO steps (turn, number, item) VALUES (?, ?, ?)", (turn.id, number, dump_step(step))
        )
    shown = await _take_back(transaction, turn, row)
    await transaction.execute(
        "UPDATE turns SET state = 'received', attempt = attempt + 1, message = ?, revision = '', wish = '',"
        " wished_by = '', closed_at = NULL, reason = '', shown = ? WHERE id = ?",
        (row["revision"] or row["message"], shown, turn.id),
    )


async def _remove(transaction: Transaction, turn: Turn, row: Row) -> None:
    """Erase what a turn said; its messages are left to be deleted, its files are the caller's."""
    shown = await _take_back(transaction, turn, row)
    message = replace(load_message(row["message"]), text="", attachments=(), direct=None)
    await transaction.execute("DELETE FROM steps WHERE turn = ?", (turn.id,))
    await transaction.execute("DELETE FROM feedback WHERE turn = ?", (turn.id,))
    await transaction.execute("UPDATE usage SET report = '' WHERE turn = ?", (turn.id,))
    await transaction.execute(
        "UPDATE turns SET state = 'answered', attempt = attempt + 1, removed = 1, message = ?, revision = '',"
        " wish = '', wished_by = '', reason = '', shown = ? WHERE id = ?",
        (dump_message(message), shown, turn.id),
    )


async def _take_back(transaction: Transaction, turn: Turn, row: Row) -> str:
    """Forget an answer, with what was made of it; return the list of the messages that are there of it."""
    await traces.erase(transaction, [turn.id])
    sent = await transaction.execute(
        "SELECT message_id FROM outbox WHERE turn = ? AND state = 'sent' AND message_id <> '' ORDER BY part", (turn.id,)
    )
    await transaction.execute(
        "UPDATE outbox SET state = 'withdrawn', text = '', files = '[]', controls = '[]', message_id = NULL"
        " WHERE turn = ?",
        (turn.id,),
    )
    ids = [each["message_id"] for each in sent] + (json.loads(row["shown"]) if row["shown"] else [])
    return json.dumps(list(dict.fromkeys(ids))) if ids else ""


def _came_with(row: Row) -> list[str]:
    """Return the ids of the files that a question came with, as it reads now; what else there was of it is replaced."""
    message = load_message(row["revision"] or row["message"])
    return [attachment.id for attachment in message.attachments if attachment.id]


async def _done(transaction: Transaction, turn: Turn) -> list[Done]:
    """Return the calls with effects that were carried out, or perhaps were, up to now.

    The steps know of the attempt that was ended, or failed; the report of the answer before, and of one that failed so
    long ago that its steps are gone.
    """
    rows = await transaction.execute("SELECT item FROM steps WHERE turn = ? ORDER BY number", (turn.id,))
    done = doubts.done([load_step(row["item"]) for row in rows])
    reports = await transaction.execute("SELECT report FROM usage WHERE turn = ? AND report <> ''", (turn.id,))
    for report in map(load_report, (row["report"] for row in reports)):
        done += report.done
        worth = [ran for ran in report.ran if ran.effects and (ran.ok or ran.unknown)]
        done += [Done(call=ran.call, text=ran.text, unknown=ran.unknown) for ran in worth]
    return list({(each.call.name, each.call.arguments): each for each in reversed(done)}.values())[::-1]


def _turn(row: Row) -> Turn:
    return Turn(id=row["id"], message=load_message(row["message"]), attempt=row["attempt"])
