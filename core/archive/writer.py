"""Writing an archive: everything that is stored, row by row, always in the same order."""

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

from core import disk
from core.archive import lines
from core.archive.lines import Line
from core.errors import OperatorError
from core.items import load_items
from core.messages import Message, load_message
from core.reports import load_report
from core.store.migrations import MIGRATIONS

log = logging.getLogger("steward.archive")

_SECRET: Final = ("_token", "_url")
"""How the names of an `origin` end that let anybody act who has what they stand for."""

_FOUND: Final = (
    "(SELECT json_group_array(text) FROM (SELECT text FROM passages WHERE kind = '{kind}' AND ref = {ref} ORDER BY id))"
    " AS found"
)

_TURNS: Final = f"""
SELECT id, key, platform, turns.conversation, turns.channel, turns.audience, author, received_at,
    coalesce(closed_at, received_at) AS closed_at, removed,
    CASE WHEN forgotten OR wish = 'remove' THEN '' ELSE message END AS message, items, tokens, memory.at,
    (SELECT json_group_array(json_array(text, json(files), coalesce(message_id, ''))) FROM
        (SELECT text, files, message_id FROM outbox WHERE turn = turns.id AND state = 'sent' ORDER BY part)) AS answer,
    {_FOUND.format(kind="turn", ref="CAST(turns.id AS TEXT)")}
FROM turns LEFT JOIN memory ON memory.turn = turns.id WHERE state IN ('answered', 'failed') ORDER BY id
"""  # noqa: S608  # constants

_USAGE: Final = """
SELECT key AS turn, usage.platform, person, at, calls, input, cached, output, cost, report FROM usage
JOIN turns ON turns.id = turn WHERE state IN ('answered', 'failed') ORDER BY turns.id
"""

_FEEDBACK: Final = """
SELECT key AS turn, person, value, at FROM feedback JOIN turns ON turns.id = turn WHERE state IN ('answered', 'failed')
ORDER BY turns.id, person
"""

_LATEST: Final = (  # as `core.summaries.ref` writes it; of the versions of a summary only the latest is found
    "place || ' ' || made.audience AND made.upto = (SELECT max(upto) FROM summaries"
    " WHERE place = made.place AND audience = made.audience)"
)

# up to the last turn that is there of those it was made of; where two come to the same, the later one
_SUMMARIES: Final = f"""
SELECT place, channel, audience, upto, text, tokens, at, found FROM (
    SELECT place, made.channel, made.audience, turns.key AS upto, max(made.upto), text, tokens, at, last,
        {_FOUND.format(kind="summary", ref=_LATEST)}
    FROM (SELECT *, (SELECT max(id) FROM turns WHERE id <= upto AND state IN ('answered', 'failed')) AS last
        FROM summaries) AS made
    JOIN turns ON turns.id = last GROUP BY place, made.audience, last
) ORDER BY place, audience, last
"""  # noqa: S608  # constants

_FACTS: Final = f"""
SELECT text, facts.conversation, facts.channel, facts.audience, facts.author, author_name, key AS turn, link,
    created_at, changed_at, editor, editor_name, {_FOUND.format(kind="fact", ref="CAST(facts.id AS TEXT)")}
FROM facts LEFT JOIN turns ON turns.id = turn AND state IN ('answered', 'failed') ORDER BY facts.id
"""  # noqa: S608  # constants

_FILES: Final = f"""
SELECT id, name, media_type, source, turn, conversation, channel, audience, owner, alt, kind, spec, created_at,
    expires_at, {_FOUND.format(kind="file", ref="files.id")}
FROM files ORDER BY created_at, id
"""  # noqa: S608  # constants

_Reader: TypeAlias = Callable[[sqlite3.Row], Line | None]


