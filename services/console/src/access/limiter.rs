//! How often something may happen: a token bucket for each key, in this process's memory.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use settings::Rate;

/// The most keys that are told apart. More of them share one bucket, so that many addresses cannot fill the memory.
const MOST: usize = 10_000;

/// A bucket for each key. Of a bucket only the time is kept at which it is full again: one that is full need not be kept.
pub(super) struct Limiter<K> {
    rate: Rate,
    full_at: Mutex<HashMap<Option<K>, Duration>>,
}

impl<K: Eq + Hash> Limiter<K> {
    pub fn new(rate: Rate) -> Self {
        Self { rate, full_at: Mutex::default() }
    }

    /// Whether there is room for one more at `now`, by the runtime's uptime.
    ///
    /// # Errors
    /// There is none; says for how long.
    pub fn room(&self, key: K, now: Duration) -> Result<(), Duration> {
        let buckets = self.lock();
        // A key that has no bucket of its own shares one, if there are too many.
        let shared = || buckets.get(&None).filter(|_| buckets.len() >= MOST);
        let full_at = buckets.get(&Some(key)).or_else(shared).copied().unwrap_or_default();
        self.wait(full_at.saturating_sub(now))
    }

    /// Takes room for one.
    ///
    /// # Errors
    /// There is none; says for how long. Nothing is taken.
    pub fn take(&self, key: K, now: Duration) -> Result<(), Duration> {
        let mut buckets = self.lock();
        let mut key = Some(key);
        if buckets.len() >= MOST && !buckets.contains_key(&key) {
            buckets.retain(|_, full_at| *full_at > now);
            if buckets.len() >= MOST {
                key = None;
            }
        }
        let full_at = buckets.entry(key).or_default();
        self.wait(full_at.saturating_sub(now))?;
        *full_at = (*full_at).max(now) + self.rate.per;
        Ok(())
    }

    /// A bucket that is full again in `missing` has room, if less than its whole content is missing.
    fn wait(&self, missing: Duration) -> Result<(), Duration> {
        let most = self.rate.per.saturating_mul(self.rate.burst.saturating_sub(1));
        if missing <= most { Ok(()) } else { Err(missing - most) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Option<K>, Duration>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn limiter(per: u64, burst: u32) -> Limiter<usize> {
        Limiter::new(Rate { per: seconds(per), burst })
    }

    #[test]
    fn a_burst_fits_and_then_one_for_each_span() {
        let limiter = limiter(10, 3);
        for _ in 0..3 {
            assert_eq!(limiter.take(1, seconds(100)), Ok(()));
        }
        assert_eq!(limiter.take(1, seconds(100)), Err(seconds(10)));
        assert_eq!(limiter.take(1, seconds(104)), Err(seconds(6)), "what is refused takes no room");
        assert_eq!((limiter.room(1, seconds(109)), limiter.room(1, seconds(110))), (Err(seconds(1)), Ok(())));
        assert_eq!(limiter.take(1, seconds(110)), Ok(()));
        assert_eq!(limiter.take(1, seconds(110)), Err(seconds(10)));
        assert_eq!(limiter.take(2, seconds(110)), Ok(()), "another key has a bucket of its own");
        for _ in 0..3 {
            assert_eq!(limiter.take(1, seconds(1000)), Ok(()), "and it is full again after a while, not fuller");
        }
        assert_eq!(limiter.take(1, seconds(1000)), Err(seconds(10)));
    }

    #[test]
    fn looking_takes_nothing() {
        let limiter = limiter(10, 1);
        for _ in 0..5 {
            assert_eq!(limiter.room(1, seconds(0)), Ok(()));
        }
        assert_eq!(limiter.take(1, seconds(0)), Ok(()));
    }

    #[test]
    fn more_keys_than_can_be_kept_share_a_bucket_until_others_are_full_again() {
        let limiter = limiter(10, 2);
        for key in 0..MOST {
            assert_eq!(limiter.take(key, seconds(0)), Ok(()));
        }
        assert_eq!((limiter.take(MOST, seconds(0)), limiter.take(MOST + 1, seconds(0))), (Ok(()), Ok(())));
        assert_eq!(
            (limiter.take(MOST + 2, seconds(0)), limiter.room(MOST + 3, seconds(0))),
            (Err(seconds(10)), Err(seconds(10)))
        );
        assert_eq!(limiter.take(7, seconds(0)), Ok(()), "who was here before keeps its own");
        assert!(limiter.lock().len() <= MOST + 1);
        assert_eq!(limiter.take(MOST + 2, seconds(60)), Ok(()));
        assert!(limiter.lock().len() < 10, "what is full again is forgotten");
    }
}
