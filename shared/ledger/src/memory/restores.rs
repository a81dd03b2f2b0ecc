//! Restores: a harness puts the tables back to what they were, and the ledger notices as a server would.

use std::sync::{MutexGuard, atomic::Ordering};

use async_trait::async_trait;
use domain::{Command, Gap, State, Target, TargetId};
use jiff::Timestamp;

use super::{MemoryLedger, NewPost, Tables};
use crate::{Continuity, GapAsk, LedgerError, Marked, Restores, Standing, Unproven, restores::BATCH};

/// Everything that a ledger held at one moment.
pub struct Snapshot(Tables);

/// What the tables know of their history.
#[derive(Clone, Default)]
pub(super) struct Known {
    /// Which life of the ledger somebody vouched for.
    vouched: u64,
    gap: Option<(Gap, Timestamp)>,
}

impl MemoryLedger {
    /// What it holds now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.tables().clone())
    }

    /// Plays a restore: it holds again what it held then, and nothing of what came after.
    pub fn restore(&self, snapshot: &Snapshot) {
        *self.tables() = snapshot.0.clone();
        self.life.fetch_add(1, Ordering::SeqCst);
    }

    /// The tables, if the server is there and their history is whole.
    pub(super) fn reach_whole(&self) -> Result<MutexGuard<'_, Tables>, LedgerError> {
        let tables = self.reach()?;
        if self.is_whole(&tables) { Ok(tables) } else { Err(LedgerError::Restored) }
    }

    fn is_whole(&self, tables: &Tables) -> bool {
        tables.known.vouched == self.life.load(Ordering::SeqCst)
    }

    /// Marks those targets of a post that the gap may hide.
    pub(super) fn mark_new(&self, tables: &mut Tables, post: &NewPost) -> Result<(), LedgerError> {
        let Some((gap, repeats_until)) = tables.known.gap else { return Ok(()) };
        let hidden = post.targets.iter().filter(|new| gap.may_hide_new(new.due_at, post.accepted_at, repeats_until));
        for new in hidden {
            self.run(tables, new.id, &Command::Restored { gap })?;
        }
        Ok(())
    }
}

#[async_trait]
impl Restores for MemoryLedger {
    async fn standing(&self) -> Result<Standing, LedgerError> {
        let tables = self.reach()?;
        let posts = tables.posts.values().map(|post| post.post.accepted_at);
        let attempts = tables.targets.values().flat_map(|row| &row.attempts).map(|attempt| attempt.ended_at);
        Ok(Standing {
            continuity: if self.is_whole(&tables) { Continuity::Whole } else { Continuity::Broken },
            gap: tables.known.gap.map(|(gap, _)| gap),
            newest: posts.chain(attempts).max(),
        })
    }

    async fn unproven(&self, ask: &GapAsk) -> Result<Vec<Unproven>, LedgerError> {
        let tables = self.reach()?;
        let mut counts = std::collections::BTreeMap::new();
        for target in tables.targets.values().map(|row| &row.target).filter(|target| is_unproven(target, ask)) {
            let place = (target.tenant.clone(), target.channel.clone(), target.account.clone());
            let (going, resting) = counts.entry(place).or_insert((0, 0));
            *if target.state.is_terminal() { resting } else { going } += 1;
        }
        let told = counts.into_iter();
        Ok(told
            .map(|((tenant, channel, account), (going, resting))| Unproven { tenant, channel, account, going, resting })
            .collect())
    }

    async fn begin_gap(&self, ask: &GapAsk) -> Result<(), LedgerError> {
        self.reach()?.known.gap = Some((ask.gap, ask.repeats_until));
        Ok(())
    }

    async fn mark_gap(&self, ask: &GapAsk, after: Option<TargetId>) -> Result<Marked, LedgerError> {
        let mut tables = self.reach()?;
        let targets = tables.targets.values().map(|row| &row.target);
        let behind = targets.filter(|target| after.is_none_or(|after| after < target.id) && is_unproven(target, ask));
        let ids: Vec<_> = behind.map(|target| target.id).take(BATCH).collect();
        for id in &ids {
            self.run(&mut tables, *id, &Command::Restored { gap: ask.gap })?;
        }
        Ok(Marked { targets: ids.len() as u64, next: ids.last().filter(|_| ids.len() == BATCH).copied() })
    }

    async fn vouch(&self) -> Result<(), LedgerError> {
        self.reach()?.known.vouched = self.life.load(Ordering::SeqCst);
        Ok(())
    }
}

fn is_unproven(target: &Target, ask: &GapAsk) -> bool {
    !matches!(target.state, State::Published | State::Cancelled)
        && (!target.state.is_waiting() || target.attempt > 0 || target.due_at <= ask.due_by)
}
