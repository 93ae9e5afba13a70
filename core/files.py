"""Files that people sent and skills made: kept under generated names, found by conversation, swept in time."""

import asyncio
import json
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeVar, cast

from core.config import FilesConfig
from core.errors import OperatorError, SkillError
from core.messages import Attachment, JsonObject, Message
from core.store import Row, Store, Transaction

T = TypeVar("T")

_MB: Final = 1_000_000
_DAY: Final = 86_400.0
_ORPHAN_AGE: Final = 3600.0
"""Seconds after which a file without a row was left by a crash, and not by a write that is under way."""


class Files:
    """The files of all conversations: bytes in a folder, everything else in the database.

    A file's name on disk is its generated id; the name people gave it is only ever shown.
    """

    def __init__(self, store: Store, folder: Path, config: FilesConfig) -> None:
        self._store = store
        self._folder = folder
        self._keep = config.keep_days * _DAY
        self._quota = int(config.quota_mb * _MB)
        self.max_bytes = int(config.max_mb * _MB)

    async def keep(
        self, attachment: Attachment, *, message: Message, source: Literal["received", "made"]
    ) -> Attachment:
        """Keep a file's content and return the file with its id.

        Raises:
            SkillError: it is larger than `files.max_mb`.
            OperatorError: it could not be written.
        """
        content = attachment.content or b""
        if len(content) > self.max_bytes:
            raise SkillError(
                f"{attachment.filename} has {size_text(len(content))}; at most {size_text(self.max_bytes)} are kept."
            )
        kept = replace(attachment, id=f"f{secrets.token_hex(6)}")
        await self._on_disk(lambda: _write(self._folder / kept.id, content))
        now = time.time()
        await self._store.write(
            "INSERT INTO files (id, name, media_type, source, turn, conversation, channel, audience, owner, size, alt,"
            " kind, spec, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                kept.id,
                kept.filename,
                kept.media_type,
                source,
                message.id,
                message.conversation.key,
                message.conversation.channel_key,
                message.audience.key,
                message.author.id,
                len(content),
                kept.alt,
                _kind(kept.spec),
                json.dumps(kept.spec) if kept.spec is not None else None,
                now,
                now + self._keep,
            ),
        )
        return kept

    async def get(self, file_id: str, *, channel: str) -> Attachment | None:
        """Return a file of a channel with its content, None where there is none or it was swept."""
        rows = await self._store.fetch("SELECT * FROM files WHERE id = ? AND channel = ?", (file_id, channel))
        return await self._read(rows[0]) if rows else None

    async def latest(self, kind: str, *, conversation: str, channel: str) -> Attachment | None:
        """Return the newest file of a kind: of this conversation, else of its channel."""
        rows = await self._store.fetch(
            "SELECT * FROM files WHERE channel = ? AND kind = ?"
            " ORDER BY conversation = ? DESC, created_at DESC, rowid DESC LIMIT 1",
            (channel, kind, conversation),
        )
        return await self._read(rows[0]) if rows else None

    async def forget(self, transaction: Transaction, *, channel: str) -> list[str]:
        """Take a channel's files out of the database and return their ids, for `erase` after the commit."""
        rows = await transaction.execute("DELETE FROM files WHERE channel = ? RETURNING id", (channel,))
        return [row["id"] for row in rows]

    async def erase(self, ids: list[str]) -> None:
        """Remove files from the disk."""
        await self._on_disk(lambda: _remove(self._folder, ids))

    async def sweep(self) -> int:
        """Remove what has expired, the oldest files over the quota, and leftovers of a crash; return how many."""
        expired = await self._store.write("DELETE FROM files WHERE expires_at < ? RETURNING id", (time.time(),))
        over = await self._store.write(
            "DELETE FROM files WHERE id IN (SELECT id FROM (SELECT id, sum(size) OVER"
            " (ORDER BY created_at DESC, rowid DESC) AS total FROM files) WHERE total > ?) RETURNING id",
            (self._quota,),
        )
        await self.erase([row["id"] for row in (*expired, *over)])
        known = {row["id"] for row in await self._store.fetch("SELECT id FROM files")}
        orphans = await self._on_disk(lambda: _remove_orphans(self._folder, known))
        return len(expired) + len(over) + orphans

    async def _read(self, row: Row) -> Attachment | None:
        try:
            content = await asyncio.to_thread((self._folder / row["id"]).read_bytes)
        except FileNotFoundError:
            return None
        return Attachment(
            id=row["id"],
            filename=row["name"],
            media_type=row["media_type"],
            content=content,
            alt=row["alt"],
            spec=cast("JsonObject", json.loads(row["spec"])) if row["spec"] else None,
        )

    async def _on_disk(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise OperatorError(f"The folder {self._folder} cannot be written: {error.strerror}.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The files that a skill called in a turn can reach: those of its channel, the conversation's own first."""

    files: Files
    conversation: str
    channel: str

    async def get(self, file_id: str) -> Attachment | None:
        """Return a file of this channel."""
        return await self.files.get(file_id, channel=self.channel)

    async def latest(self, kind: str) -> Attachment | None:
        """Return the newest file whose `spec["kind"]` is `kind`."""
        return await self.files.latest(kind, conversation=self.conversation, channel=self.channel)


def size_text(size: int) -> str:
    """Write a number of bytes for people."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.0f} kB" if size < _MB else f"{size / _MB:.1f} MB"


def describe(attachment: Attachment) -> str:
    """Write a kept file as the model reads it."""
    name = " ".join(attachment.filename.replace("[", "(").replace("]", ")").split())
    size = size_text(len(attachment.content or b""))
    return f"[file {attachment.id}: {name}, {attachment.media_type}, {size}]"


def _kind(spec: JsonObject | None) -> str | None:
    kind = spec.get("kind") if spec else None
    return kind if isinstance(kind, str) else None


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is either whole under its name or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _remove(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)


def _remove_orphans(folder: Path, known: set[str]) -> int:
    if not folder.is_dir():
        return 0
    removed = 0
    for path in folder.iterdir():
        if path.name not in known and path.stat().st_mtime < time.time() - _ORPHAN_AGE:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
