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
    # 4: what can be found by words, summaries, facts, settings of channels, linked accounts, cached results.
    # Parts of the index are merged by `core.store.upkeep`, and by a write only where that is far behind.
    # https://www.sqlite.org/fts5.html#the_automerge_configuration_option
    """
    CREATE TABLE scopes (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE
    ) STRICT;

    CREATE TABLE passages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL CHECK (kind IN ('turn', 'summary', 'fact', 'file')),
        ref TEXT NOT NULL,
        conversation TEXT NOT NULL,
        channel TEXT NOT NULL,
        audience TEXT NOT NULL,
        link TEXT NOT NULL,
        text TEXT NOT NULL,
        terms TEXT,
        at REAL NOT NULL
    ) STRICT;
    CREATE INDEX passages_of_ref ON passages (kind, ref);
    CREATE INDEX passages_of_channel ON passages (channel, audience);
    CREATE INDEX passages_of_audience ON passages (audience);
    CREATE VIRTUAL TABLE found USING fts5 (
        text, scope, content = '', columnsize = 0, detail = column, tokenize = 'unicode61 remove_diacritics 2'
    );
    INSERT INTO found (found, rank) VALUES ('automerge', 0);
    INSERT INTO found (found, rank) VALUES ('crisismerge', 128);
    CREATE TABLE vectors (
        passage INTEGER PRIMARY KEY REFERENCES passages (id) ON DELETE CASCADE,
        vector BLOB NOT NULL
    ) STRICT;

    INSERT INTO scopes (key) SELECT channel FROM memory UNION SELECT audience FROM memory;
    INSERT INTO passages (kind, ref, conversation, channel, audience, link, text, terms, at)
        SELECT 'turn', turn, conversation, channel, audience, '', text, NULL, at FROM memory WHERE text <> ''
        ORDER BY turn;
    INSERT INTO found (rowid, text, scope)
        SELECT id, text, (
            SELECT group_concat('s' || scopes.id || ' s' || scopes.id || 'x' || (passages.id / 65536), ' ') FROM scopes
            WHERE key IN (channel, audience)
        ) FROM passages;
    ALTER TABLE memory DROP COLUMN text;
    DROP INDEX memory_of_conversation;
    DROP INDEX memory_of_channel;
    CREATE INDEX memory_of_conversation ON memory (channel, conversation, audience, turn);
    CREATE INDEX memory_of_channel ON memory (channel, audience, turn);

    CREATE TABLE summaries (
        place TEXT NOT NULL,
        audience TEXT NOT NULL,
        upto INTEGER NOT NULL,
        channel TEXT NOT NULL,
        text TEXT NOT NULL,
        tokens INTEGER NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (place, audience, upto)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX summaries_of_channel ON summaries (channel);

    CREATE TABLE facts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        text TEXT NOT NULL,
        conversation TEXT NOT NULL,
        channel TEXT NOT NULL,
        audience TEXT NOT NULL,
        author TEXT NOT NULL,
        author_name TEXT NOT NULL,
        turn INTEGER,
        link TEXT NOT NULL,
        created_at REAL NOT NULL,
        changed_at REAL NOT NULL,
        editor TEXT NOT NULL DEFAULT '',
        editor_name TEXT NOT NULL DEFAULT ''
    ) STRICT;
    CREATE INDEX facts_of_channel ON facts (channel, id);
    CREATE INDEX facts_of_author ON facts (author);
    CREATE INDEX facts_of_turn ON facts (turn);

    CREATE TABLE settings (
        channel TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        by TEXT NOT NULL,
        by_name TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (channel, name)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO settings (channel, name, value, by, by_name, at)
        SELECT channel, 'follow', CASE follow WHEN 0 THEN 'off' ELSE 'on' END, '', '', unixepoch() FROM channels;
    DROP TABLE channels;

    CREATE TABLE accounts (
        account TEXT PRIMARY KEY,
        person TEXT NOT NULL,
        name TEXT NOT NULL,
        at REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX accounts_of_person ON accounts (person);
    CREATE TABLE codes (
        digest TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        name TEXT NOT NULL,
        expires_at REAL NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE cache (
        key TEXT PRIMARY KEY,
        channel TEXT NOT NULL,
        audience TEXT NOT NULL,
        turn INTEGER NOT NULL,
        result TEXT NOT NULL,
        at REAL NOT NULL,
        expires_at REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX cache_of_turn ON cache (turn);
    CREATE INDEX cache_expiry ON cache (expires_at);

    CREATE TABLE chores (
        name TEXT PRIMARY KEY,
        since REAL NOT NULL,
        times INTEGER NOT NULL DEFAULT 1
    ) STRICT, WITHOUT ROWID;
    INSERT INTO chores (name, since) VALUES ('scrub', unixepoch());

    ALTER TABLE turns ADD COLUMN unremembered INTEGER NOT NULL DEFAULT 0;
    UPDATE turns SET author = '', audience = '' WHERE message = '';
    CREATE INDEX turns_unremembered ON turns (closed_at) WHERE unremembered > 0 AND message <> '';
    CREATE INDEX turns_leaving ON turns (id) WHERE forgotten > 0 AND message <> '';
    CREATE INDEX feedback_of_person ON feedback (person);
    CREATE INDEX company_of_person ON company (person);
    CREATE INDEX turns_of_author ON turns (platform, author);
    CREATE INDEX turns_of_audience ON turns (channel, audience);
    CREATE INDEX turns_of_age ON turns (received_at) WHERE message <> '';
    CREATE INDEX turns_forgotten ON turns (closed_at) WHERE message = '';
    CREATE INDEX files_of_owner ON files (owner);
    """,
)
