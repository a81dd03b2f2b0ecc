//! One post, one target.

use std::collections::HashMap;

use domain::{Attempt, PostId, TargetId, TenantId};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Connection,
    rows::{AttemptRow, PostRow, TargetRow, readable},
    store,
};
use crate::{
    LedgerError, NewPost, NewTarget, PostView, Taken, TargetView, Twin,
    record::{Record, changes, columns, instant, mark, millis, print, request},
};

const POST: &str = "SELECT id, tenant, key, revision, content, accepted_at, NULL AS states FROM posts WHERE id = $1";
const TARGETS_OF_POST: &str =
    concat!("SELECT ", columns!(), ", t.changes, t.listed_at FROM targets t WHERE t.post = $1 ORDER BY t.id");
const ATTEMPTS_OF_POST: &str = "SELECT a.target, a.number, a.kind, a.worker, a.began_at, a.ended_at, a.outcome, a.failure \
     FROM targets t JOIN attempts a ON a.target = t.id WHERE t.post = $1 ORDER BY a.target, a.number";
const TARGET: &str = concat!("SELECT ", columns!(), ", t.changes, t.listed_at FROM targets t WHERE t.id = $1");
const ATTEMPTS: &str = "SELECT target, number, kind, worker, began_at, ended_at, outcome, failure \
     FROM attempts WHERE target = $1 ORDER BY number";
const SAME_TEXT: &str = "SELECT t.id FROM posts p JOIN targets t ON t.post = p.id \
     WHERE p.print = $1 AND p.tenant = $2 AND t.channel = $3 AND t.account = $4 AND t.changes IS NOT DISTINCT FROM $5 \
     AND t.due_at BETWEEN $6 AND $7 AND t.id <> $8 AND t.state NOT IN (9, 10) ORDER BY t.due_at LIMIT 1";

pub(super) async fn next_wake(conn: &mut Connection) -> Result<Option<Timestamp>, LedgerError> {
    let peek = store::peek(conn, None).await?;
    Ok(peek.moving.into_iter().chain(peek.waiting).min().map(instant))
}

pub(super) async fn post(conn: &mut Connection, id: PostId, attempts: bool) -> Result<Option<PostView>, LedgerError> {
    let failed = "read a post";
    let row: Option<PostRow> =
        sqlx::query_as(POST).bind(id.0).fetch_optional(&mut *conn).await.map_err(LedgerError::of(failed))?;
    let Some(row) = row else { return Ok(None) };
    let rows: Vec<TargetRow> =
        sqlx::query_as(TARGETS_OF_POST).bind(id.0).fetch_all(&mut *conn).await.map_err(LedgerError::of(failed))?;
    let mut log: HashMap<TargetId, Vec<Attempt>> = HashMap::new();
    if attempts {
        let rows: Vec<AttemptRow> =
            sqlx::query_as(ATTEMPTS_OF_POST).bind(id.0).fetch_all(&mut *conn).await.map_err(LedgerError::of(failed))?;
        for attempt in readable(rows.into_iter().map(AttemptRow::attempt)) {
            log.entry(attempt.target).or_default().push(attempt);
        }
    }
    let targets = rows
        .into_iter()
        .map(|row| {
            let attempts = log.remove(&TargetId(row.record.id)).unwrap_or_default();
            row.view(attempts)
        })
        .collect::<Result<_, _>>()?;
    row.view(targets).map(Some)
}

pub(super) async fn post_by_key(
    conn: &mut Connection,
    tenant: &TenantId,
    key: &str,
) -> Result<Option<PostId>, LedgerError> {
    sqlx::query_scalar("SELECT id FROM posts WHERE request = $1")
        .bind(request(tenant, key))
        .fetch_optional(conn)
        .await
        .map(|id| id.map(PostId))
        .map_err(LedgerError::of("find a post by its key"))
}

pub(super) async fn target(conn: &mut Connection, id: TargetId) -> Result<Option<TargetView>, LedgerError> {
    let row: Option<TargetRow> =
        sqlx::query_as(TARGET).bind(id.0).fetch_optional(&mut *conn).await.map_err(LedgerError::of("read a target"))?;
    let Some(row) = row else { return Ok(None) };
    let attempts = attempts(conn, id).await?;
    row.view(attempts).map(Some)
}

