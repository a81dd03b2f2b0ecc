//! The wall clock of one process: the virtual one, set wrong.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use runtime::Clock;

use crate::net::Gate;

/// A wall clock that can be set back and forth. Uptime and sleeping are not concerned; a frozen process sleeps on.
pub struct SkewedClock {
    real: Arc<dyn Clock>,
    offset: AtomicI64,
    gate: Gate,
}

impl SkewedClock {
    /// A clock over `real`, off by `offset` milliseconds, in a process with this gate.
    pub fn new(real: Arc<dyn Clock>, offset: i64, gate: Gate) -> Self {
        Self { real, offset: AtomicI64::new(offset), gate }
    }

    /// Sets the clock: off by `offset` milliseconds from now on.
    pub fn set(&self, offset: i64) {
        self.offset.store(offset, Ordering::SeqCst);
    }
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_millis(self.offset.load(Ordering::SeqCst));
        self.real.now().saturating_add(offset).unwrap_or(Timestamp::MAX)
    }

    fn uptime(&self) -> Duration {
        self.real.uptime()
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        let (sleep, gate) = (self.real.sleep(span), self.gate.clone());
        Box::pin(async move {
            sleep.await;
            gate.pass().await;
        })
    }
}
