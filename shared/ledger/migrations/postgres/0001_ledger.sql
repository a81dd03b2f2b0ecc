-- Times are milliseconds since the epoch. States are numbered as domain::State::ALL.

CREATE TABLE posts (
    id          UUID PRIMARY KEY,
    -- derived from the tenant and its idempotency key: an index over 16 bytes instead of both
    request     UUID NOT NULL UNIQUE,
    -- the first half of the hash of the request's body
    fingerprint UUID NOT NULL,
    accepted_at BIGINT NOT NULL,
    -- derived from the content
    print       BIGINT NOT NULL,
    revision    INTEGER NOT NULL,
    tenant      TEXT NOT NULL,
    key         TEXT NOT NULL,
    content     TEXT NOT NULL,
    answer      TEXT NOT NULL
);

CREATE INDEX posts_print ON posts (print);

CREATE TABLE targets (
    id           UUID PRIMARY KEY,
    post         UUID NOT NULL,
    hash         UUID NOT NULL,
    due_at       BIGINT NOT NULL,
    deadline     BIGINT,
    next_at      BIGINT,
    wake_at      BIGINT,
    listed_at    BIGINT,
    revision     INTEGER NOT NULL,
    attempt      INTEGER NOT NULL,
    state        SMALLINT NOT NULL,
    tries        SMALLINT NOT NULL,
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
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

CREATE INDEX targets_post ON targets (post);
-- Waiting for their time: in order of time, and the same for each tenant of each channel so that tenants can take turns.
CREATE INDEX targets_waiting ON targets (wake_at) WHERE state IN (0, 4);
CREATE INDEX targets_turns ON targets (channel, tenant, wake_at) WHERE state IN (0, 4);
-- On their way: woken only if nobody else acts.
CREATE INDEX targets_moving ON targets (wake_at) WHERE state NOT IN (0, 4) AND wake_at IS NOT NULL;
CREATE INDEX targets_queued ON targets (channel) WHERE state = 1;
CREATE INDEX targets_held ON targets (id) WHERE state = 8;
CREATE INDEX targets_listed ON targets (listed_at, id) WHERE listed_at IS NOT NULL;

CREATE TABLE attempts (
    target   UUID NOT NULL,
    number   INTEGER NOT NULL,
    began_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    kind     TEXT NOT NULL,
    outcome  TEXT NOT NULL,
    worker   TEXT NOT NULL,
    failure  TEXT,
    PRIMARY KEY (target, number)
);

CREATE TABLE outbox (
    id   UUID PRIMARY KEY,
    at   BIGINT NOT NULL,
    body TEXT NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05);

CREATE INDEX outbox_at ON outbox (at);

CREATE TABLE pauses (
    scope  TEXT PRIMARY KEY,
    body   TEXT NOT NULL,
    -- it holds nothing back any more, and what it held is being released
    ending BOOLEAN NOT NULL DEFAULT FALSE
);

-- Platform ids that are taken. The mark is derived from the account and the id.
CREATE TABLE marks (
    mark   UUID PRIMARY KEY,
    target UUID NOT NULL
);
