"""Personal data: everything that is kept about one person, as a file for them."""

import asyncio
import io
import json
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pydantic import JsonValue

from core.files import Files
from core.items import Answer, load_items
from core.messages import Attachment, JsonObject, load_message
from core.store import Row, Store

LARGEST: Final = 8_000_000
"""Bytes of the file: what every platform takes."""

_ENTRY: Final = 300
"""Bytes that an entry of the archive takes besides its content, at the most."""

_OF_THEM: Final = "platform || '/' || author IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What is kept about a person.

    Attributes:
        archive: a ZIP with `data.json`, and under `files/` the content of files, by id.
        turns: how many turns had no room in it; the oldest.
        files: how many files have no content in it, because there was no room or they are gone.
    """

    archive: Attachment
    turns: int = 0
    files: int = 0


class Personal:
    """Collects what is kept about people.

    Args:
        largest: bytes of an archive.
    """

    def __init__(self, store: Store, files: Files, *, largest: int = LARGEST) -> None:
        self._store = store
        self._files = files
        self._largest = largest

    async def collect(self, accounts: frozenset[str]) -> Collected:
        """Collect everything that is kept about who has these accounts, the newest as far as there is room."""
        who = json.dumps(sorted(accounts))
        kept = await self._kept(who)
        data: JsonObject = {
            "accounts": [*sorted(accounts)],
            "files": [_file(row) for row in kept],
            "facts": await self._rows(
                "SELECT id, text, channel, link, created_at, changed_at, editor_name AS changed_by FROM facts"
                " WHERE author IN (SELECT value FROM json_each(?)) ORDER BY id",
                who,
            ),
            "cached": await self._rows(
                "SELECT channel, result, at, expires_at FROM cache WHERE turn IN"  # noqa: S608  # a constant
                f" (SELECT id FROM turns WHERE {_OF_THEM}) ORDER BY at",
                who,
            ),
            "feedback": await self._rows(
                "SELECT turn, value, at FROM feedback WHERE (SELECT platform FROM turns WHERE id = turn) || '/' ||"
                " person IN (SELECT value FROM json_each(?)) ORDER BY at",
                who,
            ),
            "usage": await self._rows(
                "SELECT turn, at, calls, input, cached, output, cost FROM usage"
                " WHERE platform || '/' || person IN (SELECT value FROM json_each(?)) ORDER BY at",
                who,
            ),
            "settings": await self._rows(
                "SELECT channel, name, value, at FROM settings"
                " WHERE by IN (SELECT value FROM json_each(?)) ORDER BY at",
                who,
            ),
            "linked": await self._rows(
                "SELECT account, at FROM accounts WHERE account IN (SELECT value FROM json_each(?)) ORDER BY at", who
            ),
            "heard": await self._rows(
                "SELECT conversation, at FROM company WHERE substr(conversation, 1, instr(conversation, '/')) || person"
                " IN (SELECT value FROM json_each(?)) ORDER BY at",
                who,
            ),
        }
        turns = [_turn(row) for row in await self._turns(who)]
        written, left_out = await asyncio.to_thread(_fitted, data, turns, self._largest - 2 * _ENTRY)
        contents = await self._contents(kept, self._largest - len(zlib.compress(written)) - 2 * _ENTRY)
        archive = await asyncio.to_thread(_archive, written, contents)
        return Collected(
            archive=Attachment(filename="steward-data.zip", media_type="application/zip", content=archive),
            turns=left_out,
            files=len(kept) - len(contents),
        )

    async def _turns(self, who: str) -> list[Row]:
        return await self._store.fetch(
            "SELECT turns.id, message, conversation, received_at, closed_at,"  # noqa: S608  # a constant
            " (SELECT items FROM memory WHERE turn = turns.id) AS items,"
            " (SELECT group_concat(text, char(10)) FROM outbox WHERE turn = turns.id) AS sent"
            f" FROM turns WHERE {_OF_THEM} AND message <> '' ORDER BY id",
            (who,),
        )

    async def _kept(self, who: str) -> list[Row]:
        return await self._store.fetch(
            "SELECT id, name, media_type, source, channel, size, alt, created_at, expires_at FROM files"
            " WHERE substr(channel, 1, instr(channel, '/')) || owner IN (SELECT value FROM json_each(?))"
            " ORDER BY created_at DESC",
            (who,),
        )

    async def _rows(self, sql: str, who: str) -> list[JsonValue]:
        rows = [dict(row) for row in await self._store.fetch(sql, (who,))]
        return [{name: _time(of) if name.endswith("at") else of for name, of in row.items()} for row in rows]

    async def _contents(self, kept: Sequence[Row], room: int) -> dict[str, bytes]:
        """Return the contents of the newest files for which there is room, by name."""
        contents: dict[str, bytes] = {}
        for row in kept:
            if row["size"] + _ENTRY > room:
                continue
            content = await self._files.content(row["id"])
            if content is not None:
                contents[f"files/{row['id']}-{_safe(row['name'])}"] = content
                room -= _ENTRY + len(content)
        return contents


def _turn(row: Row) -> JsonObject:
    message = load_message(row["message"])
    answers = [item.text for item in load_items(row["items"]) if isinstance(item, Answer)] if row["items"] else []
    return {
        "number": row["id"],
        "where": row["conversation"],
        "link": message.link,
        "name": message.author.name,
        "asked": message.text,
        "files": [attachment.filename for attachment in message.attachments],
        "asked_at": _time(row["received_at"]),
        "answered": answers[-1] if answers else row["sent"] or "",
        "answered_at": _time(row["closed_at"]) if row["closed_at"] else None,
    }


def _file(row: Row) -> JsonObject:
    return {
        **dict(row),
        "in": f"files/{row['id']}-{_safe(row['name'])}",
        "created_at": _time(row["created_at"]),
        "expires_at": _time(row["expires_at"]),
    }


def _safe(name: str) -> str:
    """Return a name that is one in every file system."""
    plain = re.sub(r"[^\w.() -]", "_", name)[-80:].strip(". ")
    return plain or "file"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _fitted(data: JsonObject, turns: Sequence[JsonObject], room: int) -> tuple[bytes, int]:
    """Write everything as JSON, with so many of the turns that it has room when compressed; return how many are not."""
    kept = len(turns)
    while True:
        whole = {**data, "turns": [*turns[len(turns) - kept :]]}
        written = json.dumps(whole, indent=2, ensure_ascii=False).encode()
        if not kept or len(zlib.compress(written)) <= room:
            return written, len(turns) - kept
        kept = kept * 3 // 4


def _archive(written: bytes, contents: dict[str, bytes]) -> bytes:
    archived = io.BytesIO()
    with zipfile.ZipFile(archived, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", written)
        for name, content in contents.items():
            archive.writestr(name, content)
    return archived.getvalue()
