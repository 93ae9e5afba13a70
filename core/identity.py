"""Identity: which accounts on different platforms are one person's, as that person has shown.

A person asks for a code with one account and says it with the other. A code is good once, for some minutes, and only
its digest is kept.
"""

import hashlib
import secrets
import time
from collections import OrderedDict
from typing import Final

from core.errors import UserError
from core.messages import Message
from core.store import Store

LIFETIME: Final = 600.0
"""Seconds for which a code is good."""

TRIES: Final = 5
"""Wrong codes that an account may say within the lifetime of one."""

_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LENGTH: Final = 8
_REMEMBERED: Final = 10_000


class Identity:
    """Knows whose accounts belong together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    async def accounts(self, account: str) -> frozenset[str]:
        """Return all accounts of the person who has one: "slack/U1"; that one itself is among them."""
        rows = await self._store.fetch(
            "SELECT account FROM accounts WHERE person = (SELECT person FROM accounts WHERE account = ?)", (account,)
        )
        return frozenset(row["account"] for row in rows) | {account}

    async def code(self, message: Message) -> str:
        """Return a new code for the author of a message, in place of an earlier one."""
        code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        async with self._store.transaction() as transaction:
            await transaction.execute(
                "DELETE FROM codes WHERE account = ? OR expires_at < ?", (message.account, time.time())
            )
            await transaction.execute(
                "INSERT INTO codes (digest, account, name, expires_at) VALUES (?, ?, ?, ?)",
                (_digest(code), message.account, message.author.name, time.time() + LIFETIME),
            )
        return f"{code[:4]}-{code[4:]}"

    async def link(self, message: Message, code: str) -> str:
        """Take the author of a message for the person who was given a code; return that account.

        Raises:
            UserError: the code is wrong, used or too old, was given to the same account, or too many were tried.
        """
        self._check_tries(message.account)
        async with self._store.transaction(durable=True) as transaction:
            rows = await transaction.execute(
                "DELETE FROM codes WHERE digest = ? AND expires_at >= ? AND account <> ? RETURNING account, name",
                (_digest(code), time.time(), message.account),
            )
            if not rows:
                self._wrong.setdefault(message.account, []).append(time.monotonic())
                raise UserError(
                    "This code is not one that I gave to your other account, or it is used or too old: ask for a new"
                    " one there with `link`."
                )
            other, now = str(rows[0]["account"]), time.time()
            known = await transaction.execute(
                "SELECT account, person FROM accounts WHERE account IN (?, ?)",
                (other, message.account),
            )
            persons = {row["account"]: row["person"] for row in known}
            person = persons.get(other) or secrets.token_hex(8)  # no account's: one may be unlinked, or erased
            await transaction.execute(
                "UPDATE accounts SET person = ? WHERE person = ?", (person, persons.get(message.account))
            )
            for account, name in ((other, rows[0]["name"]), (message.account, message.author.name)):
                await transaction.execute(
                    "INSERT INTO accounts (account, person, name, at) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (account) DO UPDATE SET person = excluded.person, name = excluded.name",
                    (account, person, name, now),
                )
        self._wrong.pop(message.account, None)
        return other

    async def unlink(self, account: str) -> frozenset[str]:
        """Take an account for a person of its own again; return the others that it was linked with."""
        others = await self.accounts(account) - {account}
        async with self._store.transaction(durable=True) as transaction:
            await transaction.execute("DELETE FROM accounts WHERE account = ?", (account,))
            if len(others) == 1:
                await transaction.execute("DELETE FROM accounts WHERE account = ?", (next(iter(others)),))
        return others

    def _check_tries(self, account: str) -> None:
        recent = [at for at in self._wrong.get(account, []) if at > time.monotonic() - LIFETIME]
        if recent:
            self._wrong[account] = recent
        else:
            self._wrong.pop(account, None)
        while len(self._wrong) > _REMEMBERED:
            self._wrong.popitem(last=False)
        if len(recent) >= TRIES:
            raise UserError("That were too many wrong codes. Please wait some minutes.")


def _digest(code: str) -> str:
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
