//! The statements, in PostgreSQL's dialect.

#[cfg(test)]
mod counted;
mod deliveries;
mod due;
#[cfg(test)]
mod fresh;
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

use super::{Connection, flow, news};
use crate::{
    LedgerError,
    schema::{DESCRIPTIONS, Schema},
};

/// The ledger's time in milliseconds: the one given as `$1`, or the server's.
macro_rules! time {
    () => {
        "coalesce($1, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)"
    };
}
pub(in crate::postgres) use time;

/// The records of a kind whose names are in a list, given as JSON.
pub(super) const RECORDS: &str = "SELECT name, version, open, sealed, updated_at FROM credentials \
     WHERE kind = $1 AND name = ANY(ARRAY(SELECT jsonb_array_elements_text($2::jsonb)))";

/// The start of an id: its time to 4.7 hours. Indexes of lists are over that, word for word.
macro_rules! era {
    ($id:literal) => {
        concat!("substr(uuid_send(", $id, "), 1, 3)")
    };
}
pub(in crate::postgres) use era;

pub(super) async fn begin(conn: &mut Connection) -> Result<sqlx::Transaction<'_, sqlx::Postgres>, LedgerError> {
    conn.begin().await.map_err(LedgerError::of("begin a transaction"))
}

/// Begins what looks for the first of many. Statistics are always late for what becomes due by the second: by them, reading and sorting all
/// of it looks cheap, and so would cost the more the more is due. Along the index it costs what is taken.
pub(super) async fn begin_claim(conn: &mut Connection) -> Result<sqlx::Transaction<'_, sqlx::Postgres>, LedgerError> {
    let begin = "BEGIN; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off";
    conn.begin_with(begin).await.map_err(LedgerError::of("begin a claim"))
}

/// Begins what reads whole tables, and sees them at one instant.
pub(super) async fn begin_scan(conn: &mut Connection) -> Result<sqlx::Transaction<'_, sqlx::Postgres>, LedgerError> {
    let failed = "begin a scan";
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let mut tx = conn.begin_with(begin).await.map_err(LedgerError::of(failed))?;
    sqlx::raw_sql("SET LOCAL enable_seqscan = on").execute(&mut *tx).await.map_err(LedgerError::of(failed))?;
    Ok(tx)
}

/// Tells every process, once this transaction is committed, that new work is due soon.
pub(super) async fn announce(conn: &mut Connection) -> Result<(), LedgerError> {
    sqlx::query(concat!("SELECT pg_notify(", news::channel!(), ", '')"))
        .execute(conn)
        .await
        .map(drop)
        .map_err(LedgerError::of("announce new work"))
}

/// The schema as it is.
pub(super) async fn schema(conn: &mut Connection) -> Result<Schema, LedgerError> {
    let failed = "read the schema's version";
    let there: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *conn)
        .await
        .map_err(LedgerError::of(failed))?;
    if !there {
        return Ok(Schema::default());
    }
    let applied = conn.list_applied_migrations("_sqlx_migrations").await.map_err(LedgerError::schema)?;
    let descriptions = sqlx::query_as(DESCRIPTIONS).fetch_all(conn).await.map_err(LedgerError::of(failed))?;
    Ok(Schema::new(applied, descriptions))
}
