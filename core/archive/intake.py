"""Taking an archive in: all of it or nothing, and a second time without a change.

What is there already stays as it is. What hangs on a turn comes in with the turn, or not at all: where the turn was
there and a fact or file of it is not, somebody has had it forgotten. A turn counts as answered, so nothing is ever sent
for it. Audiences are kept as they are, so nobody sees more than before.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeAlias

from core import disk, passages
from core.archive import lines
from core.archive.lines import Line
from core.archive.reader import read, wrong
from core.errors import UserError
from core.items import dump_items
from core.journal import digest
from core.messages import dump_message
from core.passages import Passage
from core.reports import dump_report
from core.store import Row, Store, Transaction, Value
from core.summaries import ref

_Found: TypeAlias = lines.Turn | lines.Summary | lines.Fact | lines.File


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of taking an archive in; `new` counts the lines of each type of which something was not there yet."""

    new: Mapping[str, int]


async def take_in(archive: Iterable[bytes], store: Store, files: Path) -> Taken:
    """Take in the lines of an archive, in one transaction.

    Args:
        archive: its lines.
        store: where to.
        files: the folder of the files.

    Raises:
        UserError: it is no archive, a newer one, or cut off; or a line is wrong, which is named by its number.
        OperatorError: the database could not be written.
        OSError: a file could not be written.
    """
    written: list[str] = []
    new: Counter[str] = Counter()
    try:
        async with store.transaction(durable=True) as transaction:
            intake = _Intake(transaction, files, written)
            for number, line in read(archive):
                try:
                    new[line.type] += await intake.take(line)
                except UserError as error:
                    raise wrong(number, str(error)) from error
    except BaseException:
        await asyncio.to_thread(disk.remove, files, written)
        raise
    return Taken(new=new)


class _Intake:
    """Takes in lines, within one transaction.

    Args:
        written: where the names of the files are put that are on the disk from now on.
    """

    def __init__(self, transaction: Transaction, files: Path, written: list[str]) -> None:
        self._transaction = transaction
        self._files = files
        self._written = written
        self._turns: set[int] = set()
        self._new: set[int] = set()

    async def take(self, line: Line) -> bool:
        """Take in a line; return whether there is something new in it.

        Raises:
            UserError: it is about a turn that did not come before it.
        """
        match line:
            case lines.Turn():
                return await self._turn(line)
            case lines.Usage():
                return await self._usage(line)
            case lines.Feedback():
                number = await self._number(line.turn)
                return number in self._new and await self._insert("feedback", _columns(line) | {"turn": number})
            case lines.Summary():
                return await self._summary(line)
            case lines.Fact():
                return await self._fact(line)
            case lines.File():
                return await self._file(line)
            case lines.Setting():
                return await self._insert("settings", _columns(line))
            case lines.Account():
                return await self._insert("accounts", _columns(line))
            case lines.End():
                return False

    async def _turn(self, line: lines.Turn) -> bool:
        message = dump_message(line.message) if line.message else ""
        state: dict[str, Value] = {"state": "answered", "attempt": 1, "forgotten": not message, "message": message}
        known = await self._known(line.key)
        rows = [] if known else await self._insert_rows("turns", _columns(line, "answer", "memory") | state)
        number = int(rows[0]["id"]) if rows else await self._number(line.key)
        self._turns.add(number)
        if not rows:
            return False
        self._new.add(number)
        for place, part in enumerate(line.answer):
            sent: dict[str, Value] = {"turn": number, "part": place, "opens": place == 0, "state": "sent"}
            await self._insert("outbox", _columns(part) | sent | {"files": json.dumps(part.files)})
        if line.memory:
            whose = {name: getattr(line, name) for name in ("conversation", "channel", "audience")}
            items = dump_items(line.memory.items)
            await self._insert("memory", _columns(line.memory) | whose | {"turn": number, "items": items})
        link = line.message.link if line.message else ""
        await self._find(line, str(number), conversation=line.conversation, link=link, at=line.closed_at)
        return True

    async def _usage(self, line: lines.Usage) -> bool:
        number = await self._number(line.turn)
        report = dump_report(line.report) if line.report else ""
        return number in self._new and await self._insert("usage", _columns(line) | {"turn": number, "report": report})

    async def _summary(self, line: lines.Summary) -> bool:
        """Take in a summary, unless a turn of its channel that it does not tell of would count as told by it."""
        number = await self._number(line.upto)
        rows = await self._transaction.execute(
            "SELECT id FROM turns WHERE channel = ? AND id <= ?", (line.channel, number)
        )
        if number not in self._new or not self._turns.issuperset(row["id"] for row in rows):
            return False
        new = await self._insert("summaries", _columns(line) | {"upto": number})
        if new:
            await self._find(line, ref(line.place, line.audience), conversation=line.place, at=line.at)
        return new

    async def _fact(self, line: lines.Fact) -> bool:
        number = None if line.turn is None else await self._number(line.turn)
        known = await self._transaction.execute(
            "SELECT id FROM facts WHERE author = ? AND text = ? AND created_at = ?",
            (line.author, line.text, line.created_at),
        )
        if known or not (number is None or number in self._new):
            return False
        rows = await self._insert_rows("facts", _columns(line) | {"turn": number})
        link, at = line.link, line.changed_at
        await self._find(line, str(rows[0]["id"]), conversation=line.conversation, link=link, at=at)
        return True

    async def _file(self, line: lines.File) -> bool:
        turn = await self._known(line.turn)
        if turn is not None and turn not in self._new:
            return False
        made_from = None if line.spec is None else json.dumps(line.spec)
        new = await self._insert("files", _columns(line, "content") | {"spec": made_from, "size": len(line.content)})
        if new:
            self._written.append(line.id)
            await asyncio.to_thread(disk.write, self._files / line.id, line.content)
            await self._find(line, line.id, conversation=line.conversation, at=line.created_at)
        return new

    async def _number(self, key: str) -> int:
        """Return a turn's number here."""
        number = await self._known(key)
        if number is None:
            raise UserError(f"there is no turn {key!r} before it")
        return number

    async def _known(self, key: str) -> int | None:
        """Return a turn's number here, also where it was forgotten here; None where it is not known."""
        rows = await self._transaction.execute("SELECT id FROM turns WHERE key IN (?, ?)", (key, digest(key)))
        return int(rows[0]["id"]) if rows else None

    async def _find(self, line: _Found, ref: str, *, conversation: str, at: float, link: str = "") -> None:
        """Have something found by the words of its texts."""
        for text in line.found:
            passage = Passage(
                kind=line.type,
                ref=ref,
                conversation=conversation,
                channel=line.channel,
                audience=line.audience,
                link=link,
                text=text,
                at=at,
            )
            await passages.add(self._transaction, [passage])

    async def _insert(self, table: str, values: Mapping[str, Value]) -> bool:
        """Insert a row; return whether it was not there yet."""
        return bool(await self._insert_rows(table, values))

    async def _insert_rows(self, table: str, values: Mapping[str, Value]) -> list[Row]:
        marks = ", ".join("?" for _ in values)
        return await self._transaction.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks}) ON CONFLICT DO NOTHING RETURNING *",  # noqa: S608
            tuple(values.values()),
        )


def _columns(line: Line | lines.Memory | lines.Part, *left_out: str) -> dict[str, Value]:
    """Return what of a line is in the columns of its table by itself."""
    names = [each.name for each in fields(line) if each.name not in ("type", "found", *left_out)]
    return {name: getattr(line, name) for name in names}
