-- Who changed what. An entry is written before the change is made, and completed after it.

CREATE TABLE audit_log (
    -- UUIDv7: in the order of time
    id       UUID PRIMARY KEY,
    post     UUID,
    at       BIGINT NOT NULL,
    ended_at BIGINT,
    outcome  TEXT NOT NULL,
    who      TEXT NOT NULL,
    tenant   TEXT,
    action   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    reason   TEXT,
    before   TEXT,
    after    TEXT
);

CREATE INDEX audit_log_subject ON audit_log (subject, id);
CREATE INDEX audit_log_post ON audit_log (post, id) WHERE post IS NOT NULL;
CREATE INDEX audit_log_tenant ON audit_log (tenant, id) WHERE tenant IS NOT NULL;
