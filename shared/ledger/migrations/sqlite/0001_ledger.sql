-- Times are milliseconds since the epoch. States are numbered as domain::State::ALL.

CREATE TABLE posts (
    id          BLOB NOT NULL PRIMARY KEY,
    -- derived from the tenant and its idempotency key: an index over 16 bytes instead of both
    request     BLOB NOT NULL UNIQUE,
    -- the first half of the hash of the request's body
    fingerprint BLOB NOT NULL,
    accepted_at INTEGER NOT NULL,
    -- derived from the content
    print       INTEGER NOT NULL,
    revision    INTEGER NOT NULL,
    tenant      TEXT NOT NULL,
    key         TEXT NOT NULL,
    content     TEXT NOT NULL,
    answer      TEXT NOT NULL
) STRICT;

CREATE INDEX posts_print ON posts (print);

CREATE TABLE targets (
    id           BLOB NOT NULL PRIMARY KEY,
    post         BLOB NOT NULL,
    hash         BLOB NOT NULL,
    due_at       INTEGER NOT NULL,
    deadline     INTEGER,
    next_at      INTEGER,
    wake_at      INTEGER,
    listed_at    INTEGER,
    revision     INTEGER NOT NULL,
    attempt      INTEGER NOT NULL,
    state        INTEGER NOT NULL,
    tries        INTEGER NOT NULL,
    tenant       TEXT NOT NULL,
    channel      TEXT NOT NULL,
    account      TEXT NOT NULL,
    app          TEXT,
    trace        TEXT,
    listed_group TEXT,
    -- what the target changes of its post's content, as JSON
    changes      TEXT,
    -- what a target that just waits does not have: lease, handles, proofs and the like, as JSON
    progress     TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX targets_post ON targets (post);
-- Waiting for their time.
CREATE INDEX targets_waiting ON targets (wake_at) WHERE state IN (0, 4);
-- The same, for taking turns.
CREATE INDEX targets_turns ON targets (channel, tenant, wake_at) WHERE state IN (0, 4);
-- On their way: woken only if nobody else acts.
CREATE INDEX targets_moving ON targets (wake_at) WHERE state NOT IN (0, 4) AND wake_at IS NOT NULL;
CREATE INDEX targets_queued ON targets (channel) WHERE state = 1;
CREATE INDEX targets_held ON targets (id) WHERE state = 8;
CREATE INDEX targets_listed ON targets (listed_at, id) WHERE listed_at IS NOT NULL;

CREATE TABLE attempts (
    target   BLOB NOT NULL,
    number   INTEGER NOT NULL,
    began_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    outcome  TEXT NOT NULL,
    worker   TEXT NOT NULL,
    failure  TEXT,
    PRIMARY KEY (target, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    id   BLOB NOT NULL PRIMARY KEY,
    at   INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE INDEX outbox_at ON outbox (at);

CREATE TABLE pauses (
    scope  TEXT NOT NULL PRIMARY KEY,
    body   TEXT NOT NULL,
    -- it holds nothing back any more, and what it held is being released
    ending INTEGER NOT NULL DEFAULT FALSE
) STRICT;

-- Platform ids that are taken. The mark is derived from the account and the id.
CREATE TABLE marks (
    mark   BLOB NOT NULL PRIMARY KEY,
    target BLOB NOT NULL
) STRICT, WITHOUT ROWID;
