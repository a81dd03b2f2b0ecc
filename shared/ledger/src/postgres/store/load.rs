//! Reading what decisions need.

use std::collections::HashSet;

use domain::Pause;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Connection, time};
use crate::{
    LedgerError,
    record::{Record, columns, instant, read_json},
    world::Origins,
};

/// Locked in the order of their ids, so that two transactions wait for each other in line, not in a circle.
const LOCK: &str = concat!("SELECT ", columns!(), " FROM targets t WHERE t.id = ANY($1) ORDER BY t.id FOR UPDATE");

/// The pauses are locked against their end: whoever ends one first waits for all that may still act on it.
const SURROUNDINGS: &str = concat!(
    "WITH held AS MATERIALIZED (SELECT body FROM pauses WHERE NOT ending FOR SHARE) \
     SELECT ",
    time!(),
    ", (SELECT string_agg(body, ',') FROM held), (SELECT origin FROM restores), ledger_origin()"
);

const NOW: &str = concat!("SELECT ", time!());

pub(in crate::postgres) async fn lock(tx: &mut Connection, ids: &[Uuid]) -> Result<Vec<Record>, LedgerError> {
    sqlx::query_as(LOCK).bind(ids).fetch_all(tx).await.map_err(LedgerError::of("lock targets"))
}

/// The time, the pauses in force, and whose history this is.
pub(in crate::postgres) async fn surroundings(
    tx: &mut Connection,
    now: Option<i64>,
) -> Result<(Timestamp, Vec<Pause>, Origins), LedgerError> {
    let (now, pauses, vouched, said): (i64, Option<String>, Option<String>, Option<String>) =
        sqlx::query_as(SURROUNDINGS)
            .bind(now)
            .fetch_one(tx)
            .await
            .map_err(LedgerError::of("read the time and the pauses"))?;
    let pauses = match pauses {
        None => Vec::new(),
        Some(bodies) => read_json("pauses", "a pause", &format!("[{bodies}]"))?,
    };
    Ok((instant(now), pauses, (vouched, said)))
}

pub(in crate::postgres) async fn now(conn: &mut Connection, now: Option<i64>) -> Result<Timestamp, LedgerError> {
    sqlx::query_scalar(NOW).bind(now).fetch_one(conn).await.map(instant).map_err(LedgerError::of("read the time"))
}

/// Contents and changes of what may go out.
pub(in crate::postgres) async fn drafts(
    tx: &mut Connection,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, String, Option<String>)>, LedgerError> {
    sqlx::query_as(
        "SELECT t.id, p.content, t.changes FROM targets t JOIN posts p ON p.id = t.post WHERE t.id = ANY($1)",
    )
    .bind(ids)
    .fetch_all(tx)
    .await
    .map_err(LedgerError::of("read what goes out"))
}

/// Locks a post; its revision.
pub(in crate::postgres) async fn lock_post(tx: &mut Connection, id: Uuid) -> Result<Option<i32>, LedgerError> {
    sqlx::query_scalar("SELECT revision FROM posts WHERE id = $1 FOR UPDATE")
        .bind(id)
        .fetch_optional(tx)
        .await
        .map_err(LedgerError::of("lock a post"))
}

/// Which targets these marks belong to.
pub(in crate::postgres) async fn owners(
    conn: &mut Connection,
    marks: &[Uuid],
) -> Result<Vec<(Uuid, Uuid)>, LedgerError> {
    sqlx::query_as("SELECT mark, target FROM marks WHERE mark = ANY($1)")
        .bind(marks)
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("look for the owners of ids"))
}

/// Those of `marks` that belong to other targets than `target`.
pub(in crate::postgres) async fn taken_marks(
    conn: &mut Connection,
    marks: &[Uuid],
    target: Uuid,
) -> Result<HashSet<Uuid>, LedgerError> {
    let taken: Vec<Uuid> = sqlx::query_scalar("SELECT mark FROM marks WHERE mark = ANY($1) AND target <> $2")
        .bind(marks)
        .bind(target)
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("look for taken ids"))?;
    Ok(taken.into_iter().collect())
}
