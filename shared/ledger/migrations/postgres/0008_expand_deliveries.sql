-- Events on their way to hooks, made by the transaction that marks an event as told.

CREATE TABLE deliveries (
    event   UUID NOT NULL,
    hook    TEXT NOT NULL,
    post    UUID NOT NULL,
    made_at BIGINT NOT NULL,
    -- when it was made, or replayed last
    since   BIGINT NOT NULL,
    -- when it is tried next, or its lease ends; none once it is done
    due_at  BIGINT,
    -- the newest attempt's number
    attempt INTEGER NOT NULL,
    -- how many attempts were begun since then
    tries   INTEGER NOT NULL,
    state   TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (event, hook)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

CREATE INDEX deliveries_due ON deliveries (hook, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_hook ON deliveries (hook, made_at);
CREATE INDEX deliveries_made ON deliveries (made_at);
CREATE INDEX deliveries_post ON deliveries (post);

CREATE TABLE delivery_attempts (
    event  UUID NOT NULL,
    hook   TEXT NOT NULL,
    number INTEGER NOT NULL,
    at     BIGINT NOT NULL,
    millis INTEGER NOT NULL,
    -- the HTTP status; none if there was no answer
    status INTEGER,
    why    TEXT,
    PRIMARY KEY (event, hook, number),
    FOREIGN KEY (event, hook) REFERENCES deliveries (event, hook) ON DELETE CASCADE
);
