//! What is out, by account, in memory.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::{Draft, State, Target, TargetId};

use super::{MemoryLedger, Row, Tables};
use crate::{LedgerError, OutTarget, Outside, Place, PublishedAsk};

#[async_trait]
impl Outside for MemoryLedger {
    async fn published(&self, ask: &PublishedAsk) -> Result<Vec<OutTarget>, LedgerError> {
        let tables = self.reach()?;
        let fits = |target: &Target| {
            target.state == State::Published
                && is_at(target, &ask.place)
                && ask.from <= target.due_at
                && target.due_at < ask.until
                && ask.after.is_none_or(|after| (target.due_at, target.id) > after)
        };
        let mut found = tables.out(fits);
        found.sort_unstable_by_key(OutTarget::place);
        found.truncate(ask.limit());
        Ok(found)
    }

    async fn unsettled(&self, place: &Place) -> Result<Vec<OutTarget>, LedgerError> {
        let states = [State::Publishing, State::Processing, State::InDoubt];
        Ok(self.reach()?.out(|target| states.contains(&target.state) && is_at(target, place)))
    }

    async fn owners(&self, place: &Place, ids: &[String]) -> Result<HashMap<String, TargetId>, LedgerError> {
        let tables = self.reach()?;
        let here = tables.targets.values().map(|row| &row.target).filter(|target| is_at(target, place));
        let proofs = here.flat_map(|target| target.out.iter().map(|out| (out.receipt.id.clone(), target.id)));
        Ok(proofs.filter(|(id, _)| ids.contains(id)).collect())
    }

    async fn holders(&self, places: &[Place], id: &str) -> Result<Vec<(Place, TargetId)>, LedgerError> {
        let mut held = Vec::new();
        for place in places {
            let owner = self.owners(place, &[id.to_owned()]).await?.remove(id);
            held.extend(owner.map(|owner| (place.clone(), owner)));
        }
        Ok(held)
    }
}

impl Tables {
    fn out(&self, fits: impl Fn(&Target) -> bool) -> Vec<OutTarget> {
        let found = self.targets.values().filter(|row| fits(&row.target));
        found.filter_map(|row| self.out_target(row)).collect()
    }

    fn out_target(&self, row: &Row) -> Option<OutTarget> {
        let target = &row.target;
        let post = self.posts.get(&target.post)?;
        Some(OutTarget {
            target: target.id,
            post: target.post,
            due_at: target.due_at,
            state: target.state,
            out: target.out.clone(),
            draft: Draft::of(&post.post.content, &row.changes),
        })
    }
}

fn is_at(target: &Target, place: &Place) -> bool {
    (&target.tenant, &target.channel, &target.account) == (&place.tenant, &place.channel, &place.account)
}
