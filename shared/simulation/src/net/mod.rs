//! The network between a process and everything it talks to: late, lossy on both ways, cut now and then.
//!
//! Each port has a decorator here, one per process. A call may fail before it arrives, or after it was done: "an error means
//! unknown to the caller" is taken at its word.

mod guard;
mod inbox;
mod ledger;
mod transport;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use runtime::Runtime;
use tokio::sync::Notify;

pub use self::{guard::FarGuard, ledger::FarLedger, transport::FarTransport};
use crate::dice::Dice;

/// A switch that can be waited for, first come first served: tokio's `watch` wakes in an order of its own randomness.
#[derive(Default)]
struct Switch {
    on: AtomicBool,
    changed: Notify,
}

impl Switch {
    fn set(&self, on: bool) {
        self.on.store(on, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    fn is_on(&self) -> bool {
        self.on.load(Ordering::SeqCst)
    }

    /// Returns when the switch is `on`, at once if it is already.
    async fn becomes(&self, on: bool) {
        loop {
            let changed = self.changed.notified();
            if self.is_on() == on {
                return;
            }
            changed.await;
        }
    }
}

/// A process that can be frozen: while it is, nothing in it goes on.
#[derive(Clone, Default)]
pub struct Gate(Arc<Switch>);

impl Gate {
    /// Freezes the process, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        self.0.set(frozen);
    }

    /// Returns at once, or when the process goes on.
    pub async fn pass(&self) {
        self.0.becomes(false).await;
    }
}

/// How bad the way to one store is. All numbers may change at any time.
pub struct Weather {
    cut: Switch,
    slowest_ms: AtomicU64,
    lost_per_mille: AtomicU64,
}

impl Default for Weather {
    fn default() -> Self {
        Self { cut: Switch::default(), slowest_ms: AtomicU64::new(3), lost_per_mille: AtomicU64::new(0) }
    }
}

impl Weather {
    /// Nothing gets through, or everything again.
    pub fn cut(&self, cut: bool) {
        self.cut.set(cut);
    }

    /// Each way takes up to this long.
    pub fn slow(&self, slowest: Duration) {
        self.slowest_ms.store(slowest.as_millis() as u64, Ordering::SeqCst);
    }

    /// So many of a thousand messages are lost on each way.
    pub fn lose(&self, per_mille: u64) {
        self.lost_per_mille.store(per_mille, Ordering::SeqCst);
    }

    /// Everything is as it should be.
    pub fn clear(&self) {
        self.cut(false);
        self.slow(Duration::from_millis(3));
        self.lose(0);
    }
}

/// One process's way to one store. Cheap to clone.
#[derive(Clone)]
pub struct Link(Arc<Way>);

struct Way {
    process: String,
    runtime: Runtime,
    dice: Dice,
    gate: Gate,
    weather: Arc<Weather>,
}

impl Link {
    /// The way from `process`, which `gate` freezes, on the one true clock of `runtime`.
    pub fn new(process: &str, runtime: Runtime, dice: Dice, gate: Gate, weather: Arc<Weather>) -> Self {
        Self(Arc::new(Way { process: process.to_owned(), runtime, dice, gate, weather }))
    }

    /// Which process this is the way of.
    pub fn process(&self) -> &str {
        &self.0.process
    }

    /// A call on its way there. `false`: it did not arrive.
    pub async fn there(&self) -> bool {
        self.0.gate.pass().await;
        self.travel().await
    }

    /// Its answer on its way back. `false`: it was done, and the caller does not hear of it.
    pub async fn back(&self) -> bool {
        let arrived = self.travel().await;
        self.0.gate.pass().await;
        arrived
    }

    async fn travel(&self) -> bool {
        let way = &self.0;
        let slowest = way.weather.slowest_ms.load(Ordering::SeqCst);
        way.runtime.sleep(way.dice.millis(0, slowest)).await;
        let lost = way.weather.lost_per_mille.load(Ordering::SeqCst);
        !way.weather.cut.is_on() && (lost == 0 || way.dice.number(1, 1000) > lost)
    }

    /// Does `work` at the other end. `lost` makes the error for a call that did not arrive (`false`) or whose answer did not.
    async fn call<T, E>(&self, work: impl Future<Output = Result<T, E>>, lost: impl Fn(bool) -> E) -> Result<T, E> {
        if !self.there().await {
            return Err(lost(false));
        }
        let result = work.await;
        if self.back().await { result } else { Err(lost(true)) }
    }

    fn is_cut(&self) -> bool {
        self.0.weather.cut.is_on()
    }

    /// Returns when the way is cut, or is none any more.
    async fn cut_becomes(&self, cut: bool) {
        self.0.weather.cut.becomes(cut).await;
    }
}
