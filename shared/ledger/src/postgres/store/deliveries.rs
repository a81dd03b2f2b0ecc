//! Deliveries: what only this dialect says so.

use uuid::Uuid;

use super::Connection;
use crate::LedgerError;

/// Takes what is due of the hook `$1` at `$2`, at most `$3`, until `$4`.
pub(in crate::postgres) const TAKE_DELIVERIES: &str = "WITH due (e, h) AS MATERIALIZED ( \
         SELECT event, hook FROM deliveries WHERE hook = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3 \
         FOR UPDATE SKIP LOCKED) \
     UPDATE deliveries SET attempt = attempt + 1, tries = tries + 1, due_at = $4 FROM due WHERE event = e AND hook = h \
     RETURNING hook, state, made_at, since, due_at, attempt, tries, body";

/// Deletes events; those that were there, whole.
pub(in crate::postgres) async fn take_events(tx: &mut Connection, ids: &[Uuid]) -> Result<Vec<String>, LedgerError> {
    // Locked in order: two outboxes may have told the same events.
    let delete = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE id = ANY($1) ORDER BY id FOR UPDATE) \
         RETURNING body";
    sqlx::query_scalar(delete).bind(ids).fetch_all(tx).await.map_err(LedgerError::of("forget told events"))
}
