//! Posts and targets on their way in.

use std::collections::HashSet;

use serde::Serialize;
use uuid::Uuid;

use super::{Connection, flow, hex, list, save::rows};
use crate::{
    LedgerError, NewPost, NewTarget,
    record::{Record, changes, half, json, millis, print, request},
};

const POSTS: &str = "INSERT INTO posts (id, request, fingerprint, accepted_at, print, tenant, key, content, answer, revision) \
     SELECT unhex(value ->> 0), unhex(value ->> 1), unhex(value ->> 2), value ->> 3, value ->> 4, value ->> 5, \
         value ->> 6, value ->> 7, value ->> 8, 1 \
     FROM json_each($1) WHERE TRUE ON CONFLICT DO NOTHING RETURNING id";
const TARGETS: &str = "INSERT INTO targets (id, post, hash, due_at, deadline, next_at, wake_at, state, tenant, channel, \
         account, app, trace, changes, revision, attempt, tries) \
     SELECT unhex(value ->> 0), unhex(value ->> 1), unhex(value ->> 2), value ->> 3, value ->> 4, value ->> 5, \
         value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, \
         1, 0, 0 FROM json_each($1)";
const KNOWN: &str = "SELECT request, id, fingerprint, answer FROM posts \
     WHERE request IN (SELECT unhex(value) FROM json_each($1))";

/// Stores the posts whose keys are free, in the order given; the ids of those.
pub(in crate::sqlite) async fn insert_posts(
    tx: &mut Connection,
    posts: &[&NewPost],
) -> Result<HashSet<Uuid>, LedgerError> {
    let rows: Vec<_> = posts
        .iter()
        .map(|post| {
            (
                hex(post.id.0),
                hex(request(&post.tenant, &post.key)),
                hex(half(&post.fingerprint)),
                millis(post.accepted_at),
                print(&post.content),
                &post.tenant,
                &post.key,
                json(&post.content),
                json(&post.answer),
            )
        })
        .collect();
    let inserted: Vec<Uuid> =
        sqlx::query_scalar(POSTS).bind(json(&rows)).fetch_all(tx).await.map_err(LedgerError::of("store posts"))?;
    Ok(inserted.into_iter().collect())
}

pub(in crate::sqlite) async fn insert_targets(
    tx: &mut Connection,
    targets: &[(&NewPost, &NewTarget)],
) -> Result<(), LedgerError> {
    let new: Vec<_> = targets.iter().map(|(post, target)| row(post, target)).collect();
    rows(tx, TARGETS, &new, "store new targets").await
}

fn row(post: &NewPost, target: &NewTarget) -> impl Serialize + use<> {
    let row = Record::of(&target.target(post));
    (
        hex(row.id),
        hex(row.post),
        hex(row.hash),
        row.due_at,
        row.deadline,
        row.next_at,
        row.wake_at,
        row.state,
        row.tenant,
        row.channel,
        row.account,
        row.app,
        row.trace,
        changes(&target.changes),
    )
}

/// The posts that hold the keys of `posts`.
pub(in crate::sqlite) async fn known_posts(
    tx: &mut Connection,
    posts: &[&NewPost],
) -> Result<Vec<flow::Known>, LedgerError> {
    let requests: Vec<_> = posts.iter().map(|post| request(&post.tenant, &post.key)).collect();
    sqlx::query_as(KNOWN).bind(list(&requests)).fetch_all(tx).await.map_err(LedgerError::of("find posts by their keys"))
}