pub(super) async fn attempts(conn: &mut Connection, id: TargetId) -> Result<Vec<Attempt>, LedgerError> {
    let rows: Vec<AttemptRow> = sqlx::query_as(ATTEMPTS)
        .bind(id.0)
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("read a target's attempts"))?;
    Ok(readable(rows.into_iter().map(AttemptRow::attempt)))
}

/// The attempts of these targets.
pub(super) async fn attempts_of(
    conn: &mut Connection,
    ids: &[Uuid],
) -> Result<HashMap<TargetId, Vec<Attempt>>, LedgerError> {
    let mut log: HashMap<TargetId, Vec<Attempt>> = HashMap::new();
    if ids.is_empty() {
        return Ok(log);
    }
    let mut query = sqlx::QueryBuilder::<<Connection as sqlx::Connection>::Database>::new(
        "SELECT target, number, kind, worker, began_at, ended_at, outcome, failure FROM attempts WHERE target IN (",
    );
    let mut each = query.separated(", ");
    for id in ids {
        each.push_bind(*id);
    }
    query.push(") ORDER BY target, number");
    let rows: Vec<AttemptRow> = query
        .build_query_as()
        .persistent(false)
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("read the attempts of a list"))?;
    for attempt in readable(rows.into_iter().map(AttemptRow::attempt)) {
        log.entry(attempt.target).or_default().push(attempt);
    }
    Ok(log)
}

/// Targets of the account with the same content that are being sent or in doubt.
const TWINS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM posts p JOIN targets t ON t.post = p.id \
     WHERE p.print = (SELECT print FROM posts WHERE id = $1) AND p.tenant = $2 AND t.channel = $3 AND t.account = $4 \
     AND t.changes IS NOT DISTINCT FROM (SELECT changes FROM targets WHERE id = $5) AND t.state IN (2, 5) \
     AND t.id <> $5 LIMIT 100"
);

pub(super) async fn taken_ids(conn: &mut Connection, id: TargetId, ids: &[String]) -> Result<Taken, LedgerError> {
    let own: Option<Record> = sqlx::query_as(concat!("SELECT ", columns!(), " FROM targets t WHERE t.id = $1"))
        .bind(id.0)
        .fetch_optional(&mut *conn)
        .await
        .map_err(LedgerError::of("read a target"))?;
    let own = own.ok_or(LedgerError::NoSuchTarget(id))?.target()?;
    let marks: Vec<_> = ids.iter().map(|platform_id| mark(&own, platform_id)).collect();
    // First the twins, then what is taken: whichever of them ends in between has its ids on record by then.
    let twins: Vec<Record> = sqlx::query_as(TWINS)
        .bind(own.post.0)
        .bind(own.tenant.as_str())
        .bind(own.channel.as_str())
        .bind(own.account.as_str())
        .bind(id.0)
        .fetch_all(&mut *conn)
        .await
        .map_err(LedgerError::of("look for the same content"))?;
    let twins = twins.into_iter().map(|row| row.target().map(|twin| Twin::of(&twin))).collect::<Result<_, _>>()?;
    let taken = store::taken_marks(conn, &marks, id.0).await?;
    let ids = ids.iter().zip(marks).filter(|(_, mark)| taken.contains(mark)).map(|(id, _)| id.clone()).collect();
    Ok(Taken { ids, twins })
}

pub(super) async fn same_text_nearby(
    conn: &mut Connection,
    post: &NewPost,
    target: &NewTarget,
) -> Result<Option<TargetId>, LedgerError> {
    const HOUR: i64 = 3_600_000;
    let due = millis(target.due_at);
    sqlx::query_scalar(SAME_TEXT)
        .bind(print(&post.content))
        .bind(post.tenant.as_str())
        .bind(target.channel.as_str())
        .bind(target.account.as_str())
        .bind(changes(&target.changes))
        .bind(due.saturating_sub(HOUR))
        .bind(due.saturating_add(HOUR))
        .bind(target.id.0)
        .fetch_optional(conn)
        .await
        .map(|id| id.map(TargetId))
        .map_err(LedgerError::of("look for the same text"))
}
