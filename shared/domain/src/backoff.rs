//! Exponential waits with jitter, never earlier than the platform said.

use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::TargetId;

/// An exponential schedule of waits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// The first wait.
    pub base: Duration,
    /// What each further wait is multiplied by.
    pub factor: f64,
    /// The longest wait.
    pub cap: Duration,
    /// How much longer a wait may get at random, as a share of itself.
    pub jitter: f64,
}

impl Backoff {
    /// The wait after try `n` (1 is the first), lengthened by `draw` in `0.0..1.0`.
    pub fn wait(&self, n: u16, draw: f64) -> Duration {
        let exponent = i32::from(n.max(1)) - 1;
        let seconds = (self.base.as_secs_f64() * self.factor.powi(exponent)).min(self.cap.as_secs_f64());
        Duration::from_secs_f64(seconds * (1.0 + self.jitter * draw))
    }

    /// When to come back after try `n`: the schedule, but never before `not_before`.
    ///
    /// The platform's own time gets jitter as well, so that a whole account does not come back in one instant, but only that of the
    /// first wait: a share of a wait of hours would be hours, and by then the platform has long been ready.
    pub fn next(&self, n: u16, draw: f64, now: Timestamp, not_before: Option<Timestamp>) -> Timestamp {
        let scheduled = now.saturating_add(self.wait(n, draw)).unwrap_or(Timestamp::MAX);
        match not_before {
            None => scheduled,
            Some(told) => {
                let spread = self.base.mul_f64(self.jitter * draw);
                scheduled.max(told.saturating_add(spread).unwrap_or(Timestamp::MAX))
            }
        }
    }
}

/// A number in `0.0..1.0` that depends on the target and `n` only: jitter that a replay gives again.
pub fn even_draw(target: TargetId, n: u32) -> f64 {
    let mut hasher = Sha256::new();
    hasher.update(target.0.as_bytes());
    hasher.update(n.to_be_bytes());
    let digest = hasher.finalize();
    fraction(u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]))
}

/// `bits` as a number in `0.0..1.0`.
fn fraction(bits: u32) -> f64 {
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BACKOFF: Backoff =
        Backoff { base: Duration::from_secs(5), factor: 3.0, cap: Duration::from_secs(3600), jitter: 0.2 };

    #[test]
    fn waits_grow_to_the_cap() {
        let waits: Vec<_> = (1..=8).map(|n| BACKOFF.wait(n, 0.0).as_secs()).collect();
        assert_eq!(waits, [5, 15, 45, 135, 405, 1215, 3600, 3600]);
    }

    #[test]
    fn a_told_time_is_spread_by_the_jitter_of_the_first_wait() {
        let told = Timestamp::from_second(100_000).unwrap();
        let spread = |draw| BACKOFF.next(1, draw, Timestamp::UNIX_EPOCH, Some(told)).duration_since(told).as_millis();
        assert_eq!((spread(0.0), spread(0.5), spread(1.0)), (0, 500, 1000));
    }

    #[test]
    fn draws_are_spread_over_the_whole_range_and_never_reach_one() {
        assert_eq!(fraction(0), 0.0);
        assert_eq!(fraction(1 << 31), 0.5);
        assert!(fraction(u32::MAX) < 1.0);
        let draws: Vec<_> = (0..64).map(|n| even_draw(TargetId(uuid::Uuid::nil()), n)).collect();
        let in_quarter = |quarter: f64| draws.iter().filter(|draw| (**draw * 4.0).floor() == quarter).count();
        assert!((0..4).all(|quarter| in_quarter(f64::from(quarter)) > 4), "{draws:?}");
    }

    proptest! {
        #[test]
        fn never_earlier_than_told_and_never_shortened_by_jitter(n in 1_u16..200, draw in 0.0..1.0_f64, told in 0_i64..100_000) {
            let now = Timestamp::UNIX_EPOCH;
            let told = Timestamp::from_second(told).unwrap();
            prop_assert!(BACKOFF.next(n, draw, now, Some(told)) >= told);
            prop_assert!(BACKOFF.next(n, draw, now, None) >= now + BACKOFF.wait(n, 0.0));
        }

        #[test]
        fn draws_stay_in_range(id in any::<u128>(), n in any::<u32>()) {
            let draw = even_draw(TargetId(uuid::Uuid::from_u128(id)), n);
            prop_assert!((0.0..1.0).contains(&draw));
        }
    }
}
