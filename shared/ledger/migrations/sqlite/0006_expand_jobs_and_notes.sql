-- The operators' list by cause and account, by cause and post, and by post: each counted in the order of an index, and from it alone.
CREATE INDEX targets_causes ON targets (listed_group, tenant, channel, account, app, listed_at)
    WHERE listed_at IS NOT NULL;
CREATE INDEX targets_caused ON targets (listed_group, post) WHERE listed_at IS NOT NULL;
CREATE INDEX targets_needy ON targets (post) WHERE listed_at IS NOT NULL;

-- What is settled, by when it was due: to see what goes out while something fails. What waits costs nothing here.
CREATE INDEX targets_settled ON targets (due_at) WHERE wake_at IS NULL;

-- What somebody asked to be done to many targets of the operators' list. Times are milliseconds since the epoch.

CREATE TABLE jobs (
    -- UUIDv7: in the order of time
    id          BLOB NOT NULL PRIMARY KEY,
    at          INTEGER NOT NULL,
    ended_at    INTEGER,
    -- how many targets it is about, how many were changed, and how many were left as they are
    total       INTEGER NOT NULL,
    done        INTEGER NOT NULL,
    held_back   INTEGER NOT NULL,
    -- until when it belongs to its holder, and the how-manieth holder that is
    lease_until INTEGER,
    lease       INTEGER NOT NULL,
    holder      TEXT,
    state       TEXT NOT NULL,
    who         TEXT NOT NULL,
    tenant      TEXT,
    action      TEXT NOT NULL,
    reason      TEXT,
    -- as JSON
    selection   TEXT NOT NULL,
    terms       TEXT NOT NULL,
    -- why it ended before its time
    why         TEXT
) STRICT;

CREATE INDEX jobs_running ON jobs (id) WHERE state = 'running';
CREATE INDEX jobs_tenant ON jobs (tenant, id) WHERE tenant IS NOT NULL;

-- What a job is about, as it was when the job was begun.
CREATE TABLE job_targets (
    job       BLOB NOT NULL,
    target    BLOB NOT NULL,
    listed_at INTEGER NOT NULL,
    at        INTEGER,
    place     INTEGER NOT NULL,
    result    TEXT,
    why       TEXT,
    PRIMARY KEY (job, place)
) STRICT;

CREATE INDEX job_targets_open ON job_targets (job, place) WHERE result IS NULL;
CREATE INDEX job_targets_target ON job_targets (target, job);

-- What people want to be remembered of a cause, an account, a channel or an app.

CREATE TABLE notes (
    id      BLOB NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL,
    until   INTEGER,
    subject TEXT NOT NULL,
    tenant  TEXT,
    who     TEXT NOT NULL,
    text    TEXT NOT NULL
) STRICT;

CREATE INDEX notes_subject ON notes (subject);
