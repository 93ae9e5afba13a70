"""A database that an earlier Steward wrote goes on to be used: what waits is sent, what was sent can be replaced."""

import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from core.messages import dump_message
from core.store.migrations import MIGRATIONS
from tests.house import house
from tests.scripted import ScriptedModel, message, says
from tests.test_desk import Board, on

QUESTION = message("first", id="test/C1/first")


def write_schema_2(path: Path) -> None:
    """Write an answered turn with a part in each state."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript("".join(MIGRATIONS[:2]) + "PRAGMA user_version = 2;")
        place = QUESTION.conversation
        connection.execute(
            "INSERT INTO turns (key, platform, conversation, channel, audience, author, message, state, attempt,"
            " received_at, closed_at) VALUES (?, 'test', ?, ?, ?, 'U1', ?, 'answered', 1, 1.0, 2.0)",
            (QUESTION.id, place.key, place.channel_key, QUESTION.audience.key, dump_message(QUESTION)),
        )
        connection.executemany(
            "INSERT INTO outbox (turn, part, text, files, opens, state, message_id) VALUES (1, ?, ?, '[]', ?, ?, ?)",
            [
                (0, "sent before", 1, "sent", "old"),
                (1, "refused before", 0, "failed", None),
                (2, "waits", 0, "waiting", None),
            ],
        )
        connection.commit()


@pytest.fixture
def board() -> Board:
    board = Board()
    board.standing["old"] = "sent before"
    return board


async def test_a_part_that_waited_before_the_update_is_sent_after_it(tmp_path: Path, board: Board) -> None:
    write_schema_2(tmp_path / "steward.db")
    async with house(tmp_path, ScriptedModel(), outlet=board) as steward:
        await steward.turns.idle()
        assert on(board) == ["sent before", "waits"]
        rows = await steward.store.fetch("SELECT text, state, opens FROM outbox ORDER BY part")
        assert [tuple(row) for row in rows] == [
            ("sent before", "sent", 1),
            ("refused before", "failed", 0),
            ("waits", "sent", 0),
        ]


async def test_an_answer_from_before_the_update_is_replaced_and_removed_as_a_whole(
    tmp_path: Path, board: Board
) -> None:
    write_schema_2(tmp_path / "steward.db")
    async with house(tmp_path, ScriptedModel(says("two")), outlet=board) as steward:
        await steward.turns.idle()
        assert await steward.desk.edited(replace(QUESTION, text="second"))
        await steward.turns.idle()
        assert board.standing == {"old": "two"}
        assert await steward.desk.deleted(QUESTION.id)
        await steward.turns.idle()
        assert on(board) == []
