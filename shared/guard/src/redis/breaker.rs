//! When to stop asking a Redis that does not answer.
//!
//! Without it every call to a silent Redis waits out its full limit, several times per target. With it, after a few failures in a row
//! one call per rest asks, over a new connection, and all others fail at once.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

/// Failures in a row after which Redis counts as away.
const PATIENCE: u32 = 3;
/// How long nobody asks then.
const REST: Duration = Duration::from_millis(500);

/// Whether Redis is to be asked, and how.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Over the connection there is.
    AsUsual,
    /// Over a new connection: the old one may be dead without anyone having been told.
    Afresh,
    /// Not now.
    Not,
}

/// A change that is worth a line in the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Lost,
    Back,
}

#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    rest_until: Option<Timestamp>,
}

impl Breaker {
    /// Call before asking.
    pub(super) fn ask(&self, now: Timestamp) -> Ask {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.rest_until {
            None => Ask::AsUsual,
            Some(until) if now < until => Ask::Not,
            Some(_) => {
                state.rest_until = Some(later(now));
                Ask::Afresh
            }
        }
    }

    /// Call with what came of it.
    pub(super) fn heard(&self, answered: bool, now: Timestamp) -> Option<Turn> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            state.failures = 0;
            return state.rest_until.take().map(|_| Turn::Back);
        }
        state.failures = state.failures.saturating_add(1);
        if state.failures < PATIENCE {
            return None;
        }
        state.rest_until.replace(later(now)).is_none().then_some(Turn::Lost)
    }
}

fn later(now: Timestamp) -> Timestamp {
    now.checked_add(REST).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn a_single_failure_changes_nothing() {
        let breaker = Breaker::default();
        assert_eq!(breaker.heard(false, at(0)), None);
        assert_eq!(breaker.heard(false, at(0)), None);
        assert_eq!(breaker.heard(true, at(0)), None);
        assert_eq!(breaker.heard(false, at(0)), None);
        assert_eq!(breaker.ask(at(1)), Ask::AsUsual);
    }

    #[test]
    fn after_three_in_a_row_one_call_per_rest_asks_until_one_is_answered() {
        let breaker = Breaker::default();
        breaker.heard(false, at(0));
        breaker.heard(false, at(0));
        assert_eq!(breaker.heard(false, at(0)), Some(Turn::Lost));
        assert_eq!(breaker.ask(at(499)), Ask::Not);
        assert_eq!(breaker.ask(at(500)), Ask::Afresh);
        assert_eq!(breaker.ask(at(501)), Ask::Not, "one probe at a time");
        assert_eq!(breaker.ask(at(1_000)), Ask::Afresh, "a probe that was dropped does not block the next");
        assert_eq!(breaker.heard(true, at(1_001)), Some(Turn::Back));
        assert_eq!(breaker.ask(at(1_002)), Ask::AsUsual);
    }
}
