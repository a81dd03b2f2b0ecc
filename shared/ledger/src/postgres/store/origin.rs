//! Whose history the ledger holds.

use super::{Connection, save::run};
use crate::{LedgerError, world::Origins};

/// As somebody vouched for it, and as the server says now.
pub(in crate::postgres) async fn origins(conn: &mut Connection) -> Result<Origins, LedgerError> {
    sqlx::query_as("SELECT (SELECT origin FROM restores), ledger_origin()")
        .fetch_one(conn)
        .await
        .map_err(LedgerError::of("compare the ledger's history"))
}

/// The history is whole from here on.
pub(in crate::postgres) async fn vouch(conn: &mut Connection) -> Result<(), LedgerError> {
    run(sqlx::query("UPDATE restores SET origin = ledger_origin() WHERE id = 1"), conn, "vouch for the history").await
}
