"""Usage: what each turn cost and how its answer came about."""

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.items import Usage
from core.messages import Turn
from core.reports import Report, dump_report, load_report
from core.store import Store, Transaction

_CHARGE = """
INSERT INTO usage (turn, platform, person, at, calls, input, cached, output, cost, report)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (turn) DO UPDATE SET
    at = excluded.at, calls = usage.calls + excluded.calls, input = usage.input + excluded.input,
    cached = usage.cached + excluded.cached, output = usage.output + excluded.output,
    cost = usage.cost + excluded.cost, report = excluded.report
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What somebody's questions came to.

    Attributes:
        cost: in US dollars, 0 where no price is known.
    """

    questions: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: float = 0.0

    def told(self) -> str:
        """Write the bill for the person, in Markdown."""
        if not self.questions:
            return "You have not asked me anything yet."
        read, written = f"{self.usage.input:,} tokens read", f"{self.usage.output:,} written"
        cost = f", about ${self.cost:.2f}" if self.cost else ""
        asked = "1 question" if self.questions == 1 else f"{self.questions:,} questions"
        return f"{asked}: {read} ({self.usage.cached:,} of them from the cache), {written}{cost}"


async def charge(transaction: Transaction, turn: Turn, report: Report, *, forgotten: bool) -> None:
    """Write down how a turn's answer came about; one that was answered before is charged on top.

    Of a forgotten one the numbers alone are kept.
    """
    message, usage = turn.message, report.usage
    await transaction.execute(
        _CHARGE,
        (
            turn.id,
            message.conversation.platform,
            message.author.id,
            time.time(),
            report.asked,
            usage.input,
            usage.cached,
            usage.output,
            report.cost,
            "" if forgotten else dump_report(report),
        ),
    )


async def add(store: Store, turn: int, usage: Usage, cost: float) -> None:
    """Charge a turn for a model call that was made after its answer."""
    await store.write(
        "UPDATE usage SET calls = calls + 1, input = input + ?, cached = cached + ?, output = output + ?,"
        " cost = cost + ? WHERE turn = ?",
        (usage.input, usage.cached, usage.output, cost, turn),
    )


async def uncharge(transaction: Transaction, turn: int) -> None:
    """Take back what a failed turn was charged last: its steps are used again, and charged with its next answer."""
    await transaction.execute(
        "UPDATE usage SET calls = calls - json_extract(report, '$.asked'),"
        " input = input - json_extract(report, '$.usage.input'),"
        " cached = cached - json_extract(report, '$.usage.cached'),"
        " output = output - json_extract(report, '$.usage.output'),"
        " cost = cost - json_extract(report, '$.cost') WHERE turn = ? AND report <> ''",
        (turn,),
    )


class Usages:
    """Reads what `charge` wrote."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def report(self, turn: int) -> Report | None:
        """Return how a turn's latest answer came about; None where there is none, or it is forgotten."""
        rows = await self._store.fetch("SELECT report FROM usage WHERE turn = ? AND report <> ''", (turn,))
        return load_report(rows[0]["report"]) if rows else None

    async def this_month(self, accounts: frozenset[str]) -> Bill:
        """Return what the questions from a person's accounts came to since the beginning of the month, UTC."""
        now = datetime.now(UTC)
        first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return await self.of(accounts, since=first.timestamp())

    async def of(self, accounts: frozenset[str], *, since: float) -> Bill:
        """Return what the questions from some accounts came to since a time, in seconds since 1970."""
        rows = await self._store.fetch(
            "SELECT count(*) AS questions, coalesce(sum(input), 0) AS input, coalesce(sum(cached), 0) AS cached,"
            " coalesce(sum(output), 0) AS output, coalesce(sum(cost), 0.0) AS cost FROM usage"
            " WHERE (platform, person) IN (SELECT substr(value, 1, instr(value, '/') - 1),"
            " substr(value, instr(value, '/') + 1) FROM json_each(?)) AND at >= ?",
            (json.dumps(sorted(accounts)), since),
        )
        row = rows[0]
        return Bill(
            questions=row["questions"],
            usage=Usage(input=row["input"], cached=row["cached"], output=row["output"]),
            cost=row["cost"],
        )
