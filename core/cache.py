"""Cached results: what a skill that says so of itself returned lately, for the same arguments in the same place."""

import hashlib
import json
import time
from typing import Final

from core import arguments
from core.audience import readers_of, visible
from core.context import Context
from core.errors import SkillError
from core.items import Call
from core.messages import Reply, Turn
from core.skill import Outcome, Skillset
from core.store import Store

_LONGEST: Final = 100_000
"""Characters of a result that is kept."""


class Cache:
    """The results of skills that may be cached; one is handed out where it was made, to whoever could see it there."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def call(self, skills: Skillset, call: Call, context: Context, turn: Turn) -> Outcome:
        """Carry out a call, or return what the same one gave not long ago.

        Only what went well is kept, no files, and nothing of what the skill recalled. Where memory is switched off
        nothing is kept.
        """
        lifetime = skills.lifetime(call.name)
        key = _key(call, context) if lifetime else ""
        if not key:
            return await skills.call(call, context)
        if (known := await self._known(key, turn)) is not None:
            return known
        outcome = await skills.call(call, context)
        text = outcome.reply.text
        kept = outcome.ok and not outcome.reply.attachments and not context.memory.recalled
        if kept and len(text) <= _LONGEST:
            await self._keep(key, turn, text, lifetime)
        return outcome

    async def sweep(self) -> None:
        """Drop what is too old."""
        await self._store.write("DELETE FROM cache WHERE expires_at < ?", (time.time(),))

    async def _known(self, key: str, turn: Turn) -> Outcome | None:
        message = turn.message
        table, values = visible("cache", readers_of(message.conversation, message.audience))
        rows = await self._store.fetch(
            f"SELECT result, at FROM {table} WHERE key = ? AND channel = ? AND expires_at > ?",  # noqa: S608  # constants
            (*values, _scoped(key, turn), message.conversation.channel_key, time.time()),
        )
        return Outcome(reply=Reply(text=rows[0]["result"]), cached_at=rows[0]["at"]) if rows else None

    async def _keep(self, key: str, turn: Turn, text: str, lifetime: float) -> None:
        now, message = time.time(), turn.message
        channel = message.conversation.channel_key
        await self._store.write(
            "INSERT INTO cache (key, channel, audience, turn, result, at, expires_at) SELECT ?, ?, ?, ?, ?, ?, ?"
            " WHERE NOT EXISTS (SELECT 1 FROM settings WHERE channel = ? AND name = 'memory' AND value = 'off')"
            " ON CONFLICT (key) DO UPDATE SET turn = excluded.turn, result = excluded.result, at = excluded.at,"
            " expires_at = excluded.expires_at",
            (_scoped(key, turn), channel, message.audience.key, turn.id, text, now, now + lifetime, channel),
        )


def _key(call: Call, context: Context) -> str:
    """Return what tells calls apart: skill, arguments, and who calls; "" where the arguments cannot be read."""
    try:
        given = arguments.parse(call.arguments)
    except SkillError:
        return ""
    return json.dumps([call.name, given, context.person.id], sort_keys=True)


def _scoped(key: str, turn: Turn) -> str:
    """Return a key of this channel and audience alone; a digest, for arguments are what people said."""
    message = turn.message
    scope = [message.conversation.channel_key, message.audience.key, key]
    return hashlib.sha256(json.dumps(scope).encode()).hexdigest()
