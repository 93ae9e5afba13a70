"""The database's schema, as numbered steps; step n is `MIGRATIONS[n - 1]` and never changes once it was published."""

from typing import Final

MIGRATIONS: Final[tuple[str, ...]] = (
    # 1: the tables of design.md
    """
    CREATE TABLE turns (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        platform TEXT NOT NULL,
        conversation TEXT NOT NULL,
        channel TEXT NOT NULL,
        audience TEXT NOT NULL,
        author TEXT NOT NULL,
        message TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'received' CHECK (state IN ('received', 'running', 'answered', 'failed')),
        attempt INTEGER NOT NULL DEFAULT 0,
        forgotten INTEGER NOT NULL DEFAULT 0,
        received_at REAL NOT NULL,
        started_at REAL,
        closed_at REAL
    ) STRICT;
    CREATE INDEX turns_unfinished ON turns (id) WHERE state IN ('received', 'running');
    CREATE INDEX turns_of_channel ON turns (channel);

    CREATE TABLE steps (
        turn INTEGER NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        item TEXT NOT NULL,
        PRIMARY KEY (turn, number)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE outbox (
        turn INTEGER NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
        part INTEGER NOT NULL,
        text TEXT NOT NULL,
        files TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
        message_id TEXT,
        PRIMARY KEY (turn, part)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX outbox_waiting ON outbox (turn) WHERE state = 'waiting';

    CREATE TABLE memory (
        turn INTEGER PRIMARY KEY REFERENCES turns (id) ON DELETE CASCADE,
        conversation TEXT NOT NULL,
        channel TEXT NOT NULL,
        audience TEXT NOT NULL,
        items TEXT NOT NULL,
        text TEXT NOT NULL,
        tokens INTEGER NOT NULL,
        at REAL NOT NULL
    ) STRICT;
    CREATE INDEX memory_of_conversation ON memory (channel, conversation, turn);
    CREATE INDEX memory_of_channel ON memory (channel, turn);

    CREATE TABLE files (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        media_type TEXT NOT NULL,
        source TEXT NOT NULL CHECK (source IN ('received', 'made')),
        turn TEXT NOT NULL,
        conversation TEXT NOT NULL,
        channel TEXT NOT NULL,
        audience TEXT NOT NULL,
        owner TEXT NOT NULL,
        size INTEGER NOT NULL,
        alt TEXT NOT NULL,
        kind TEXT,
        spec TEXT,
        created_at REAL NOT NULL,
        expires_at REAL NOT NULL
    ) STRICT;
    CREATE INDEX files_of_channel ON files (channel, created_at);
    CREATE INDEX files_expiry ON files (expires_at);
    """,
    # 2: turns that were given up for now or asked for again, parts that open an answer, how far channels have been read
    """
    ALTER TABLE turns ADD COLUMN parked_at REAL;
    ALTER TABLE turns ADD COLUMN retry_at REAL;
    ALTER TABLE turns ADD COLUMN reason TEXT NOT NULL DEFAULT '';
    CREATE INDEX turns_failed ON turns (id) WHERE state = 'failed';
    CREATE INDEX turns_parked ON turns (id) WHERE parked_at IS NOT NULL;
    CREATE INDEX turns_retried ON turns (id) WHERE retry_at IS NOT NULL;
    ALTER TABLE outbox ADD COLUMN opens INTEGER NOT NULL DEFAULT 0;
    UPDATE outbox SET opens = 1 WHERE part = 0;
    CREATE INDEX outbox_failed ON outbox (turn) WHERE state = 'failed';

    CREATE TABLE cursors (
        platform TEXT NOT NULL,
        channel TEXT NOT NULL,
        position TEXT NOT NULL,
        PRIMARY KEY (platform, channel)
    ) STRICT, WITHOUT ROWID;
    """,
    # 3: what shows an answer that is being made or replaced, wishes about a turn, what answers cost, who talks where
    """
    ALTER TABLE turns ADD COLUMN shown TEXT NOT NULL DEFAULT '';
    ALTER TABLE turns ADD COLUMN wish TEXT NOT NULL DEFAULT '' CHECK (wish IN ('', 'stop', 'again', 'remove'));
    ALTER TABLE turns ADD COLUMN wished_by TEXT NOT NULL DEFAULT '';
    ALTER TABLE turns ADD COLUMN revision TEXT NOT NULL DEFAULT '';
    ALTER TABLE turns ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX turns_shown ON turns (id) WHERE shown <> '';
    CREATE INDEX turns_wished ON turns (id) WHERE wish <> '';
    CREATE INDEX turns_of_conversation ON turns (conversation, id);
    CREATE INDEX files_of_turn ON files (turn);

    CREATE TABLE outbox_3 (
        turn INTEGER NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
        part INTEGER NOT NULL,
        text TEXT NOT NULL,
        files TEXT NOT NULL,
        controls TEXT NOT NULL DEFAULT '[]',
        opens INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed', 'withdrawn')),
        message_id TEXT,
        PRIMARY KEY (turn, part)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO outbox_3 (turn, part, text, files, opens, state, message_id)
        SELECT turn, part, text, files, opens, state, message_id FROM outbox;
    DROP TABLE outbox;
    ALTER TABLE outbox_3 RENAME TO outbox;
    CREATE INDEX outbox_waiting ON outbox (turn) WHERE state = 'waiting';
    CREATE INDEX outbox_failed ON outbox (turn) WHERE state = 'failed';
    CREATE INDEX outbox_message ON outbox (message_id) WHERE message_id <> '';

    CREATE TABLE usage (
        turn INTEGER PRIMARY KEY REFERENCES turns (id) ON DELETE CASCADE,
        platform TEXT NOT NULL,
        person TEXT NOT NULL,
        at REAL NOT NULL,
        calls INTEGER NOT NULL,
        input INTEGER NOT NULL,
        cached INTEGER NOT NULL,
        output INTEGER NOT NULL,
        cost REAL NOT NULL,
        report TEXT NOT NULL
    ) STRICT;
    CREATE INDEX usage_of_person ON usage (platform, person, at);

    CREATE TABLE feedback (
        turn INTEGER NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
        person TEXT NOT NULL,
        value TEXT NOT NULL CHECK (value IN ('good', 'bad')),
        at REAL NOT NULL,
        PRIMARY KEY (turn, person)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE company (
        conversation TEXT NOT NULL,
        person TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (conversation, person)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE channels (
        channel TEXT PRIMARY KEY,
        follow INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
)
