//! Commands that arrived together: targets locked, decided on, written and committed together.

use std::collections::{BTreeSet, HashMap};

use domain::{Answer, Command, Content, Draft, Override, TargetId};
use uuid::Uuid;

use super::{Connection, proofs, store};
use crate::{Applied, LedgerError, batch::Committed, desk::Desk, record::read_json, world::World};

/// Carries out `asks` in their order, in one transaction. One that names no target fails by itself.
pub(in super::super) async fn apply(
    conn: &mut Connection,
    world: &World,
    asks: &[(TargetId, Command)],
) -> Committed<Applied> {
    metrics::histogram!("oncepost_ledger_batch_size").record(asks.len() as f64);
    let mut tx = store::begin(conn).await?;
    let ids: BTreeSet<_> = asks.iter().map(|(target, _)| target.0).collect();
    let mut desk = seat(&mut tx, world, &ids.into_iter().collect::<Vec<_>>()).await?;
    let held = proofs::hold(&mut tx, &mut desk, asks).await?;
    let mut answers: Vec<_> = asks.iter().map(|(target, command)| desk.apply(*target, command)).collect();
    store::save(&mut tx, &desk).await?;
    proofs::let_go(&mut tx, &desk, &held).await?;
    add_drafts(&mut tx, &mut answers).await?;
    let news = desk.is_news();
    if news {
        store::announce(&mut tx).await?;
    }
    tx.commit().await.map_err(LedgerError::of("commit a batch of commands"))?;
    if news {
        world.ring();
    }
    Ok(answers)
}

/// Locks targets, then reads what decisions need: the pauses in force and the time, as they are once the locks are held.
pub(super) async fn seat<'a>(tx: &mut Connection, world: &'a World, ids: &[Uuid]) -> Result<Desk<'a>, LedgerError> {
    let records = store::lock(tx, ids).await?;
    let (now, pauses, origins) = store::surroundings(tx, world.now()).await?;
    world.trust(&origins)?;
    Ok(Desk::new(&world.policy, now, pauses, records))
}

/// As [`seat`], also where the ledger has lost some of its history: for whoever marks what that concerns, and for nobody else.
pub(super) async fn seat_whatever_is_lost<'a>(
    tx: &mut Connection,
    world: &'a World,
    ids: &[Uuid],
) -> Result<Desk<'a>, LedgerError> {
    let records = store::lock(tx, ids).await?;
    let (now, pauses, _) = store::surroundings(tx, world.now()).await?;
    Ok(Desk::new(&world.policy, now, pauses, records))
}

/// Whoever may send is told what: content is read for them only.
async fn add_drafts(tx: &mut Connection, answers: &mut [Result<Applied, LedgerError>]) -> Result<(), LedgerError> {
    let is_begun = |applied: &Applied| matches!(applied.answer, Answer::Begun(_));
    let begun: Vec<_> = answers.iter().flatten().filter(|applied| is_begun(applied)).map(|a| a.target.id.0).collect();
    if begun.is_empty() {
        return Ok(());
    }
    let drafts: HashMap<_, _> = store::drafts(tx, &begun)
        .await?
        .into_iter()
        .map(|(id, content, changes)| (id, draft(TargetId(id), &content, changes.as_deref())))
        .collect();
    for answer in answers {
        let Ok(applied) = answer else { continue };
        if !is_begun(applied) {
            continue;
        }
        let id = applied.target.id;
        match drafts.get(&id.0).cloned().unwrap_or_else(|| Err(LedgerError::corrupt(id, "the post", "it is missing"))) {
            Ok(draft) => applied.draft = Some(draft),
            Err(error) => *answer = Err(error),
        }
    }
    Ok(())
}

pub(super) fn draft(id: TargetId, content: &str, changes: Option<&str>) -> Result<Draft, LedgerError> {
    let content: Content = read_json(id, "the content", content)?;
    let changes: Override = changes.map(|text| read_json(id, "the changes", text)).transpose()?.unwrap_or_default();
    Ok(Draft::of(&content, &changes))
}
