//! The generic cell rate algorithm in whole microseconds, and the bounds within which it is exact.
//!
//! One number per scope is kept: the instant at which everything taken so far is paid off. The Lua script `permit.lua`
//! does the same arithmetic in doubles; all values stay below 2^53, so both are exact and agree to the microsecond.

use std::time::Duration;

use jiff::Timestamp;

use crate::Rate;

/// Instants are counted up to the year 2160, spans up to 31 years; what is beyond counts as that.
const LAST_INSTANT: i64 = 6_000_000_000_000_000;
const LONGEST_SPAN: i64 = 1_000_000_000_000_000;

/// `when` in microseconds since 1970.
pub(crate) fn micros(when: Timestamp) -> i64 {
    when.as_microsecond().clamp(0, LAST_INSTANT)
}

/// The instant of [`micros`].
pub(crate) fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

/// A rate in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// What one call costs.
    pub cost: i64,
    /// How much may be owed before a call.
    pub slack: i64,
}

impl Step {
    pub(crate) fn of(rate: Rate) -> Self {
        let cost = i64::try_from(rate.per.as_micros()).unwrap_or(LONGEST_SPAN).min(LONGEST_SPAN);
        let slack = cost.saturating_mul(i64::from(rate.burst.saturating_sub(1))).min(LONGEST_SPAN);
        Self { cost, slack }
    }

    /// What is owed after one more call at `now`, or the instant at which there is room for it.
    pub(crate) fn take(self, paid_off: i64, now: i64) -> Result<i64, i64> {
        if paid_off - now > self.slack { Err(paid_off - self.slack) } else { Ok(paid_off.max(now) + self.cost) }
    }
}

/// What the operator reads when a rate says wait.
pub(crate) fn reason(rate: Rate) -> String {
    format!("rate limit: {} at once, then one per {:?}", rate.burst.max(1), rate.per)
}

/// How long a rate or a cool-down is kept at least. Their times come from the callers' clocks, which may differ.
pub(crate) const KEPT: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The other way to say it: a bucket that fills with one microsecond per microsecond; a call takes `cost` out of it.
    struct Bucket {
        level: i64,
        full: i64,
        at: i64,
    }

    impl Bucket {
        fn take(&mut self, cost: i64, now: i64) -> Result<(), i64> {
            self.level = (self.level + now - self.at).min(self.full);
            self.at = now;
            if self.level < cost {
                return Err(now + cost - self.level);
            }
            self.level -= cost;
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_token_bucket(
            cost in 1_i64..5_000, burst in 1_u32..8, waits in prop::collection::vec(0_i64..6_000, 1..200)
        ) {
            let step = Step::of(Rate { per: Duration::from_micros(cost as u64), burst });
            let mut now = 1_700_000_000_000_000;
            let mut bucket = Bucket { level: cost * i64::from(burst), full: cost * i64::from(burst), at: now };
            let mut paid_off = 0;
            for wait in waits {
                now += wait;
                let taken = step.take(paid_off, now);
                prop_assert_eq!(taken.map(|_| ()), bucket.take(cost, now));
                paid_off = taken.unwrap_or(paid_off);
            }
        }
    }

    #[test]
    fn extremes_stay_within_what_a_double_counts_exactly() {
        let step = Step::of(Rate { per: Duration::MAX, burst: u32::MAX });
        let owed = step.take(LAST_INSTANT + step.slack, micros(Timestamp::MAX)).unwrap();
        assert!(owed < 1 << 53);
    }

    #[test]
    fn a_burst_of_zero_counts_as_one() {
        let step = Step::of(Rate { per: Duration::from_millis(1), burst: 0 });
        assert_eq!(step.take(0, 5_000), Ok(6_000));
        assert_eq!(step.take(6_000, 5_500), Err(6_000));
    }
}
