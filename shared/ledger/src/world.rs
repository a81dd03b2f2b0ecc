//! What both databases need to decide and to tell.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::Duration,
};

use domain::Policy;
use jiff::Timestamp;
use runtime::Runtime;
use tokio::sync::Notify;

use crate::{
    Failover, LedgerError, TimeSource,
    record::millis,
    restores::{Continuity, continuity},
};

/// How near a time to wake must be for the scheduler to be told at once. What is later is found by its poll.
pub(crate) const NEAR: Duration = Duration::from_secs(30);

/// Whose history the ledger holds: as somebody vouched for it, and as its database says now. `None`: it cannot tell.
pub(crate) type Origins = (Option<String>, Option<String>);

/// The clock, the numbers, and the bell that announces new work.
pub(crate) struct World {
    pub policy: Policy,
    pub time: TimeSource,
    pub news: Notify,
    /// What a new timeline of the database means.
    pub failover: Failover,
    runtime: Runtime,
    /// How many due targets the last claim could not read.
    unreadable: AtomicU32,
    /// Some of the history is lost, and that was told.
    is_broken: AtomicBool,
}

/// The most unreadable targets that a claim looks past.
const MOST_UNREADABLE: u32 = 10_000;

impl World {
    pub(crate) fn new(policy: Policy, time: TimeSource, runtime: &Runtime) -> Self {
        let (news, failover) = (Notify::new(), Failover::default());
        Self {
            policy,
            time,
            news,
            failover,
            runtime: runtime.clone(),
            unreadable: AtomicU32::new(0),
            is_broken: AtomicBool::new(false),
        }
    }

    /// Whether what a transaction reads may be acted on: what was vouched for, and what the database says of itself.
    ///
    /// # Errors
    /// The ledger has lost some of its history.
    pub(crate) fn trust(&self, (vouched, said): &Origins) -> Result<(), LedgerError> {
        let is_broken = continuity(vouched.as_deref(), said.as_deref(), self.failover) == Continuity::Broken;
        metrics::gauge!("oncepost_ledger_history_lost").set(f64::from(u8::from(is_broken)));
        let was_broken = self.is_broken.swap(is_broken, Ordering::Relaxed);
        if is_broken && !was_broken {
            let (vouched, said) = (vouched.as_deref().unwrap_or("-"), said.as_deref().unwrap_or("-"));
            tracing::error!(vouched, said, "{}", LedgerError::Restored);
        }
        if was_broken && !is_broken {
            tracing::info!("the ledger's history was vouched for: work goes on");
        }
        if is_broken { Err(LedgerError::Restored) } else { Ok(()) }
    }

    /// A number that hardly anybody else draws: of 62 bits, so that a column of 64 has room to count on from it.
    pub(crate) fn draw(&self) -> i64 {
        i64::from_le_bytes(self.runtime.bytes()) & (i64::MAX >> 1)
    }

    /// The time to use, in milliseconds; `None` if the server is to say it.
    pub(crate) fn now(&self) -> Option<i64> {
        match &self.time {
            TimeSource::Server => None,
            TimeSource::Runtime(clock) => Some(millis(clock.now())),
        }
    }

    /// How many more rows than asked for a claim has to look at, so that those nobody here can read hide no other.
    pub(crate) fn unreadable(&self) -> u32 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// Notes how many due targets could not be read; the number before.
    pub(crate) fn note_unreadable(&self, many: usize) -> u32 {
        metrics::gauge!("oncepost_ledger_unreadable_targets").set(many as f64);
        let many = u32::try_from(many).unwrap_or(u32::MAX).min(MOST_UNREADABLE);
        self.unreadable.swap(many, Ordering::Relaxed)
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

/// How many that wait are looked at, of each tenant on a channel, at most.
pub(crate) struct Looks {
    /// Channels of which something is queued.
    pub channels: Vec<String>,
    /// How many, on each of those; 0 if it is full.
    pub most: Vec<i64>,
    /// How many on any other.
    pub others: i64,
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
