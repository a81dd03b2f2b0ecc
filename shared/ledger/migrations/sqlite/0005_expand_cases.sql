-- A case: from the moment when a target first needs a person until it is out or given up. What the time to resolve is counted from.

CREATE TABLE cases (
    target   BLOB NOT NULL,
    since    INTEGER NOT NULL,
    until    INTEGER,
    -- how often it was put on the operators' list
    listings INTEGER NOT NULL,
    -- how often somebody set it going again
    retries  INTEGER NOT NULL,
    -- the state that ended it
    ended    INTEGER,
    tenant   TEXT NOT NULL,
    channel  TEXT NOT NULL,
    account  TEXT NOT NULL,
    -- code, scope and platform code of the failure that it was listed for last
    cause    TEXT NOT NULL,
    -- why a person was needed first
    reason   TEXT NOT NULL,
    PRIMARY KEY (target, since)
) STRICT, WITHOUT ROWID;

CREATE INDEX cases_open ON cases (since) WHERE until IS NULL;
CREATE INDEX cases_since ON cases (since);
CREATE INDEX cases_until ON cases (until) WHERE until IS NOT NULL;

-- Each time that somebody set a target of the list going again.
CREATE TABLE retries (
    target  BLOB NOT NULL,
    at      INTEGER NOT NULL,
    tenant  TEXT NOT NULL,
    channel TEXT NOT NULL,
    account TEXT NOT NULL,
    cause   TEXT NOT NULL,
    PRIMARY KEY (target, at)
) STRICT, WITHOUT ROWID;

CREATE INDEX retries_at ON retries (at);

-- What was due when, for a period's figures. What just waits for its time is found by that, and costs nothing here.
CREATE INDEX targets_due ON targets (due_at) WHERE state <> 0 OR wake_at IS NULL OR wake_at <> due_at;
