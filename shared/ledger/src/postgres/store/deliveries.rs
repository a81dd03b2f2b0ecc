//! Events that were told, and their deliveries: what only this dialect says so.

use uuid::Uuid;

use super::{Connection, save::run};
use crate::LedgerError;

// Rows of a queue are changed by their place in it (`ctid`), as no plan can reach those but one by one: see `counted.rs`.

/// Takes what is due of the hook `$1` at `$2`, at most `$3`, until `$4`.
pub(in crate::postgres) const TAKE_DELIVERIES: &str = "UPDATE deliveries SET attempt = attempt + 1, tries = tries + 1, due_at = $4 \
     WHERE ctid = ANY(ARRAY(SELECT ctid FROM deliveries WHERE hook = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3 \
         FOR UPDATE SKIP LOCKED)) \
     RETURNING hook, state, made_at, since, due_at, attempt, tries, body";

/// Forgets what was made before `$1` and not replayed since, at most `$2`.
pub(in crate::postgres) const PURGE_DELIVERIES: &str = "DELETE FROM deliveries WHERE ctid = ANY(ARRAY(SELECT ctid FROM deliveries \
     WHERE made_at <= $1 AND since <= $1 ORDER BY made_at LIMIT $2))";

/// Looked up and locked in the order of `$1`.
macro_rules! told {
    () => {
        "DELETE FROM outbox WHERE ctid = ANY(ARRAY(SELECT e.ctid FROM UNNEST($1::uuid[]) AS v (id), \
             LATERAL (SELECT o.ctid FROM outbox o WHERE o.id = v.id FOR UPDATE) e))"
    };
}

/// Two outboxes may have told the same events: in order, they wait in line, not in a circle.
fn in_order(ids: &[Uuid]) -> Vec<Uuid> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids
}

/// Deletes events.
pub(in crate::postgres) async fn delete_events(conn: &mut Connection, ids: &[Uuid]) -> Result<(), LedgerError> {
    run(sqlx::query(told!()).bind(in_order(ids)), conn, "forget told events").await
}

/// Deletes events; those that were there, whole.
pub(in crate::postgres) async fn take_events(tx: &mut Connection, ids: &[Uuid]) -> Result<Vec<String>, LedgerError> {
    let take = sqlx::query_scalar(concat!(told!(), " RETURNING body")).bind(in_order(ids));
    take.fetch_all(tx).await.map_err(LedgerError::of("forget told events"))
}
