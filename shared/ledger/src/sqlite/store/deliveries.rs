//! Events that were told, and their deliveries: what only this dialect says so.

use uuid::Uuid;

use super::{Connection, list};
use crate::LedgerError;

/// Takes what is due of the hook `$1` at `$2`, at most `$3`, until `$4`.
pub(in crate::sqlite) const TAKE_DELIVERIES: &str = "WITH due (e, h) AS MATERIALIZED ( \
         SELECT event, hook FROM deliveries WHERE hook = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3) \
     UPDATE deliveries SET attempt = attempt + 1, tries = tries + 1, due_at = $4 FROM due WHERE event = e AND hook = h \
     RETURNING hook, state, made_at, since, due_at, attempt, tries, body";

/// Forgets what was made before `$1` and not replayed since, at most `$2`.
pub(in crate::sqlite) const PURGE_DELIVERIES: &str = "DELETE FROM deliveries WHERE (event, hook) IN (SELECT event, hook FROM deliveries \
     WHERE made_at <= $1 AND since <= $1 ORDER BY made_at LIMIT $2)";

/// Deletes events.
pub(in crate::sqlite) async fn delete_events(conn: &mut Connection, ids: &[Uuid]) -> Result<(), LedgerError> {
    sqlx::query("DELETE FROM outbox WHERE id IN (SELECT unhex(value) FROM json_each($1))")
        .bind(list(ids))
        .execute(conn)
        .await
        .map(drop)
        .map_err(LedgerError::of("forget told events"))
}

/// Deletes events; those that were there, whole.
pub(in crate::sqlite) async fn take_events(tx: &mut Connection, ids: &[Uuid]) -> Result<Vec<String>, LedgerError> {
    sqlx::query_scalar("DELETE FROM outbox WHERE id IN (SELECT unhex(value) FROM json_each($1)) RETURNING body")
        .bind(list(ids))
        .fetch_all(tx)
        .await
        .map_err(LedgerError::of("forget told events"))
}
