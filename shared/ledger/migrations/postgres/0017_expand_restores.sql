-- Whose history the ledger holds, and of which time it has lost it. One row.

-- The cluster, its timeline, the database and the table: a restore to an earlier time and a failover begin a new timeline, a dump that is
-- restored has another table, or another cluster. NULL where the server does not let us ask.
CREATE FUNCTION ledger_origin() RETURNS TEXT LANGUAGE plpgsql AS $$
BEGIN
    RETURN concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
        substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
        (SELECT oid FROM pg_database WHERE datname = current_database()) || '.' || 'restores'::regclass::oid);
EXCEPTION WHEN insufficient_privilege OR undefined_function OR feature_not_supported OR object_not_in_prerequisite_state THEN
    RETURN NULL;
END
$$;

CREATE TABLE restores (
    id            SMALLINT PRIMARY KEY CHECK (id = 1),
    -- as ledger_origin() said last when a person, or the first migration, vouched for the history
    origin        TEXT,
    -- the last gap, in milliseconds since the epoch
    gap_since     BIGINT,
    gap_until     BIGINT,
    -- until then a post without a time of its own may be one that was accepted in the gap
    repeats_until BIGINT
);

INSERT INTO restores (id, origin) SELECT 1, ledger_origin();
