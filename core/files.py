"""Files that people sent and skills made: kept under generated names, found by conversation, swept in time."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeVar, cast

from core import disk, passages
from core.audience import readers_of, visible
from core.config import FilesConfig
from core.errors import OperatorError, SkillError
from core.messages import Attachment, Audience, Conversation, JsonObject, Message
from core.store import Row, Store, Transaction, Value
from core.unicode import well_formed

T = TypeVar("T")

_MB: Final = 1_000_000
_DAY: Final = 86_400.0
_CHECKS: Final = 100
"""The quota is looked at again whenever this share of it was added: looking sums up every file."""

_LONGEST_NAME: Final = 120
"""Characters of a file's name that the model reads."""

_INSERT: Final = (
    "INSERT INTO files (id, name, media_type, source, turn, conversation, channel, audience, owner, size, alt, kind,"
    " spec, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

_IN_REACH: Final = "channel = ? AND expires_at > ?"
"""A file is handed out in its channel, until it expires."""


class Files:
    """The files of all conversations: bytes in a folder, everything else in the database.

    A file's name on disk is its generated id; the name people gave it is only ever shown.
    """

    def __init__(self, store: Store, folder: Path, config: FilesConfig) -> None:
        self._store = store
        self._folder = folder
        self._keep = config.keep_days * _DAY
        self._quota = int(config.quota_mb * _MB)
        self._unchecked = 0
        self.max_bytes = min(int(config.max_mb * _MB), self._quota)

    async def keep(
        self, attachment: Attachment, *, message: Message, source: Literal["received", "made"]
    ) -> Attachment:
        """Keep a file's content and return the file with its id.

        Raises:
            SkillError: it has no content, is larger than `files.max_mb` or the quota, or its `spec` is not JSON.
            OperatorError: it could not be written.
        """
        content = attachment.content
        if content is None:
            raise SkillError(f"{attachment.filename} has no content.")
        if len(content) > self.max_bytes:
            raise SkillError(
                f"{attachment.filename} has {size_text(len(content))}; at most {size_text(self.max_bytes)} are kept."
            )
        kept = replace(
            attachment,
            id=f"f{secrets.token_hex(6)}",
            filename=well_formed(attachment.filename),
            media_type=well_formed(attachment.media_type),
            alt=well_formed(attachment.alt),
        )
        row = self._row(kept, message, source, len(content))
        await self._on_disk("written", lambda: disk.write(self._folder / kept.id, content))
        await self._store.write(_INSERT, row)
        self._unchecked += len(content)
        if self._unchecked > self._quota // _CHECKS:
            await self._make_room()
        return kept

    def _row(self, kept: Attachment, message: Message, source: str, size: int) -> tuple[Value, ...]:
        now = time.time()
        return (
            kept.id,
            kept.filename,
            kept.media_type,
            source,
            message.id,
            message.conversation.key,
            message.conversation.channel_key,
            message.audience.key,
            message.author.id,
            size,
            kept.alt,
            _kind(kept.spec),
            _json(kept),
            now,
            now + self._keep,
        )

    async def get(self, file_id: str, conversation: Conversation, audience: Audience) -> Attachment | None:
        """Return a file of this channel with its content, None where these readers have none of this id."""
        table, values = visible("files", readers_of(conversation, audience))
        rows = await self._store.fetch(
            f"SELECT * FROM {table} WHERE id = ? AND {_IN_REACH}",  # noqa: S608  # constants
            (*values, file_id, conversation.channel_key, time.time()),
        )
        return await self._read(rows[0]) if rows else None

    async def latest(self, kind: str, conversation: Conversation, audience: Audience) -> Attachment | None:
        """Return the newest file of a kind: of this conversation, else of its channel."""
        table, values = visible("files", readers_of(conversation, audience))
        rows = await self._store.fetch(
            f"SELECT * FROM {table} WHERE kind = ? AND {_IN_REACH}"  # noqa: S608  # constants
            " ORDER BY conversation = ? DESC, created_at DESC, id DESC LIMIT 1",
            (*values, kind, conversation.channel_key, time.time(), conversation.key),
        )
        return await self._read(rows[0]) if rows else None

    async def content(self, file_id: str) -> bytes | None:
        """Return a file's content, None where it is gone; for whoever may see it in any case."""
        return await self._on_disk("read", lambda: disk.read(self._folder / file_id))

    async def forget(self, transaction: Transaction, where: str, *values: Value) -> list[str]:
        """Take files out of the database, and what is found of them; return their ids, for `erase` after the commit.

        Args:
            transaction: the one in which that is done.
            where: which ones; a condition of this program's.
            values: what is asked for in it.
        """
        return await _take_out(transaction, where, values)

    async def forget_message(self, transaction: Transaction, message_id: str, *, but: Sequence[str] = ()) -> list[str]:
        """Take the files of one message and its answer out of the database, all but some; see `forget`."""
        return await _take_out(
            transaction, "turn = ? AND id NOT IN (SELECT value FROM json_each(?))", (message_id, json.dumps(list(but)))
        )

    async def erase(self, ids: list[str]) -> None:
        """Remove files from the disk."""
        await self._on_disk("changed", lambda: disk.remove(self._folder, ids))

    async def sweep(self) -> int:
        """Remove what has expired, the oldest files over the quota, and leftovers of a crash; return how many."""
        async with self._store.transaction() as transaction:
            expired = await _take_out(transaction, "expires_at < ?", (time.time(),))
        await self.erase(expired)
        over = await self._make_room()
        known = {row["id"] for row in await self._store.fetch("SELECT id FROM files")}
        orphans = await self._on_disk("swept", lambda: disk.remove_orphans(self._folder, known))
        return len(expired) + over + orphans

    async def _make_room(self) -> int:
        """Remove the oldest files over the quota; return how many."""
        self._unchecked = 0
        async with self._store.transaction() as transaction:
            over = await _take_out(
                transaction,
                "id IN (SELECT id FROM (SELECT id, sum(size) OVER"
                " (ORDER BY created_at DESC, rowid DESC) AS total FROM files) WHERE total > ?)",
                (self._quota,),
            )
        await self.erase(over)
        return len(over)

    async def _read(self, row: Row) -> Attachment | None:
        content = await self.content(row["id"])
        if content is None:
            return None
        return Attachment(
            id=row["id"],
            filename=row["name"],
            media_type=row["media_type"],
            content=content,
            alt=row["alt"],
            spec=cast("JsonObject", json.loads(row["spec"])) if row["spec"] else None,
        )

    async def _on_disk(self, what: str, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise OperatorError(f"The folder {self._folder} cannot be {what}: {error.strerror}.") from error


async def _take_out(transaction: Transaction, where: str, values: tuple[Value, ...]) -> list[str]:
    rows = await transaction.execute(f"DELETE FROM files WHERE {where} RETURNING id", values)  # noqa: S608
    ids = [row["id"] for row in rows]
    await passages.remove(transaction, "file", ids)
    return ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The files that a skill called in a turn can reach: its channel's that its readers may see, its own first."""

    files: Files
    conversation: Conversation
    audience: Audience

    async def get(self, file_id: str) -> Attachment | None:
        """Return a file of this channel."""
        return await self.files.get(file_id, self.conversation, self.audience)

    async def latest(self, kind: str) -> Attachment | None:
        """Return the newest file whose `spec["kind"]` is `kind`."""
        return await self.files.latest(kind, self.conversation, self.audience)


def size_text(size: int) -> str:
    """Write a number of bytes for people."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.0f} kB" if size < _MB else f"{size / _MB:.1f} MB"


def without(reason: str, attachment: Attachment) -> str:
    """Return why something is wrong with a file as it may stand in the log: without its name and address."""
    for text in filter(None, (attachment.source, attachment.filename)):
        reason = reason.replace(text, "it")
    return reason


def describe(attachment: Attachment) -> str:
    """Write a kept file as the model reads it."""
    name, media_type = _one_line(attachment.filename), _one_line(attachment.media_type)
    return f"[file {attachment.id}: {name}, {media_type}, {size_text(len(attachment.content or b''))}]"


def _one_line(name: str) -> str:
    """Make a name harmless that somebody else chose: short, on one line, and without the end of our brackets."""
    plain = " ".join(name.replace("[", "(").replace("]", ")").split())
    return "".join(character for character in plain if character.isprintable())[:_LONGEST_NAME]


def _kind(spec: JsonObject | None) -> str | None:
    kind = spec.get("kind") if spec else None
    return kind if isinstance(kind, str) else None


def _json(attachment: Attachment) -> str | None:
    try:
        return json.dumps(attachment.spec) if attachment.spec is not None else None
    except (TypeError, ValueError) as error:
        raise SkillError(f"What {attachment.filename} was made from is not JSON: {error}.") from error
