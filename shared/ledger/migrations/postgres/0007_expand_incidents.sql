-- What was found wrong outside, by comparing platforms with the ledger.

CREATE TABLE incidents (
    -- derived from the kind, the account and the platform's id: found again, it is the same
    id        UUID PRIMARY KEY,
    target    UUID NOT NULL,
    found_at  BIGINT NOT NULL,
    closed_at BIGINT,
    kind      TEXT NOT NULL,
    tenant    TEXT NOT NULL,
    channel   TEXT NOT NULL,
    account   TEXT NOT NULL,
    subject   TEXT NOT NULL,
    what      TEXT NOT NULL,
    -- as JSON; never holds a secret
    evidence  TEXT NOT NULL,
    closed_by TEXT,
    note      TEXT
);

CREATE INDEX incidents_found ON incidents (found_at, id);
CREATE INDEX incidents_open ON incidents (kind) WHERE closed_at IS NULL;

-- What is published, by account and time: to be compared with what the platform shows.
CREATE INDEX targets_out ON targets (channel, tenant, account, due_at) WHERE state = 6;
