//! The statements, in SQLite's dialect. Many rows go in as one JSON text.

mod deliveries;
mod due;
mod load;
mod origin;
mod posts;
mod save;

pub(super) use deliveries::{PURGE_DELIVERIES, TAKE_DELIVERIES, delete_events, take_events};
pub(super) use due::{count_waiting, moving, oldest_waiting, peek, queued, waiting_in_turn};
pub(super) use load::{drafts, lock, lock_post, now, owners, surroundings, taken_marks};
pub(super) use origin::{origins, vouch};
pub(super) use posts::{insert_posts, insert_targets, known_posts};
pub(super) use save::{insert_events, insert_marks, insert_pauses, save};

use sqlx::{Connection as _, migrate::Migrate};
use uuid::Uuid;

use super::{Connection, flow};
use crate::{
    LedgerError,
    schema::{DESCRIPTIONS, Schema},
};

/// The start of an id: its time to 4.7 hours. Indexes of lists are over that, word for word.
macro_rules! era {
    ($id:literal) => {
        concat!("substr(", $id, ", 1, 3)")
    };
}
pub(in crate::sqlite) use era;

/// The records of a kind whose names are in a list, given as JSON.
pub(super) const RECORDS: &str = "SELECT name, version, open, sealed, updated_at FROM credentials \
     WHERE kind = $1 AND name IN (SELECT value FROM json_each($2))";

/// Takes the one write lock at once: nobody changes what this transaction reads.
pub(super) async fn begin(conn: &mut Connection) -> Result<sqlx::Transaction<'_, sqlx::Sqlite>, LedgerError> {
    conn.begin_with("BEGIN IMMEDIATE").await.map_err(LedgerError::of("begin a transaction"))
}

/// Begins what takes the first of many: its statements name their indexes.
pub(super) async fn begin_claim(conn: &mut Connection) -> Result<sqlx::Transaction<'_, sqlx::Sqlite>, LedgerError> {
    begin(conn).await
}

/// Begins what reads whole tables, and sees them at one instant.
pub(super) async fn begin_scan(conn: &mut Connection) -> Result<sqlx::Transaction<'_, sqlx::Sqlite>, LedgerError> {
    conn.begin().await.map_err(LedgerError::of("begin a scan"))
}

/// There are no other processes to tell; this one is told when the transaction is committed.
#[allow(clippy::unused_async, reason = "the other database has to ask its server")]
pub(super) async fn announce(_: &mut Connection) -> Result<(), LedgerError> {
    Ok(())
}

/// The schema as it is.
pub(super) async fn schema(conn: &mut Connection) -> Result<Schema, LedgerError> {
    let failed = "read the schema's version";
    let there: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'")
        .fetch_one(&mut *conn)
        .await
        .map_err(LedgerError::of(failed))?;
    if there == 0 {
        return Ok(Schema::default());
    }
    let applied = conn.list_applied_migrations("_sqlx_migrations").await.map_err(LedgerError::schema)?;
    let descriptions = sqlx::query_as(DESCRIPTIONS).fetch_all(conn).await.map_err(LedgerError::of(failed))?;
    Ok(Schema::new(applied, descriptions))
}

/// An id as JSON carries it; `unhex` takes it back.
fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

/// Ids as one JSON list.
fn list(ids: &[Uuid]) -> String {
    crate::record::json(&ids.iter().copied().map(hex).collect::<Vec<_>>())
}