def write(source: sqlite3.Connection, files: Path, *, at: float) -> Iterator[bytes]:
    """Yield the lines of an archive.

    What is being answered is left out, as are files that are gone. What cannot be read of a turn is logged, and
    left out as if it were forgotten.

    Args:
        source: the database, as `core.store.snapshot` opens it.
        files: the folder of the files.
        at: when this is, in seconds since 1970.

    Raises `sqlite3.Error` where the database cannot be read.

    Raises:
        OperatorError: a file cannot be read.
    """
    yield lines.dump_header(lines.Header(format=lines.FORMAT, version=lines.VERSION, schema=len(MIGRATIONS), at=at))

    def file(row: sqlite3.Row) -> Line | None:
        try:
            content = disk.read(files / row["id"])
        except OSError as error:
            raise OperatorError(f"The file {files / row['id']} cannot be read: {error.strerror}.") from error
        return None if content is None else _file(row, content)

    readers: tuple[tuple[str, _Reader], ...] = (
        ("SELECT channel, name, value, by, by_name, at FROM settings ORDER BY channel, name", _setting),
        ("SELECT account, person, name, at FROM accounts ORDER BY account", _account),
        (_TURNS, _turn),
        (_USAGE, _usage),
        (_FEEDBACK, _feedback),
        (_SUMMARIES, _summary),
        (_FACTS, _fact),
        (_FILES, file),
    )
    count = 0
    for sql, reader in readers:
        for row in source.execute(sql):
            if line := reader(row):
                count += 1
                yield lines.dump(line)
    yield lines.dump(lines.End(lines=count))


def _setting(row: sqlite3.Row) -> Line:
    return lines.Setting(**dict(row))


def _account(row: sqlite3.Row) -> Line:
    return lines.Account(**dict(row))


def _turn(row: sqlite3.Row) -> Line:
    message = _message(row)
    return lines.Turn(
        key=row["key"],
        platform=row["platform"],
        conversation=row["conversation"],
        channel=row["channel"],
        audience=row["audience"],
        author=row["author"],
        received_at=row["received_at"],
        closed_at=row["closed_at"],
        message=message,
        answer=_answer(row) if message else (),
        memory=_memory(row) if message else None,
        removed=bool(row["removed"]),
        found=_found(row) if message else (),
    )


def _message(row: sqlite3.Row) -> Message | None:
    if not row["message"]:
        return None
    try:
        message = load_message(row["message"])
    except ValueError:
        log.error("turn %d cannot be read", row["id"])
        return None
    return replace(
        message,
        origin={name: value for name, value in message.origin.items() if not name.endswith(_SECRET)},
        attachments=tuple(replace(each, source=None) for each in message.attachments),
    )


def _answer(row: sqlite3.Row) -> tuple[lines.Part, ...]:
    parts: list[tuple[str, list[str], str]] = json.loads(row["answer"])
    return tuple(lines.Part(text=text, files=tuple(files), message_id=sent) for text, files, sent in parts)


def _memory(row: sqlite3.Row) -> lines.Memory | None:
    if row["items"] is None:
        return None
    try:
        items = load_items(row["items"])
    except ValueError:
        log.error("what turn %d said cannot be read", row["id"])
        return None
    return lines.Memory(items=tuple(items), tokens=row["tokens"], at=row["at"])


def _usage(row: sqlite3.Row) -> Line:
    return lines.Usage(**{**dict(row), "report": load_report(row["report"]) if row["report"] else None})


def _feedback(row: sqlite3.Row) -> Line:
    return lines.Feedback(**dict(row))


def _summary(row: sqlite3.Row) -> Line:
    return lines.Summary(**{**dict(row), "found": _found(row)})


def _fact(row: sqlite3.Row) -> Line:
    return lines.Fact(**{**dict(row), "found": _found(row)})


def _file(row: sqlite3.Row, content: bytes) -> Line:
    spec = json.loads(row["spec"]) if row["spec"] else None
    return lines.File(**{**dict(row), "spec": spec, "found": _found(row), "content": content})


def _found(row: sqlite3.Row) -> tuple[str, ...]:
    return tuple(json.loads(row["found"]))
