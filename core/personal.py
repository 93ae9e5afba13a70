"""Personal data: everything that is kept about one person, as a file for them."""

import asyncio
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from pydantic import JsonValue

from core.files import Files
from core.items import Answer, load_items
from core.messages import Attachment, JsonObject, load_message
from core.store import Row, Store

LARGEST: Final = 8_000_000
"""Bytes of the file: what every platform takes."""

_ROOM: Final = 1_000_000
_OF_THEM: Final = "platform || '/' || author IN (SELECT value FROM json_each(?))"


class Personal:
    """Collects what is kept about people."""

    def __init__(self, store: Store, files: Files) -> None:
        self._store = store
        self._files = files

    async def file(self, accounts: frozenset[str]) -> tuple[Attachment, int]:
        """Return an archive with everything that is kept about who has these accounts, and how many files it lacks.

        The archive (ZIP) holds `data.json`, and the files with their content as far as there is room.
        """
        who = json.dumps(sorted(accounts))
        kept = await self._kept(who)
        data: JsonObject = {
            "accounts": [*sorted(accounts)],
            "turns": [_turn(row) for row in await self._turns(who)],
            "files": [_file(row) for row in kept],
            "facts": await self._rows(
                "SELECT id, text, channel, link, created_at, changed_at FROM facts"
                " WHERE author IN (SELECT value FROM json_each(?)) ORDER BY id",
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
        contents, left_out = await self._contents(kept)
        archive = await asyncio.to_thread(_archive, data, contents)
        return Attachment(filename="steward-data.zip", media_type="application/zip", content=archive), left_out

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
        return [dict(row) for row in await self._store.fetch(sql, (who,))]

    async def _contents(self, kept: Sequence[Row]) -> tuple[dict[str, bytes], int]:
        """Return the contents of the newest files for which there is room, by name, and how many have none."""
        contents: dict[str, bytes] = {}
        room = LARGEST - _ROOM
        for row in kept:
            if row["size"] > room:
                continue
            content = await self._files.content(row["id"])
            if content is not None:
                contents[f"files/{row['id']}"] = content
                room -= len(content)
        return contents, len(kept) - len(contents)


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
    return {**dict(row), "created_at": _time(row["created_at"]), "expires_at": _time(row["expires_at"])}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _archive(data: JsonObject, contents: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(data, indent=2, ensure_ascii=False))
        for name, content in contents.items():
            archive.writestr(name, content)
    return written.getvalue()
