-- Records of credentials. Whoever owns them reads what is in them; the ledger does not.

CREATE TABLE credentials (
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    version    BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- as JSON; never holds a secret
    open       TEXT NOT NULL,
    sealed     BYTEA,
    PRIMARY KEY (kind, name)
);
