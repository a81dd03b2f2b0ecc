//! Posts and targets on their way in.

use std::collections::HashSet;

use uuid::Uuid;

use super::{
    Connection, flow,
    save::{column, run},
};
use crate::{
    LedgerError, NewPost, NewTarget,
    record::{Record, changes, half, json, millis, print, request},
};

const POSTS: &str = "INSERT INTO posts (id, request, fingerprint, accepted_at, print, tenant, key, content, answer, revision) \
     SELECT v.*, 1 FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], \
         $8::text[], $9::text[]) AS v ON CONFLICT DO NOTHING RETURNING id";
const TARGETS: &str = "INSERT INTO targets (id, post, hash, due_at, deadline, next_at, wake_at, state, tenant, channel, \
         account, app, trace, changes, revision, attempt, tries) \
     SELECT v.*, 1, 0, 0 FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], \
         $7::bigint[], $8::smallint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[]) AS v";
const KNOWN: &str = "SELECT request, id, fingerprint, answer FROM posts WHERE request = ANY($1)";

/// Stores the posts whose keys are free, in the order given; the ids of those.
pub(in crate::postgres) async fn insert_posts(
    tx: &mut Connection,
    posts: &[&NewPost],
) -> Result<HashSet<Uuid>, LedgerError> {
    let inserted: Vec<Uuid> = sqlx::query_scalar(POSTS)
        .bind(column(posts, |post| post.id.0))
        .bind(column(posts, |post| request(&post.tenant, &post.key)))
        .bind(column(posts, |post| half(&post.fingerprint)))
        .bind(column(posts, |post| millis(post.accepted_at)))
        .bind(column(posts, |post| print(&post.content)))
        .bind(column(posts, |post| post.tenant.to_string()))
        .bind(column(posts, |post| post.key.clone()))
        .bind(column(posts, |post| json(&post.content)))
        .bind(column(posts, |post| json(&post.answer)))
        .fetch_all(tx)
        .await
        .map_err(LedgerError::of("store posts"))?;
    Ok(inserted.into_iter().collect())
}

pub(in crate::postgres) async fn insert_targets(
    tx: &mut Connection,
    targets: &[(&NewPost, &NewTarget)],
) -> Result<(), LedgerError> {
    if targets.is_empty() {
        return Ok(());
    }
    let rows: Vec<Record> = targets.iter().map(|(post, target)| Record::of(&target.target(post))).collect();
    let changes = column(targets, |(_, target)| changes(&target.changes));
    let query = sqlx::query(TARGETS)
        .bind(column(&rows, |row| row.id))
        .bind(column(&rows, |row| row.post))
        .bind(column(&rows, |row| row.hash))
        .bind(column(&rows, |row| row.due_at))
        .bind(column(&rows, |row| row.deadline))
        .bind(column(&rows, |row| row.next_at))
        .bind(column(&rows, |row| row.wake_at))
        .bind(column(&rows, |row| row.state))
        .bind(column(&rows, |row| row.tenant.clone()))
        .bind(column(&rows, |row| row.channel.clone()))
        .bind(column(&rows, |row| row.account.clone()))
        .bind(column(&rows, |row| row.app.clone()))
        .bind(column(&rows, |row| row.trace.clone()))
        .bind(changes);
    run(query, tx, "store new targets").await
}

/// The posts that hold the keys of `posts`.
pub(in crate::postgres) async fn known_posts(
    tx: &mut Connection,
    posts: &[&NewPost],
) -> Result<Vec<flow::Known>, LedgerError> {
    sqlx::query_as(KNOWN)
        .bind(column(posts, |post| request(&post.tenant, &post.key)))
        .fetch_all(tx)
        .await
        .map_err(LedgerError::of("find posts by their keys"))
}
