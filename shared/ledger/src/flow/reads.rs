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
/// For each row of values that follows. By the print and by nothing else, whatever the statistics say: there is nothing alike as a rule, and to
/// find that out along an index of tenants or of times is to read all posts of a tenant, or all that is due within two hours. So tenant
/// and time are put in a way that no index answers to.
const SAME_TEXT: &str = "SELECT column1, (SELECT t.id FROM posts p JOIN targets t ON t.post = p.id \
         WHERE p.print = column2 AND p.tenant || '' = column3 AND t.channel = column4 AND t.account = column5 \
         AND t.changes IS NOT DISTINCT FROM column6 AND t.due_at + 0 BETWEEN column7 AND column8 AND t.id <> column9 \
         AND t.state NOT IN (9, 10) ORDER BY t.due_at + 0 LIMIT 1) \
     FROM (";

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

/// Targets of the account with the same content that are being sent or in doubt; likewise by the print.
const TWINS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM posts p JOIN targets t ON t.post = p.id \
     WHERE p.print = (SELECT print FROM posts WHERE id = $1) AND p.tenant || '' = $2 AND t.channel = $3 AND t.account = $4 \
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

/// What another target must be alike in.
pub(super) struct Likeness {
    target: Uuid,
    print: i64,
    tenant: String,
    channel: String,
    account: String,
    changes: Option<String>,
    due_at: i64,
}

impl Likeness {
    pub(super) fn of(post: &NewPost, target: &NewTarget) -> Self {
        Self {
            target: target.id.0,
            print: print(&post.content),
            tenant: post.tenant.to_string(),
            channel: target.channel.to_string(),
            account: target.account.to_string(),
            changes: changes(&target.changes),
            due_at: millis(target.due_at),
        }
    }
}

pub(super) async fn same_text_nearby(
    conn: &mut Connection,
    asked: Vec<Likeness>,
) -> Result<Vec<Option<TargetId>>, LedgerError> {
    const HOUR: i64 = 3_600_000;
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = vec![None; asked.len()];
    let mut query = sqlx::QueryBuilder::<<Connection as sqlx::Connection>::Database>::new(SAME_TEXT);
    query.push_values(asked.into_iter().zip(0_i32..), |mut row, (one, place)| {
        row.push_bind(place).push_bind(one.print).push_bind(one.tenant).push_bind(one.channel).push_bind(one.account);
        row.push_bind(one.changes)
            .push_bind(one.due_at.saturating_sub(HOUR))
            .push_bind(one.due_at.saturating_add(HOUR));
        row.push_bind(one.target);
    });
    query.push(") v");
    let query = query.build_query_as::<(i32, Option<Uuid>)>().persistent(false);
    let rows = query.fetch_all(conn).await.map_err(LedgerError::of("look for the same text"))?;
    for (place, twin) in rows {
        if let Some(found) = usize::try_from(place).ok().and_then(|place| found.get_mut(place)) {
            *found = twin.map(TargetId);
        }
    }
    Ok(found)
}
