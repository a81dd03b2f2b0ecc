//! A change of a post: all of its targets or none.

use std::collections::BTreeSet;

use domain::{Answer, Command, PostId, TargetId};

use super::{Connection, apply::seat, store};
use crate::{
    LedgerError, PostChange,
    record::{number, stored},
    world::World,
};

/// Applies `commands` in one transaction. It is rolled back unless everything is granted.
pub(super) async fn change_post(
    conn: &mut Connection,
    world: &World,
    post: PostId,
    revision: Option<u32>,
    commands: &[(TargetId, Command)],
) -> Result<PostChange, LedgerError> {
    let mut tx = store::begin(conn).await?;
    let Some(known) = store::lock_post(&mut tx, post.0).await?.map(number) else { return Ok(PostChange::NotFound) };
    if revision.is_some_and(|asked| asked != known) {
        return Ok(PostChange::Stale { revision: known });
    }
    let ids: BTreeSet<_> = commands.iter().map(|(target, _)| target.0).collect();
    let mut desk = seat(&mut tx, world, &ids.into_iter().collect::<Vec<_>>()).await?;
    let mut applied = Vec::with_capacity(commands.len());
    for (target, command) in commands {
        match desk.apply(*target, command) {
            Ok(done) if done.target.post != post => return Ok(PostChange::NotFound),
            Ok(done) => applied.push(done),
            Err(LedgerError::NoSuchTarget(_)) => return Ok(PostChange::NotFound),
            Err(error) => return Err(error),
        }
    }
    let refused: Vec<_> = applied
        .iter()
        .filter(|done| matches!(done.answer, Answer::Refused(_)))
        .map(|done| (done.target.id, done.answer.clone()))
        .collect();
    if !refused.is_empty() {
        return Ok(PostChange::Refused(refused));
    }
    store::save(&mut tx, &desk).await?;
    let revision = known + 1;
    sqlx::query("UPDATE posts SET revision = $2 WHERE id = $1")
        .bind(post.0)
        .bind(stored(revision))
        .execute(&mut *tx)
        .await
        .map_err(LedgerError::of("store a post's revision"))?;
    let news = desk.is_news();
    if news {
        store::announce(&mut tx).await?;
    }
    tx.commit().await.map_err(LedgerError::of("commit a change of a post"))?;
    if news {
        world.ring();
    }
    Ok(PostChange::Done { revision, applied })
}
