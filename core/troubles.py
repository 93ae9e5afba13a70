"""Turns that somebody should look at, as the operator sees them: stuck, failed, or not delivered."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

from core import traces
from core.errors import UserError
from core.journal import KEPT
from core.store import Row, Store
from core.usage import uncharge

Kind: TypeAlias = Literal["unanswered", "stuck", "failed", "undelivered"]
"""Not answered for a while; given up for now; answered with why not; not taken by the platform."""

_A_WHILE: Final = 60.0
_MOST: Final = 200

_LIST: Final = """
SELECT id, conversation, author, received_at, attempt, reason, CASE
    WHEN parked_at IS NOT NULL THEN 'stuck'
    WHEN state IN ('received', 'running') THEN 'unanswered'
    WHEN id IN (SELECT turn FROM outbox WHERE state IN ('waiting', 'failed')) THEN 'undelivered'
    ELSE 'failed' END AS kind
FROM turns WHERE message <> '' AND id IN (
    SELECT id FROM turns WHERE parked_at IS NOT NULL
    UNION SELECT id FROM turns WHERE state IN ('received', 'running') AND received_at < ?1
    UNION SELECT id FROM turns WHERE state = 'failed' AND closed_at > ?3
    UNION SELECT turn FROM outbox WHERE state = 'failed'
    UNION SELECT turn FROM outbox WHERE state = 'waiting' AND turn IN (SELECT id FROM turns WHERE closed_at < ?1)
) ORDER BY id DESC LIMIT ?2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A turn that somebody should look at; what was said in it is nobody's business here.

    Attributes:
        turn: its number, as in the log.
        conversation: the key of the place where it was asked.
        author: the platform's id of who asked.
        attempts: how often it was taken up.
        reason: what went wrong, in a sentence; empty where that is not known.
    """

    turn: int
    kind: Kind
    conversation: str
    author: str
    received_at: datetime
    attempts: int
    reason: str


class Troubles:
    """Reads and mends turns in a database that a running Steward may be using."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(self) -> list[Trouble]:
        """Return the latest of them, oldest first; of the failed ones those that can be tried again."""
        now = time.time()
        rows = await self._store.fetch(_LIST, (now - _A_WHILE, _MOST, now - KEPT))
        return [_trouble(row) for row in reversed(rows)]

    async def retry(self, turn: int) -> None:
        """Have a turn tried again: by the running Steward within seconds, else at the next start.

        A failed one is answered anew, with the steps it had done; of any other what is missing is done.

        Raises:
            UserError: there is no such turn, it was answered and delivered, what was said is forgotten, or it failed so
                long ago that nobody knows any more what it had done.
        """
        async with self._store.transaction(durable=True) as transaction:
            rows = await transaction.execute("SELECT state, message, closed_at FROM turns WHERE id = ?", (turn,))
            if not rows:
                raise UserError(f"There is no turn {turn}; `steward turns` lists those that can be tried again.")
            if not rows[0]["message"]:
                raise UserError(f"What turn {turn} was about is forgotten, so it cannot be tried again.")
            if rows[0]["state"] == "failed":
                if rows[0]["closed_at"] < time.time() - KEPT:
                    raise UserError(f"Turn {turn} failed too long ago to be tried again: ask again in a new message.")
                # what was not sent is withdrawn, but stays: its key was perhaps used, and a platform tells by the key
                await transaction.execute(
                    "UPDATE outbox SET state = 'withdrawn', text = '', files = '[]', controls = '[]'"
                    " WHERE turn = ? AND state <> 'sent'",
                    (turn,),
                )
                await traces.erase(transaction, [turn])
                await uncharge(transaction, turn)
                await transaction.execute("UPDATE turns SET state = 'received' WHERE id = ?", (turn,))
            await transaction.execute(
                "UPDATE outbox SET state = 'waiting' WHERE turn = ? AND state = 'failed'", (turn,)
            )
            left = await transaction.execute(
                "UPDATE turns SET retry_at = ?, parked_at = NULL WHERE id = ?"
                " AND (state IN ('received', 'running') OR shown <> '' OR wish <> ''"
                " OR id IN (SELECT turn FROM outbox WHERE state = 'waiting')) RETURNING id",
                (time.time(), turn),
            )
            if not left:
                raise UserError(f"Turn {turn} was answered; there is nothing to try again.")


def _trouble(row: Row) -> Trouble:
    return Trouble(
        turn=row["id"],
        kind=row["kind"],
        conversation=row["conversation"],
        author=row["author"],
        received_at=datetime.fromtimestamp(row["received_at"], UTC),
        attempts=row["attempt"],
        reason=row["reason"],
    )
