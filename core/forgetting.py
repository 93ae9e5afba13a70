"""Forgetting: a channel, a person, or what is too old, in every place that keeps something of it.

Turns are first marked, in the transaction that erases what is quickly erased, and are then erased some at a time, so
that others can write in between; what a crash leaves over is erased by the next sweep. A turn that is still being
answered or delivered is erased after that, for what was promised is kept.

What is erased is gone from the tables. So that nothing of it is left on the disk either, the database is written anew:
at once while it is small, else within a day, for nothing else can be written meanwhile.

Of a forgotten message the digest of its key stays for some time, so that a redelivery is not answered again, and what
its answer cost. What is set for a channel stays where the channel is forgotten; of what a forgotten person has set the
instructions go, being words of theirs, and of the rest who set it.
"""

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core import facts, passages, traces
from core.chores import scrub_due, scrubbed, want_scrub
from core.company import Companies
from core.config import MemoryConfig
from core.errors import OperatorError
from core.files import Files
from core.journal import Journal, Leaving
from core.messages import Conversation, Turn
from core.store import Store, Transaction, Value
from core.traces import Erased

log = logging.getLogger("steward.forgetting")

SMALL: Final = 100_000_000
"""Bytes of a database that is written anew at once."""

_DAY: Final = 86_400.0
_UNREMEMBERED: Final = 3_600.0
"""Seconds for which what is said where memory is switched off is kept: so long it can be edited, and tried again."""

_HUSKS: Final = 62 * _DAY
"""Seconds for which the digest of a forgotten message's key is kept, and what its answer cost."""

_BATCH: Final = 100
"""Turns that are erased in one transaction, of some 50 ms: others write in between."""

