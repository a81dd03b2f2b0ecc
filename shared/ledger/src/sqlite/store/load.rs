//! Reading what decisions need.

use std::collections::HashSet;

use domain::Pause;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Connection, list};
use crate::{
    LedgerError,
    record::{Record, columns, instant, read_json},
    world::Origins,
};

/// The transaction holds the write lock, so these rows are locked.
const LOCK: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM targets t WHERE t.id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY t.id"
);
const DRAFTS: &str = "SELECT t.id, p.content, t.changes FROM targets t JOIN posts p ON p.id = t.post \
     WHERE t.id IN (SELECT unhex(value) FROM json_each($1))";
const OWNERS: &str = "SELECT mark, target FROM marks WHERE mark IN (SELECT unhex(value) FROM json_each($1))";
const TAKEN: &str = "SELECT mark FROM marks WHERE mark IN (SELECT unhex(value) FROM json_each($1)) AND target <> $2";

pub(in crate::sqlite) async fn lock(tx: &mut Connection, ids: &[Uuid]) -> Result<Vec<Record>, LedgerError> {
    sqlx::query_as(LOCK).bind(list(ids)).fetch_all(tx).await.map_err(LedgerError::of("lock targets"))
}

/// The time and the pauses in force. Whose history this is, a file cannot tell.
pub(in crate::sqlite) async fn surroundings(
    tx: &mut Connection,
    time: Option<i64>,
) -> Result<(Timestamp, Vec<Pause>, Origins), LedgerError> {
    let bodies: Option<String> =
        sqlx::query_scalar("SELECT '[' || group_concat(body, ',') || ']' FROM pauses WHERE NOT ending")
            .fetch_one(&mut *tx)
            .await
            .map_err(LedgerError::of("read the pauses"))?;
    let pauses = bodies.map(|bodies| read_json("pauses", "a pause", &bodies)).transpose()?.unwrap_or_default();
    Ok((now(tx, time).await?, pauses, Origins::default()))
}

/// SQLite has no server with a clock of its own: the time is always given.
#[allow(clippy::unused_async, reason = "the other database has to ask its server")]
pub(in crate::sqlite) async fn now(_: &mut Connection, time: Option<i64>) -> Result<Timestamp, LedgerError> {
    Ok(instant(time.unwrap_or_default()))
}

/// Contents and changes of what may go out.
pub(in crate::sqlite) async fn drafts(
    tx: &mut Connection,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, String, Option<String>)>, LedgerError> {
    sqlx::query_as(DRAFTS).bind(list(ids)).fetch_all(tx).await.map_err(LedgerError::of("read what goes out"))
}

/// A post's revision.
pub(in crate::sqlite) async fn lock_post(tx: &mut Connection, id: Uuid) -> Result<Option<i32>, LedgerError> {
    sqlx::query_scalar("SELECT revision FROM posts WHERE id = $1")
        .bind(id)
        .fetch_optional(tx)
        .await
        .map_err(LedgerError::of("lock a post"))
}

/// Which targets these marks belong to.
pub(in crate::sqlite) async fn owners(conn: &mut Connection, marks: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>, LedgerError> {
    sqlx::query_as(OWNERS)
        .bind(list(marks))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("look for the owners of ids"))
}

/// Those of `marks` that belong to other targets than `target`.
pub(in crate::sqlite) async fn taken_marks(
    conn: &mut Connection,
    marks: &[Uuid],
    target: Uuid,
) -> Result<HashSet<Uuid>, LedgerError> {
    let taken: Vec<Uuid> = sqlx::query_scalar(TAKEN)
        .bind(list(marks))
        .bind(target)
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("look for taken ids"))?;
    Ok(taken.into_iter().collect())
}
