//! Posts on their way in: the upstream's idempotency key decides, and concurrent repeats of it find one winner.

use std::collections::HashMap;

use domain::{Command, Event};
use uuid::Uuid;

use super::{Connection, apply::seat, restores, store};
use crate::{
    Acceptance, LedgerError, NewPost, NewTarget,
    batch::Committed,
    record::{half, instant, millis, read_json, request},
    world::{NEAR, World, after},
};

/// Stores the posts of all `asks` in one transaction.
pub(in super::super) async fn accept(
    conn: &mut Connection,
    world: &World,
    asks: &[Vec<NewPost>],
) -> Committed<Vec<Acceptance>> {
    let mut posts: Vec<&NewPost> = asks.iter().flatten().collect();
    // Always in the same order, so that two transactions with the same keys wait for each other in line, not in a circle.
    posts.sort_by_cached_key(|post| request(&post.tenant, &post.key));
    metrics::histogram!("oncepost_ledger_batch_size").record(asks.len() as f64);
    let mut tx = store::begin(conn).await?;
    world.trust(&store::origins(&mut tx).await?)?;
    let mut inserted = store::insert_posts(&mut tx, &posts).await?;
    let (new, repeated): (Vec<&NewPost>, Vec<&NewPost>) =
        posts.into_iter().partition(|post| inserted.remove(&post.id.0));
    let mut targets: Vec<_> = new.iter().flat_map(|post| post.targets.iter().map(|target| (*post, target))).collect();
    // Ids made later sort later: in their order, an index grows at its end only.
    targets.sort_unstable_by_key(|(_, target)| target.id);
    store::insert_targets(&mut tx, &targets).await?;
    mark(&mut tx, world, &targets).await?;
    let accepted = new.iter().map(|post| Event::accepted(post.id, post.tenant.clone(), post.accepted_at));
    store::insert_events(&mut tx, &accepted.collect::<Vec<_>>()).await?;
    let known = if repeated.is_empty() { Vec::new() } else { store::known_posts(&mut tx, &repeated).await? };
    let news = is_news(world, &new);
    if news {
        store::announce(&mut tx).await?;
    }
    tx.commit().await.map_err(LedgerError::of("commit accepted posts"))?;
    if news {
        world.ring();
    }
    Ok(answers(asks, &new, known))
}

/// Marks what may have been accepted before, and sent, in a time of which the ledger has lost the history.
async fn mark(tx: &mut Connection, world: &World, targets: &[(&NewPost, &NewTarget)]) -> Result<(), LedgerError> {
    let Some((gap, repeats_until)) = restores::gap(tx).await? else { return Ok(()) };
    let hidden =
        |(post, target): &&(&NewPost, &NewTarget)| gap.may_hide_new(target.due_at, post.accepted_at, repeats_until);
    let ids: Vec<Uuid> = targets.iter().filter(hidden).map(|(_, target)| target.id.0).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let mut desk = seat(tx, world, &ids).await?;
    for id in ids {
        desk.apply(domain::TargetId(id), &Command::Restored { gap })?;
    }
    store::save(tx, &desk).await
}

fn is_news(world: &World, new: &[&NewPost]) -> bool {
    // The server's time is not known here; the time of acceptance is near enough for a hint.
    let now = world.now();
    new.iter().any(|post| {
        let near = after(instant(now.unwrap_or_else(|| millis(post.accepted_at))), NEAR);
        post.targets.iter().any(|target| target.due_at <= near)
    })
}

/// A post that was there before.
#[derive(sqlx::FromRow)]
pub(in super::super) struct Known {
    pub request: Uuid,
    pub id: Uuid,
    pub fingerprint: Uuid,
    pub answer: String,
}

fn answers(asks: &[Vec<NewPost>], new: &[&NewPost], known: Vec<Known>) -> Vec<Result<Vec<Acceptance>, LedgerError>> {
    let known: HashMap<_, _> = known.into_iter().map(|post| (post.request, post)).collect();
    let new: std::collections::HashSet<*const NewPost> = new.iter().map(|post| std::ptr::from_ref(*post)).collect();
    let is_new = |post: &NewPost| new.contains(&std::ptr::from_ref(post));
    asks.iter()
        .map(|posts| {
            posts
                .iter()
                .map(|post| {
                    if is_new(post) {
                        return Ok(Acceptance::New);
                    }
                    let first = known.get(&request(&post.tenant, &post.key));
                    let Some(first) = first else { return Ok(Acceptance::Conflict { post: post.id }) };
                    if first.fingerprint != half(&post.fingerprint) {
                        return Ok(Acceptance::Conflict { post: domain::PostId(first.id) });
                    }
                    let answer = read_json(first.id, "the answer", &first.answer)?;
                    Ok(Acceptance::Same { post: domain::PostId(first.id), answer })
                })
                .collect()
        })
        .collect()
}
