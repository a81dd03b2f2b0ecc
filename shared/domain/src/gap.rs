//! A gap in what the ledger knows: it was put back to an earlier time, and what happened since is not in it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A time of which the ledger has lost the history: from the point that it was restored to, until nobody can be at work any more who
/// began before. A target that carries one may have been sent in it, and is looked for before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Gap {
    /// Up to then the ledger knows everything.
    pub since: Timestamp,
    /// From then on it knows everything again. An attempt that the ledger has forgotten may have sent until then.
    pub until: Timestamp,
}

impl Gap {
    /// By how much the number of a target's attempts jumps, so that no attempt of the lost history has a number that is given again:
    /// whoever still works on one is late, and only what it proves to be out is taken from it.
    pub const FENCE: u32 = 1_000_000;

    /// How close to its acceptance a post without a time of its own is due.
    const AT_ONCE: Duration = Duration::from_secs(60);

    /// The gap that covers both.
    pub fn and(self, other: Option<Gap>) -> Gap {
        other.map_or(self, |other| Gap { since: self.since.min(other.since), until: self.until.max(other.until) })
    }

    /// Whether a target that is accepted at `accepted_at`, to be sent at `due_at`, may be one that was accepted and sent in the gap, and
    /// that upstream hands in again: it was due before the gap's end, or it has no time of its own and comes before `repeats_until`.
    pub fn may_hide_new(self, due_at: Timestamp, accepted_at: Timestamp, repeats_until: Timestamp) -> bool {
        let at_once = due_at <= accepted_at.saturating_add(Self::AT_ONCE).unwrap_or(Timestamp::MAX);
        due_at <= self.until || (at_once && accepted_at <= repeats_until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn gap(since: i64, until: i64) -> Gap {
        Gap { since: at(since), until: at(until) }
    }

    #[test]
    fn two_gaps_are_one_from_the_first_ones_beginning_to_the_last_ones_end() {
        assert_eq!(gap(10, 20).and(None), gap(10, 20));
        assert_eq!(gap(10, 20).and(Some(gap(5, 15))), gap(5, 20));
        assert_eq!(gap(10, 20).and(Some(gap(12, 30))), gap(10, 30));
    }

    #[test]
    fn what_is_handed_in_again_is_told_by_its_time_or_by_having_none() {
        let gap = gap(1_000, 2_000);
        let may = |due, accepted| gap.may_hide_new(at(due), at(accepted), at(5_600));
        assert!(may(1_500, 3_000) && may(2_000, 3_000), "due in the gap");
        assert!(may(1_500, 9_000), "however late it comes");
        assert!(may(3_000, 3_000) && may(3_060, 3_000), "at once, soon after the restore");
        assert!(!may(3_061, 3_000), "it has a time, after the gap");
        assert!(may(5_600, 5_600) && !may(5_601, 5_601), "at once, but later than posts are handed in again");
    }
}
