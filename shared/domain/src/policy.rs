//! The numbers and choices that decisions depend on.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Backoff;

/// The protocol's numbers, from the settings. Their order is checked there (P5).
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The longest one attempt may take.
    pub attempt_limit: Duration,
    /// How long an attempt in the ledger belongs to its worker.
    pub lease: Duration,
    /// How often a target may be tried before it is a dead letter. Rate limits and our own hiccups do not count.
    pub max_tries: u16,
    /// How often the platform is asked about an unknown outcome before a person must.
    pub max_looks: u16,
    /// Waits between tries.
    pub backoff: Backoff,
    /// Waits between looks at an unknown outcome.
    pub look_backoff: Backoff,
    /// Waits between polls of a platform that still decides.
    pub poll_backoff: Backoff,
    /// How long a platform may take to decide before a person is asked.
    pub processing_limit: Duration,
    /// How long an emitted message may be on its way before it is emitted again. Doubles with each emission.
    pub reemit_after: Duration,
    /// How much later than planned the sweep acts on a wait that the broker's retry tiers carry.
    pub carry_grace: Duration,
    /// The longest wait given to the broker; longer ones stay in the ledger.
    pub longest_carry: Duration,
    /// Work that is later than this is dripped, not sent in a burst.
    pub late_after: Duration,
    /// The pause between two late targets of one account.
    pub drip: Duration,
}

/// What to do with an unknown outcome that the platform cannot settle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnDoubt {
    /// Wait for a person: at most once.
    #[default]
    Park,
    /// Send again and accept that it may be out twice: at least once.
    Resend,
}

impl Policy {
    /// The most that emissions double [`Policy::reemit_after`], as a power of two.
    pub const MOST_DOUBLINGS: u16 = 6;

    /// How long after a step should have been made by somebody else the ledger acts by itself, at the latest.
    pub fn longest_patience(&self) -> Duration {
        self.reemission(Self::MOST_DOUBLINGS).max(self.carry_grace).max(self.late_after)
    }

    /// How long a message that was emitted `before` times since its last step may be on its way.
    pub(crate) fn reemission(&self, before: u16) -> Duration {
        self.reemit_after.saturating_mul(1 << before.min(Self::MOST_DOUBLINGS))
    }
}

impl Default for Policy {
    fn default() -> Self {
        const fn secs(n: u64) -> Duration {
            Duration::from_secs(n)
        }
        Self {
            attempt_limit: secs(120),
            lease: secs(150),
            max_tries: 8,
            max_looks: 12,
            backoff: Backoff { base: secs(5), factor: 3.0, cap: secs(3600), jitter: 0.2 },
            look_backoff: Backoff { base: secs(10), factor: 2.0, cap: secs(3600), jitter: 0.1 },
            poll_backoff: Backoff { base: secs(10), factor: 1.5, cap: secs(900), jitter: 0.1 },
            processing_limit: secs(48 * 3600),
            reemit_after: secs(60),
            carry_grace: secs(30),
            longest_carry: secs(600),
            late_after: secs(900),
            drip: secs(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn emissions_double_the_wait_up_to_a_limit() {
        let policy = Policy::default();
        let waits: Vec<_> = [0, 1, 2, 6, 7, u16::MAX].map(|before| policy.reemission(before).as_secs()).into();
        assert_eq!(waits, [60, 120, 240, 3840, 3840, 3840]);
    }

    #[test]
    fn the_longest_patience_is_the_longest_of_all_waits() {
        let policy = Policy::default();
        assert_eq!(policy.longest_patience(), secs(3840));
        assert_eq!(Policy { carry_grace: secs(9000), ..policy.clone() }.longest_patience(), secs(9000));
        assert_eq!(Policy { late_after: secs(9001), ..policy }.longest_patience(), secs(9001));
    }
}
