-- Who sees to what of the operators' list: a cause, or a part of it, or one target.

CREATE TABLE assignments (
    -- `cause:KEY` or `target:ID`
    subject    TEXT NOT NULL,
    -- a cause's part: of this tenant, channel, account; empty: all of it. A target's tenant is its own
    tenant     TEXT NOT NULL,
    channel    TEXT NOT NULL,
    account    TEXT NOT NULL,
    cause      TEXT,
    target     UUID,
    holder     TEXT NOT NULL,
    comment    TEXT,
    who        TEXT NOT NULL,
    at         BIGINT NOT NULL,
    -- since when nothing of it is on the list
    idle_since BIGINT,
    PRIMARY KEY (subject, tenant, channel, account)
);
