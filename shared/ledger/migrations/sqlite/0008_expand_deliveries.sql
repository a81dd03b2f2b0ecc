-- Events on their way to hooks, made by the transaction that marks an event as told.

CREATE TABLE deliveries (
    event   BLOB NOT NULL,
    hook    TEXT NOT NULL,
    post    BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    -- when it was made, or replayed last
    since   INTEGER NOT NULL,
    -- when it is tried next, or its lease ends; none once it is done
    due_at  INTEGER,
    -- the newest attempt's number
    attempt INTEGER NOT NULL,
    -- how many attempts were begun since then
    tries   INTEGER NOT NULL,
    state   TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (event, hook)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_due ON deliveries (hook, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_hook ON deliveries (hook, made_at);
CREATE INDEX deliveries_made ON deliveries (made_at);
CREATE INDEX deliveries_post ON deliveries (post);

CREATE TABLE delivery_attempts (
    event  BLOB NOT NULL,
    hook   TEXT NOT NULL,
    number INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    millis INTEGER NOT NULL,
    -- the HTTP status; none if there was no answer
    status INTEGER,
    why    TEXT,
    PRIMARY KEY (event, hook, number),
    FOREIGN KEY (event, hook) REFERENCES deliveries (event, hook) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
