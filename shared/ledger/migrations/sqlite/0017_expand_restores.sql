-- Of which time the ledger has lost the history. One row. A file that was put back cannot be told from one that never went away.

CREATE TABLE restores (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    -- always empty here
    origin        TEXT,
    -- the last gap, in milliseconds since the epoch
    gap_since     INTEGER,
    gap_until     INTEGER,
    -- until then a post without a time of its own may be one that was accepted in the gap
    repeats_until INTEGER
) STRICT;

INSERT INTO restores (id) VALUES (1);
