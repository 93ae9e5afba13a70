"""Forgetting: a channel, a person, or what is too old, in every place that keeps something of it.

What is erased is gone from the tables at once, in one transaction. So that nothing of it is left on the disk either,
the database is written anew: at once while it is small, else within a day, for nothing else can be written meanwhile.
"""

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from core import facts, passages, traces
from core.company import Companies
from core.config import MemoryConfig
from core.errors import OperatorError
from core.files import Files
from core.journal import Journal
from core.messages import Conversation
from core.store import Store, Transaction, Value
from core.traces import Erased

log = logging.getLogger("steward.forgetting")

SMALL: Final = 100_000_000
"""Bytes of a database that is written anew at once."""

_DAY: Final = 86_400.0
_UNREMEMBERED: Final = 3_600.0
"""Seconds for which what is said where memory is switched off is kept: so long it can be edited, and tried again."""

_HUSKS: Final = 62 * _DAY
"""Seconds for which the key of a forgotten message is kept, and what its answer cost."""

_BATCH: Final = 500
_NIGHT: Final = range(2, 5)
_EACH: Final = "(SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was erased; `on_disk`: nothing of it is left in the database's file either."""

    erased: Erased
    on_disk: bool = False


@dataclass(slots=True, kw_only=True)
class _Work:
    """A transaction in which is erased; the files are removed from the disk after it."""

    transaction: Transaction
    files: list[str] = field(default_factory=list)
    erased: Erased = field(default_factory=Erased)

    async def delete(self, table: str, where: str, *values: Value) -> int:
        rows = await self.transaction.execute(f"DELETE FROM {table} WHERE {where} RETURNING 1", values)  # noqa: S608
        return len(rows)


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

    async def channel(self, conversation: Conversation) -> Receipt:
        """Erase what was said in a channel, its threads included; what is set for it stays."""
        channel = conversation.channel_key
        async with self._store.transaction(durable=True) as transaction:
            work = _Work(transaction=transaction)
            await self._erase_turns(work, "channel = ?", channel)
            await self._erase_files(work, "channel = ?", channel)
            work.erased += Erased(
                facts=await facts.forget(transaction, "channel = ?", channel),
                summaries=await work.delete("summaries", "channel = ?", channel),
                cached=await work.delete("cache", "channel = ?", channel),
            )
            await passages.remove_of_channel(transaction, channel)
            await self._companies.forget(transaction, channel=channel)
            await _want_scrub(transaction)
        return await self._finish(work, terminal=conversation.platform == "terminal")

    async def person(self, accounts: frozenset[str]) -> Receipt:
        """Erase what a person said and was told, with all of their accounts, and that they were there."""
        async with self._store.transaction(durable=True) as transaction:
            work = _Work(transaction=transaction)
            for account in sorted(accounts):
                await self._erase_account(work, account)
            await _want_scrub(transaction)
        return await self._finish(work, terminal=any(account.startswith("terminal/") for account in accounts))

    async def expire(self) -> Erased:
        """Erase what is older than its channel, or the configuration, lets it be; return how much that was."""
        erased, now = Erased(), time.time()
        for limit in await self._limits(now):
            batch = Erased(turns=_BATCH)
            while batch.turns == _BATCH:
                async with self._store.transaction() as transaction:
                    work = _Work(transaction=transaction)
                    await self._expire(work, *limit)
                    if work.erased:
                        await _want_scrub(transaction)
                await self._files.erase(work.files)
                batch = work.erased
                erased += batch
        await self._store.write("DELETE FROM turns WHERE message = '' AND closed_at < ?", (now - _HUSKS,))
        return erased

    async def tidy(self) -> None:
        """Write the database anew where that is due: while it is small, at night, or a day after it was wanted."""
        rows = await self._store.fetch("SELECT at FROM chores WHERE name = 'scrub'")
        if rows and (
            self._store.size() <= self._small
            or time.localtime().tm_hour in _NIGHT
            or rows[0]["at"] < time.time() - _DAY
        ):
            await self.scrub()

    async def scrub(self) -> bool:
        """Leave nothing of what was erased on the disk; return whether there was anything to do."""
        rows = await self._store.fetch("SELECT at FROM chores WHERE name = 'scrub'")
        if not rows:
            return False
        await self._store.scrub()
        await self._store.write("DELETE FROM chores WHERE name = 'scrub' AND at <= ?", (rows[0]["at"],))
        return True

    async def _erase_turns(self, work: _Work, where: str, *values: Value, person: bool = False) -> None:
        """Erase turns, and everything that hangs on them."""
        rows = await work.transaction.execute(
            f"SELECT id, key, state FROM turns WHERE {where} AND message <> '' ORDER BY id",  # noqa: S608  # of this module
            values,
        )
        turns = [row["id"] for row in rows]
        finished = sum(row["state"] in ("answered", "failed") for row in rows)
        work.erased += replace(await traces.erase(work.transaction, turns), turns=finished)
        await self._erase_files(work, f"turn IN {_EACH}", json.dumps([row["key"] for row in rows]))
        work.erased += Erased(opinions=await work.delete("feedback", f"turn IN {_EACH}", json.dumps(turns)))
        await self._journal.forget(work.transaction, turns, person=person)

    async def _erase_files(self, work: _Work, where: str, *values: Value) -> None:
        files = await self._files.forget(work.transaction, where, *values)
        work.files += files
        work.erased += Erased(files=len(files))

    async def _erase_account(self, work: _Work, account: str) -> None:
        platform, _, person = account.partition("/")
        here = (len(platform) + 1, f"{platform}/")
        await self._erase_turns(work, "platform = ? AND author = ?", platform, person, person=True)
        await self._erase_files(work, "owner = ? AND substr(channel, 1, ?) = ?", person, *here)
        of_platform = "turn IN (SELECT id FROM turns WHERE platform = ?)"
        work.erased += Erased(
            facts=await facts.forget(work.transaction, "author = ?", account),
            opinions=await work.delete("feedback", f"person = ? AND {of_platform}", person, platform),
            accounts=await work.delete("accounts", "account = ?", account),
        )
        await work.delete("codes", "account = ?", account)
        await work.delete("company", "person = ? AND substr(conversation, 1, ?) = ?", person, *here)
        await work.transaction.execute(
            "UPDATE usage SET person = '', report = '' WHERE platform = ? AND person = ?", (platform, person)
        )
        await work.transaction.execute("UPDATE settings SET by = '', by_name = '' WHERE by = ?", (account,))

    async def _limits(self, now: float) -> list[tuple[str, float, float]]:
        """Return channels, with the times before which and since which what was said there is to be erased."""
        rows = await self._store.fetch(
            "SELECT channel, name, value, at FROM settings WHERE name IN ('memory', 'retention')"
        )
        found = [(row["channel"], now - float(row["value"]) * _DAY, 0.0) for row in rows if row["name"] == "retention"]
        if self._keep_days:
            before, own = now - self._keep_days * _DAY, {channel for channel, _, _ in found}
            old = await self._store.fetch(
                "SELECT channel FROM turns WHERE message <> '' AND received_at < ?1"
                " UNION SELECT channel FROM facts WHERE changed_at < ?1"
                " UNION SELECT channel FROM files WHERE created_at < ?1",
                (before,),
            )
            found += [(row["channel"], before, 0.0) for row in old if row["channel"] not in own]
        return found + [
            (row["channel"], now - _UNREMEMBERED, row["at"])
            for row in rows
            if row["name"] == "memory" and row["value"] == "off"
        ]

    async def _expire(self, work: _Work, channel: str, before: float, since: float) -> None:
        limit = (channel, before, since)
        await self._erase_turns(
            work,
            "id IN (SELECT id FROM turns WHERE channel = ? AND received_at < ? AND received_at >= ? AND message <> ''"
            " AND forgotten = 0 AND state IN ('answered', 'failed') ORDER BY id LIMIT ?)",
            *(*limit, _BATCH),
        )
        await self._erase_files(work, "channel = ? AND created_at < ? AND created_at >= ?", *limit)
        old = "channel = ? AND changed_at < ? AND changed_at >= ?"
        work.erased += Erased(facts=await facts.forget(work.transaction, old, *limit))

    async def _finish(self, work: _Work, *, terminal: bool) -> Receipt:
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
        return Receipt(erased=work.erased, on_disk=on_disk)


async def _want_scrub(transaction: Transaction) -> None:
    await transaction.execute(
        "INSERT INTO chores (name, at) VALUES ('scrub', ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at",
        (time.time(),),
    )


def _empty(paths: Sequence[Path]) -> None:
    for path in paths:
        if path.exists():
            path.write_bytes(b"")
