//! Posts and targets on their way in.

use std::collections::HashSet;

use domain::Draft;
use serde::Serialize;
use uuid::Uuid;

use super::{Connection, flow, hex, save::rows};
use crate::{
    LedgerError, NewPost, NewTarget,
    record::{Record, json, millis, text_print},
};

const POSTS: &str = "INSERT INTO posts (id, tenant, key, fingerprint, content, answer, accepted_at, revision) \
     SELECT unhex(value ->> 0), value ->> 1, value ->> 2, unhex(value ->> 3), value ->> 4, value ->> 5, value ->> 6, 1 \
     FROM json_each($1) WHERE TRUE ON CONFLICT DO NOTHING RETURNING id";
const TARGETS: &str = "INSERT INTO targets (id, post, hash, due_at, deadline, next_at, wake_at, state, tenant, channel, \
         account, app, trace, changes, revision, attempt, tries) \
     SELECT unhex(value ->> 0), unhex(value ->> 1), unhex(value ->> 2), value ->> 3, value ->> 4, value ->> 5, \
         value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, \
         1, 0, 0 FROM json_each($1)";
const PRINTS: &str = "INSERT INTO prints (print, target) SELECT value ->> 0, unhex(value ->> 1) FROM json_each($1)";
const KNOWN: &str = "SELECT tenant, key, id, fingerprint, answer FROM posts \
     WHERE (tenant, key) IN (SELECT value ->> 0, value ->> 1 FROM json_each($1))";

/// Stores the posts whose keys are free, in the order given; the ids of those.
pub(in crate::sqlite) async fn insert_posts(
    tx: &mut Connection,
    posts: &[&NewPost],
) -> Result<HashSet<Uuid>, LedgerError> {
    let rows: Vec<_> = posts
        .iter()
        .map(|post| {
            let fingerprint: String = post.fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
            let (content, answer) = (json(&post.content), json(&post.answer));
            (hex(post.id.0), &post.tenant, &post.key, fingerprint, content, answer, millis(post.accepted_at))
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
    rows(tx, TARGETS, &new, "store new targets").await?;
    let prints: Vec<_> = targets
        .iter()
        .map(|(post, target)| {
            let draft = Draft::of(&post.content, &target.changes);
            (text_print(&draft, &post.tenant, &target.channel, &target.account), hex(target.id.0))
        })
        .collect();
    rows(tx, PRINTS, &prints, "store what new targets say").await
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
        (target.changes != Default::default()).then(|| json(&target.changes)),
    )
}

/// The posts that hold the keys of `posts`.
pub(in crate::sqlite) async fn known_posts(
    tx: &mut Connection,
    posts: &[&NewPost],
) -> Result<Vec<flow::Known>, LedgerError> {
    let keys: Vec<_> = posts.iter().map(|post| (&post.tenant, &post.key)).collect();
    sqlx::query_as(KNOWN).bind(json(&keys)).fetch_all(tx).await.map_err(LedgerError::of("find posts by their keys"))
}
