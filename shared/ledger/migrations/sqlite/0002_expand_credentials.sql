-- Records of credentials. Whoever owns them reads what is in them; the ledger does not.

CREATE TABLE credentials (
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- as JSON; never holds a secret
    open       TEXT NOT NULL,
    sealed     BLOB,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
