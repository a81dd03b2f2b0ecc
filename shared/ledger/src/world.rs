//! What both databases need to decide and to tell.

use std::time::Duration;

use domain::Policy;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::{TimeSource, record::millis};

/// How near a time to wake must be for the scheduler to be told at once. What is later is found by its poll.
pub(crate) const NEAR: Duration = Duration::from_secs(30);

/// The clock, the numbers, and the bell that announces new work.
pub(crate) struct World {
    pub policy: Policy,
    pub time: TimeSource,
    pub news: Notify,
}

impl World {
    pub(crate) fn new(policy: Policy, time: TimeSource) -> Self {
        Self { policy, time, news: Notify::new() }
    }

    /// The time to use, in milliseconds; `None` if the server is to say it.
    pub(crate) fn now(&self) -> Option<i64> {
        match &self.time {
            TimeSource::Server => None,
            TimeSource::Runtime(clock) => Some(millis(clock.now())),
        }
    }

    /// Wakes whoever waits for news, and the next one to ask if nobody does.
    pub(crate) fn ring(&self) {
        self.news.notify_waiters();
        self.news.notify_one();
    }
}

/// `at` less `span`.
pub(crate) fn before(at: Timestamp, span: Duration) -> Timestamp {
    at.saturating_sub(span).unwrap_or(Timestamp::MIN)
}

/// `at` plus `span`.
pub(crate) fn after(at: Timestamp, span: Duration) -> Timestamp {
    at.saturating_add(span).unwrap_or(Timestamp::MAX)
}

/// What comes next, in milliseconds since the epoch.
pub(crate) struct Peek {
    /// The ledger's time.
    pub now: i64,
    /// When the first of those on their way must be looked after.
    pub moving: Option<i64>,
    /// When the first of those that wait is due.
    pub waiting: Option<i64>,
}
