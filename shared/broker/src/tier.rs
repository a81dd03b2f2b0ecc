//! The steps of waiting that the broker offers.

use std::time::Duration;

/// One retry queue of fixed delay, shared by all channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// One second.
    S1,
    /// Five seconds.
    S5,
    /// Thirty seconds.
    S30,
    /// Two minutes.
    M2,
    /// Ten minutes. What has to wait longer waits in the ledger.
    M10,
}

impl Tier {
    /// Every tier, shortest first.
    pub const ALL: [Tier; 5] = [Tier::S1, Tier::S5, Tier::S30, Tier::M2, Tier::M10];

    /// How long a message stays.
    pub const fn delay(self) -> Duration {
        Duration::from_secs(match self {
            Tier::S1 => 1,
            Tier::S5 => 5,
            Tier::S30 => 30,
            Tier::M2 => 120,
            Tier::M10 => 600,
        })
    }

    /// The tier's name, which is part of its queue's name: a changed delay needs a new name, because a queue's TTL cannot be changed.
    pub const fn name(self) -> &'static str {
        match self {
            Tier::S1 => "1s",
            Tier::S5 => "5s",
            Tier::S30 => "30s",
            Tier::M2 => "2m",
            Tier::M10 => "10m",
        }
    }

    /// The longest tier that does not overshoot `wait`; none if even the shortest would.
    pub fn within(wait: Duration) -> Option<Tier> {
        Tier::ALL.into_iter().rev().find(|tier| tier.delay() <= wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_tier_that_does_not_overshoot_is_taken() {
        assert_eq!(Tier::within(Duration::from_millis(999)), None);
        assert_eq!(Tier::within(Duration::from_secs(1)), Some(Tier::S1));
        assert_eq!(Tier::within(Duration::from_secs(119)), Some(Tier::S30));
        assert_eq!(Tier::within(Duration::from_secs(86_400)), Some(Tier::M10));
    }

    #[test]
    fn delays_grow() {
        assert!(Tier::ALL.windows(2).all(|pair| pair[0].delay() < pair[1].delay() && pair[0] < pair[1]));
    }
}
