//! Posts and targets on their way in.

use std::collections::HashSet;

use domain::Draft;
use uuid::Uuid;

use super::{
    Connection, flow,
    save::{column, run},
};
use crate::{
    LedgerError, NewPost, NewTarget,
    record::{Record, json, millis, text_print},
};

const POSTS: &str = "INSERT INTO posts (id, tenant, key, fingerprint, content, answer, accepted_at, revision) \
     SELECT v.*, 1 FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::bigint[]) AS v \
     ON CONFLICT DO NOTHING RETURNING id";
const TARGETS: &str = "INSERT INTO targets (id, post, hash, due_at, deadline, next_at, wake_at, state, tenant, channel, \
         account, app, trace, changes, revision, attempt, tries) \
     SELECT v.*, 1, 0, 0 FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], \
         $7::bigint[], $8::smallint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[]) AS v";
const PRINTS: &str = "INSERT INTO prints (print, target) SELECT * FROM UNNEST($1::bigint[], $2::uuid[])";
const KNOWN: &str = "SELECT tenant, key, id, fingerprint, answer FROM posts \
     WHERE (tenant, key) IN (SELECT * FROM UNNEST($1::text[], $2::text[]))";

/// Stores the posts whose keys are free, in the order given; the ids of those.
pub(in crate::postgres) async fn insert_posts(
    tx: &mut Connection,
    posts: &[&NewPost],
) -> Result<HashSet<Uuid>, LedgerError> {
    let inserted: Vec<Uuid> = sqlx::query_scalar(POSTS)
        .bind(column(posts, |post| post.id.0))
        .bind(column(posts, |post| post.tenant.to_string()))
        .bind(column(posts, |post| post.key.clone()))
        .bind(column(posts, |post| post.fingerprint.to_vec()))
        .bind(column(posts, |post| json(&post.content)))
        .bind(column(posts, |post| json(&post.answer)))
        .bind(column(posts, |post| millis(post.accepted_at)))
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
    let changes = column(targets, |(_, target)| (target.changes != Default::default()).then(|| json(&target.changes)));
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
    run(query, tx, "store new targets").await?;
    let prints = column(targets, |(post, target)| {
        let draft = Draft::of(&post.content, &target.changes);
        text_print(&draft, &post.tenant, &target.channel, &target.account)
    });
    let query = sqlx::query(PRINTS).bind(prints).bind(column(targets, |(_, target)| target.id.0));
    run(query, tx, "store what new targets say").await
}

/// The posts that hold the keys of `posts`.
pub(in crate::postgres) async fn known_posts(
    tx: &mut Connection,
    posts: &[&NewPost],
) -> Result<Vec<flow::Known>, LedgerError> {
    sqlx::query_as(KNOWN)
        .bind(column(posts, |post| post.tenant.to_string()))
        .bind(column(posts, |post| post.key.clone()))
        .fetch_all(tx)
        .await
        .map_err(LedgerError::of("find posts by their keys"))
}
