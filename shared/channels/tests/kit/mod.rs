//! What the tests of channels share: a target in memory that the domain's own rules drive, and small servers.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod canary;
pub mod crash;
pub mod graph;
pub mod pinned;
pub mod rows;
pub mod servers;
pub mod site;
pub mod stand;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use oncepost_channels::{Http, HttpOptions, MediaOptions};
use runtime::{Clock, Runtime, SystemClock, SystemRandom};

/// The longest a call may take in these tests.
pub const TIMEOUT: Duration = Duration::from_millis(1500);

/// The real clock, moved ahead at will.
#[derive(Default)]
pub struct Shifted(AtomicI64);

impl Shifted {
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), SeqCst);
    }
}

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_millis(self.0.load(SeqCst))
    }

    fn uptime(&self) -> Duration {
        Duration::try_from(self.now().duration_since(Timestamp::UNIX_EPOCH)).unwrap()
    }

    /// Waiting is only moving the clock: nothing in these tests waits for time to pass.
    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        self.advance(span);
        Box::pin(tokio::task::yield_now())
    }
}

pub fn runtime(clock: Arc<Shifted>) -> Runtime {
    Runtime::new(clock, Arc::new(SystemRandom))
}

pub fn http(clock: Arc<Shifted>) -> Http {
    let options = HttpOptions {
        connect_timeout: TIMEOUT,
        read_timeout: TIMEOUT,
        timeout: TIMEOUT,
        max_answer: 64 * 1024,
        media: MediaOptions {
            max_bytes: 12 << 20,
            timeout: 10 * TIMEOUT,
            allow_private: true,
            ..MediaOptions::default()
        },
        ..HttpOptions::default()
    };
    Http::new(options, runtime(clock)).unwrap()
}
