-- Every process, as it said of itself last. A clean stop removes its row; one that is silent for a day is forgotten.

CREATE TABLE processes (
    id      BLOB PRIMARY KEY,
    -- by the ledger's clock, in milliseconds since the epoch
    seen_at INTEGER NOT NULL,
    -- as JSON
    body    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX processes_seen ON processes (seen_at);

-- A target that waited when its job was begun: the revision that it had. Its listed_at is 0, and no moment at which anything was listed.
ALTER TABLE job_targets ADD COLUMN revision INTEGER;