_NIGHT: Final = range(2, 5)
_EACH: Final = "(SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was erased.

    Attributes:
        left: turns that are still being answered or delivered, and are erased after that.
        on_disk: nothing of what was erased is left on the disk either.
    """

    erased: Erased
    left: int = 0
    on_disk: bool = False


@dataclass(slots=True, kw_only=True)
class _Work:
    """What is erased for one wish, in several transactions; the files are removed from the disk after them."""

    files: list[str] = field(default_factory=list)
    erased: Erased = field(default_factory=Erased)


class Forgetting:
    """Erases.

    Args:
        config: says how long what was said is kept where nobody has set it for the channel.
        written: files in which what is typed in the terminal leaves traces; they are emptied where that is forgotten.
        small: bytes of a database that is written anew at once.
    """

    def __init__(
        self,
        *,
        store: Store,
        files: Files,
        journal: Journal,
        companies: Companies,
        config: MemoryConfig,
        written: Sequence[Path] = (),
        small: int = SMALL,
    ) -> None:
        self._store = store
        self._files = files
        self._journal = journal
        self._companies = companies
        self._keep_days = config.keep_days
        self._written = written
        self._small = small

    async def place(self, conversation: Conversation) -> Receipt:
        """Erase what was said in a channel with all its threads, or in a thread alone; what is set for it stays."""
        work, (where, values) = _Work(), _within(conversation)
        async with self._store.transaction(durable=True) as transaction:
            marked = await self._forget_turns(transaction, work, where, values)
            await self._erase_files(transaction, work, where, *values)
            work.erased += Erased(facts=await facts.forget(transaction, where, *values))
            if not conversation.thread:
                work.erased += Erased(
                    summaries=await _delete(transaction, "summaries", where, *values),
                    cached=await _delete(transaction, "cache", where, *values),
                )
            await self._companies.forget(transaction, conversation)
            await want_scrub(transaction)
            last = await passages.last(transaction)
        left = len(marked) - await self._erase_turns(work, marked)
        if not conversation.thread:
            async with self._store.transaction() as transaction:
                await passages.remove_where(transaction, f"{where} AND id <= ?", *values, last)
        return await self._finish(work, left, terminal=conversation.platform == "terminal")

    async def person(self, accounts: frozenset[str]) -> Receipt:
        """Erase what a person said and was told, with all of their accounts, and that they were there."""
        work, marked = _Work(), list[Leaving]()
        async with self._store.transaction(durable=True) as transaction:
            for account in sorted(accounts):
                await _erase_settings(transaction, account)
                marked += await self._forget_turns(
                    transaction, work, "(platform, author) = (?, ?)", account.split("/", 1), person=True
                )
                await self._erase_account(transaction, work, account)
            await want_scrub(transaction)
        left = len(marked) - await self._erase_turns(work, marked)
        return await self._finish(work, left, terminal=any(account.startswith("terminal/") for account in accounts))

    async def turn(self, turn: Turn) -> None:
        """Erase a turn of which the answer is left to stand, once it is over; `tidy` scrubs the disk."""
        work = _Work()
        async with self._store.transaction(durable=True) as transaction:
            marked = await self._forget_turns(transaction, work, "id = ?", (turn.id,))
        await self._erase_turns(work, marked)
        await self._files.erase(work.files)

    async def expire(self) -> Erased:
        """Erase what is older than its channel, or the configuration, lets it be; return how much that was."""
        work, now = _Work(), time.time()
        for channel, before in await self._limits(now):
            await self._expire_turns(work, "channel = ? AND received_at < ?", channel, before)
            async with self._store.transaction() as transaction:
                known = work.erased
                await self._erase_files(transaction, work, "channel = ? AND created_at < ?", channel, before)
                old = await facts.forget(transaction, "channel = ? AND changed_at < ?", channel, before)
                work.erased += Erased(facts=old)
                if work.erased != known:
                    await want_scrub(transaction)
        await self._files.erase(work.files)
        await self._store.write("DELETE FROM turns WHERE message = '' AND closed_at < ?", (now - _HUSKS,))
        return work.erased

    async def unremembered(self) -> Erased:
        """Erase what was said where memory is switched off, and what was forgotten before it was over."""
        work = _Work()
        await self._expire_turns(work, "unremembered > 0 AND closed_at < ?", time.time() - _UNREMEMBERED)
        await self._erase_turns(work)
        await self._files.erase(work.files)
        return work.erased

    async def tidy(self) -> None:
        """Write the database anew where that is due: while it is small, at night, or a day after it was wanted."""
        chore = await scrub_due(self._store)
        if chore and (
            self._store.size() <= self._small or time.localtime().tm_hour in _NIGHT or chore.since < time.time() - _DAY
        ):
            await self.scrub()

    async def scrub(self) -> bool:
        """Leave nothing of what was erased on the disk; return whether there was anything to do.

        Raises:
            OperatorError: it could not be done now; it stays due.
        """
        chore = await scrub_due(self._store)
        if not chore:
            return False
        await self._store.scrub()
        await scrubbed(self._store, chore)
        return True

    async def _forget_turns(
        self, transaction: Transaction, work: _Work, where: str, values: Sequence[Value], *, person: bool = False
    ) -> list[Leaving]:
        """Mark turns, so that they are erased; return them."""
        marked = await self._journal.forget(transaction, where, values, person=person)
        work.erased += Erased(turns=sum(turn.answered for turn in marked))
        return marked

    async def _erase_turns(self, work: _Work, marked: Sequence[Leaving] = ()) -> int:
        """Erase what was marked and is over, with everything that hangs on it; return how many of those given that was.

        Of the others what is remembered goes at once.
        """
        numbers, gone = {turn.id for turn in marked}, set[int]()
        while True:
            async with self._store.transaction() as transaction:
                over = await self._journal.erase(transaction, most=_BATCH)
                await self._erase_traces(transaction, work, over)
                if over:
                    await want_scrub(transaction)
            gone |= {turn.id for turn in over}
            if len(over) < _BATCH:
                break
        if under_way := sorted(numbers - gone):
            async with self._store.transaction() as transaction:
                work.erased += await traces.erase(transaction, under_way)
        return len(numbers & gone)

    async def _erase_traces(self, transaction: Transaction, work: _Work, over: Sequence[Leaving]) -> None:
        numbers = [turn.id for turn in over]
        work.erased += await traces.erase(transaction, numbers)
        await self._erase_files(transaction, work, f"turn IN {_EACH}", json.dumps([turn.key for turn in over]))
        opinions = await _delete(transaction, "feedback", f"turn IN {_EACH}", json.dumps(numbers))
        work.erased += Erased(opinions=opinions)

    async def _erase_files(self, transaction: Transaction, work: _Work, where: str, *values: Value) -> None:
        """Erase files, but not those of an answer that is still on its way."""
        over = "turn NOT IN (SELECT key FROM turns WHERE forgotten > 0 AND message <> '')"
        files = await self._files.forget(transaction, f"{where} AND {over}", *values)
        work.files += files
        work.erased += Erased(files=len(files))

    async def _erase_account(self, transaction: Transaction, work: _Work, account: str) -> None:
        """Erase what is kept about an account beside its turns."""
        platform, _, person = account.partition("/")
        here = (len(platform) + 1, f"{platform}/")
        await self._erase_files(transaction, work, "owner = ? AND substr(channel, 1, ?) = ?", person, *here)
        of_platform = "EXISTS (SELECT 1 FROM turns WHERE id = feedback.turn AND platform = ?)"
        work.erased += Erased(
            facts=await facts.forget(transaction, "author = ?", account),
            opinions=await _delete(transaction, "feedback", f"person = ? AND {of_platform}", person, platform),
            accounts=await _delete(transaction, "accounts", "account = ?", account),
        )
        await _delete(transaction, "codes", "account = ?", account)
        await _delete(transaction, "company", "person = ? AND substr(conversation, 1, ?) = ?", person, *here)
        await transaction.execute(
            "UPDATE usage SET person = '', report = '' WHERE platform = ? AND person = ?", (platform, person)
        )

    async def _limits(self, now: float) -> list[tuple[str, float]]:
        """Return channels, with the time before which what was said there is to be erased."""
        rows = await self._store.fetch("SELECT channel, value FROM settings WHERE name = 'retention'")
        before = now - self._keep_days * _DAY if self._keep_days else 0.0
        found = [(str(row["channel"]), max(before, now - float(row["value"]) * _DAY)) for row in rows]
        if before:
            own = {channel for channel, _ in found}
            old = await self._store.fetch(
                "SELECT channel FROM turns WHERE message <> '' AND received_at < ?1"
                " UNION SELECT channel FROM facts WHERE changed_at < ?1"
                " UNION SELECT channel FROM files WHERE created_at < ?1",
                (before,),
            )
            found += [(str(row["channel"]), before) for row in old if row["channel"] not in own]
        return found

    async def _expire_turns(self, work: _Work, where: str, *values: Value) -> None:
        """Erase the turns that nobody works on and for which a condition holds."""
        while True:
            async with self._store.transaction() as transaction:
                marked = await self._forget_turns(
                    transaction,
                    work,
                    f"id IN (SELECT id FROM turns WHERE {where} AND message <> '' AND forgotten = 0"  # noqa: S608
                    " AND (state IN ('answered', 'failed') OR parked_at IS NOT NULL) LIMIT ?)",
                    (*values, _BATCH),
                )
            await self._erase_turns(work, marked)
            if len(marked) < _BATCH:
                return

    async def _finish(self, work: _Work, left: int, *, terminal: bool) -> Receipt:
        """Remove what is in files, and write the database anew where that is quickly done."""
        await self._files.erase(work.files)
        if terminal:
            await asyncio.to_thread(_empty, self._written)
        on_disk = False
        if self._store.size() <= self._small:
            try:
                on_disk = await self.scrub()
            except OperatorError as error:
                log.warning("what was erased is overwritten on the disk later: %s", error)
        return Receipt(erased=work.erased, left=left, on_disk=on_disk)


def _within(conversation: Conversation) -> tuple[str, tuple[str, ...]]:
    """Return the condition for what was said in a thread, or in a channel with the threads that its readers see."""
    if conversation.thread:
        return "channel = ? AND conversation = ?", (conversation.channel_key, conversation.key)
    own = f"channel:{conversation.platform}/{conversation.channel}"
    return "channel = ? AND (audience = ? OR audience NOT LIKE 'channel:%')", (conversation.channel_key, own)


async def _erase_settings(transaction: Transaction, account: str) -> None:
    """Erase what is set for places that are a person's alone, and of the rest their words and that it was them."""
    platform, _, person = account.partition("/")
    await transaction.execute(
        "DELETE FROM settings WHERE (by = ? AND (name = 'instructions' OR substr(channel, -?) = ?)) OR channel IN"
        " (SELECT channel FROM turns WHERE platform = ? AND author = ? AND audience LIKE 'person:%')",
        (account, len(person) + 1, f"/{person}", platform, person),
    )
    await transaction.execute("UPDATE settings SET by = '', by_name = '' WHERE by = ?", (account,))
    await transaction.execute("UPDATE facts SET editor = '', editor_name = '' WHERE editor = ?", (account,))


async def _delete(transaction: Transaction, table: str, where: str, *values: Value) -> int:
    rows = await transaction.execute(f"DELETE FROM {table} WHERE {where} RETURNING 1", values)  # noqa: S608
    return len(rows)


def _empty(paths: Sequence[Path]) -> None:
    for path in paths:
        try:
            if path.exists():
                path.write_bytes(b"")
        except OSError as error:
            raise OperatorError(f"{path} cannot be emptied: {error.strerror}.") from error
