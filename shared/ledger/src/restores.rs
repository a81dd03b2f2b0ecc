//! Restores: whether the ledger's history is whole, and what it may have lost. A port beside the ledger, in the same database.
//!
//! A ledger that was put back to an earlier time believes that what was published since is still to be sent. Where that can be noticed,
//! nothing is sent or accepted until a person has said from when on its history is lost and every target that may have been sent since
//! is marked: see [`domain::Gap`].

use std::time::Duration;

use async_trait::async_trait;
use domain::{AccountId, ChannelName, Gap, TargetId, TenantId};
use jiff::Timestamp;

use crate::LedgerError;

/// How many targets are marked in one transaction.
pub(crate) const BATCH: usize = 500;

/// What a new timeline of the same database means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Failover {
    /// Another server has taken over, or the database was restored: what was committed last may be lost.
    #[default]
    MayLose,
    /// Another server has taken over, and it had all that was committed. Then a restore to an earlier time is not noticed.
    LosesNothing,
}

/// Whether a ledger holds all of its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    /// It does, as far as its database can tell.
    Whole,
    /// It was restored, moved, or taken over by another server: nothing is sent or accepted until somebody has said what is lost.
    Broken,
    /// This database cannot tell.
    CannotTell,
}

impl Continuity {
    /// The name, for messages and labels.
    pub fn name(self) -> &'static str {
        match self {
            Continuity::Whole => "whole",
            Continuity::Broken => "broken",
            Continuity::CannotTell => "cannot_tell",
        }
    }
}

/// What a ledger knows of its own history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether it is whole.
    pub continuity: Continuity,
    /// Of which time it was lost last, if it ever was.
    pub gap: Option<Gap>,
    /// The newest thing that the ledger has on record: as long as nothing was written after a restore, what is lost is later.
    pub newest: Option<Timestamp>,
}

/// Targets of an account that may have been sent in a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unproven {
    /// Whose.
    pub tenant: TenantId,
    /// On which channel.
    pub channel: ChannelName,
    /// On which account.
    pub account: AccountId,
    /// How many would be sent, or looked into, by themselves.
    pub going: u64,
    /// How many rest, because they have failed or expired: they are looked for if somebody lets them go on.
    pub resting: u64,
}

/// A gap to mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GapAsk {
    /// Of which time nothing is known.
    pub gap: Gap,
    /// What waits and is due by then may have been sent: somebody may have moved it forward.
    pub due_by: Timestamp,
    /// Until then a post that is accepted without a time of its own may be one that was accepted in the gap.
    pub repeats_until: Timestamp,
}

impl GapAsk {
    /// The gap from `since` until nobody can be at work any more who began before `now`. What waits is marked if it is due within
    /// `ahead`, and a post without a time is taken for one that was accepted in the gap for as long as `repeats`.
    pub fn new(since: Timestamp, now: Timestamp, lease: Duration, ahead: Duration, repeats: Duration) -> Self {
        let later = |span: Duration| now.saturating_add(span).unwrap_or(Timestamp::MAX);
        Self {
            gap: Gap { since, until: later(lease) },
            due_by: later(lease.max(ahead)),
            repeats_until: later(lease.max(repeats)),
        }
    }
}

/// What came of marking a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    /// How many targets were marked.
    pub targets: u64,
    /// Where the next batch begins; `None` after the last.
    pub next: Option<TargetId>,
}

/// The ledger's word on its own history.
///
/// In order: [`Restores::begin_gap`], [`Restores::mark_gap`] until there is no next batch, [`Restores::vouch`]. Cut short, all of it is done
/// again: what is marked already is marked again, which changes nothing that matters.
#[async_trait]
pub trait Restores: Send + Sync {
    /// Whether the history is whole, and what it has lost.
    async fn standing(&self) -> Result<Standing, LedgerError>;

    /// What the gap may hide, by account. Reads every target that is not at its end.
    async fn unproven(&self, ask: &GapAsk) -> Result<Vec<Unproven>, LedgerError>;

    /// From now on posts are held against the gap as they come in.
    async fn begin_gap(&self, ask: &GapAsk) -> Result<(), LedgerError>;

    /// Marks the next targets, in the order of their ids, after the one given.
    async fn mark_gap(&self, ask: &GapAsk, after: Option<TargetId>) -> Result<Marked, LedgerError>;

    /// The history is whole from here on: what was refused is granted again.
    async fn vouch(&self) -> Result<(), LedgerError>;
}

/// Whether what a database says of itself is what was vouched for. `None`: it cannot say.
pub(crate) fn continuity(vouched: Option<&str>, said: Option<&str>, failover: Failover) -> Continuity {
    match (vouched, said) {
        (None, _) => Continuity::CannotTell,
        (Some(vouched), Some(said)) if vouched == said => Continuity::Whole,
        (Some(vouched), Some(said)) if failover == Failover::LosesNothing && took_over(vouched, said) => {
            Continuity::Whole
        }
        (Some(_), _) => Continuity::Broken,
    }
}

/// Whether the two differ by a later timeline and nothing else.
fn took_over(vouched: &str, said: &str) -> bool {
    let read = |origin: &str| {
        let mut parts = origin.split('/').map(str::to_owned);
        let (system, timeline, place) = (parts.next()?, parts.next()?, parts.next()?);
        Some((system, u32::from_str_radix(&timeline, 16).ok()?, place))
    };
    match (read(vouched), read(said)) {
        (Some((system, before, place)), Some((same_system, after, same_place))) => {
            system == same_system && place == same_place && before < after
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_timeline_place_or_system_breaks_the_history() {
        use Continuity::{Broken, CannotTell, Whole};
        let vouched = "7312/00000002/5.16401";
        let table = [
            (vouched, Whole, Whole),
            ("7312/00000003/5.16401", Broken, Whole),
            ("7312/00000001/5.16401", Broken, Broken),
            ("7312/00000003/5.16999", Broken, Broken),
            ("7312/00000003/6.16401", Broken, Broken),
            ("7313/00000003/5.16401", Broken, Broken),
            ("7312/0000000G/5.16401", Broken, Broken),
            ("", Broken, Broken),
        ];
        for (said, usual, trusting) in table {
            assert_eq!(continuity(Some(vouched), Some(said), Failover::MayLose), usual, "{said}");
            assert_eq!(continuity(Some(vouched), Some(said), Failover::LosesNothing), trusting, "{said}");
        }
        for failover in [Failover::MayLose, Failover::LosesNothing] {
            assert_eq!(continuity(Some(vouched), None, failover), Broken, "it could tell once, where it was");
            assert_eq!(continuity(None, Some(vouched), failover), CannotTell);
            assert_eq!(continuity(None, None, failover), CannotTell);
        }
    }

    #[test]
    fn a_gap_ends_when_nobody_is_at_work_any_more() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let secs = Duration::from_secs;
        let ask = GapAsk::new(at(0), at(1_000), secs(150), secs(0), secs(3_600));
        assert_eq!(ask.gap, Gap { since: at(0), until: at(1_150) });
        assert_eq!((ask.due_by, ask.repeats_until), (at(1_150), at(4_600)));
        assert_eq!(GapAsk::new(at(0), at(1_000), secs(150), secs(7_200), secs(0)).due_by, at(8_200));
    }
}
