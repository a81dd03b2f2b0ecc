//! The transport inside one process: RabbitMQ's twin for `oncepost dev`, for tests and for the simulation.
//!
//! It interprets the same [`Topology`] and keeps the same promises, except that it forgets everything when the process ends; the ledger's
//! sweep makes that safe. Time comes from the runtime, so retry tiers pass in no time under a virtual clock.

mod faults;
mod inbox;
mod route;
mod state;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::{
    BrokerError, Depth, Inbox, Message, Names, Outgoing, PublishError, Source, Status, Topology, Transport,
    address::Address, measure, seen::Carrier,
};
use faults::Faults;
use inbox::MemoryInbox;
use state::State;

/// What spans call it.
const SYSTEM: &str = "memory";

/// How long it takes until a question to a server that is away has failed.
const SILENCE: Duration = Duration::from_secs(15);

/// The transport in memory. A clone is another handle on the same queues.
#[derive(Clone)]
pub struct Memory {
    shared: Arc<Shared>,
}

struct Shared {
    names: Names,
    state: Mutex<State>,
    runtime: Runtime,
    faults: Faults,
    since: Timestamp,
    stop: CancellationToken,
}

impl Memory {
    /// Empty queues for `channels`, under the names of production. Must be called inside a tokio runtime.
    pub fn new<'a>(runtime: &Runtime, channels: impl IntoIterator<Item = &'a str>) -> Self {
        // Tasks of its own: a drain must not wait ten minutes for a retry tier.
        let runtime = runtime.sibling();
        let names = Names::new("oncepost");
        let topology = Topology::new(&names, channels);
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(topology)),
            faults: Faults::default(),
            since: runtime.now(),
            stop: runtime.stop(),
            names,
            runtime,
        });
        for queue in shared.state().timed() {
            shared.runtime.spawn(expire(Arc::downgrade(&shared), queue));
        }
        Self { shared }
    }

    /// Loses every message, as a broker does whose disk is gone.
    pub fn wipe(&self) {
        self.shared.state().wipe();
    }

    /// Returns every unsettled message to its queue, as a broker does that restarts. Receipts given out before are worthless.
    pub fn restart(&self) {
        let now = self.shared.runtime.now();
        let mut state = self.shared.state();
        for queue in state.names() {
            state.return_all(&queue, None, now);
        }
    }

    /// Cuts the transport off, or joins it up again: while cut, publishes fail and nothing is delivered.
    pub fn cut(&self, cut: bool) {
        self.shared.faults.cut(cut);
        self.shared.ring();
    }

    /// Has the broker answer no question, or answer again: each takes as long as one to a server that is away, and fails.
    pub fn silence(&self, silent: bool) {
        self.shared.faults.silence(silent);
    }

    /// The next `count` publishes arrive, and the sender never hears of it: [`PublishError::Unknown`].
    pub fn lose_confirms(&self, count: usize) {
        self.shared.faults.lose_confirms(count);
    }

    /// Each of the next `count` deliveries comes a second time.
    pub fn deliver_twice(&self, count: usize) {
        self.shared.faults.repeat(count);
    }

    fn send(&self, address: Address, message: &Message) -> Result<(), PublishError> {
        let shared = &self.shared;
        if shared.closed() {
            return Err(PublishError::Unreachable { source: Some(Arc::new(BrokerError::Closed)) });
        }
        if !shared.faults.reachable() {
            return Err(PublishError::Unreachable { source: Some(Arc::new(lost())) });
        }
        let routed = shared.state().send(&address, message, shared.runtime.now());
        if shared.faults.loses_confirm() {
            return Err(PublishError::Unknown { source: Arc::new(lost()) });
        }
        if routed || !address.mandatory {
            Ok(())
        } else {
            Err(PublishError::Unroutable { exchange: address.exchange, key: address.key })
        }
    }
}

#[async_trait]
impl Transport for Memory {
    async fn publish(&self, message: Outgoing) -> Result<(), PublishError> {
        let Outgoing { to, message } = message;
        let sending = |address, message| async move { self.send(address, &message) };
        let carrier = Carrier { system: SYSTEM, server: None };
        let result = carrier.sending(self.shared.names.address(&to), message, sending).await;
        measure::published(to.kind(), result.as_ref().map_or_else(PublishError::kind, |()| "confirmed"));
        // A broker's confirm never comes at once: what runs at the same time gets its turn here as well.
        tokio::task::yield_now().await;
        result
    }

    async fn consume(&self, source: Source, prefetch: u16) -> Result<Box<dyn Inbox>, BrokerError> {
        self.shared.answers().await?;
        self.shared.usable()?;
        let queue = self.shared.names.queue(&source);
        let mut state = self.shared.state();
        if let Source::Events { queue, topic } = &source {
            state.extend(Topology::listener(&self.shared.names, queue, topic));
        }
        let number = state.join(&queue).ok_or_else(|| BrokerError::NoQueue { name: queue.clone() })?;
        drop(state);
        let shared = self.shared.clone();
        Ok(Box::new(MemoryInbox { shared, queue: queue.into(), number, prefetch: prefetch.into(), stopped: false }))
    }

    async fn depth(&self, source: Source) -> Result<Depth, BrokerError> {
        self.shared.answers().await?;
        self.shared.usable()?;
        let name = self.shared.names.queue(&source);
        self.shared.state().depth(&name).ok_or(BrokerError::NoQueue { name })
    }

    async fn purge(&self, source: Source) -> Result<u64, BrokerError> {
        self.shared.usable()?;
        let name = self.shared.names.queue(&source);
        self.shared.state().purge(&name).ok_or(BrokerError::NoQueue { name })
    }

    async fn ping(&self) -> Result<(), BrokerError> {
        self.shared.answers().await?;
        self.shared.usable()
    }

    fn status(&self) -> Status {
        let connected = self.shared.usable().is_ok();
        Status { connected, since: self.shared.since, last_error: None }
    }

    async fn close(&self) {
        self.shared.stop.cancel();
        self.shared.runtime.stopped().await;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn closed(&self) -> bool {
        self.stop.is_cancelled()
    }

    async fn answers(&self) -> Result<(), BrokerError> {
        if !self.faults.is_silent() {
            return Ok(());
        }
        self.runtime.sleep(SILENCE).await;
        Err(lost())
    }

    fn usable(&self) -> Result<(), BrokerError> {
        if self.closed() {
            Err(BrokerError::Closed)
        } else if !self.faults.reachable() {
            Err(lost())
        } else {
            Ok(())
        }
    }

    fn ring(&self) {
        let state = self.state();
        state.names().iter().filter_map(|queue| state.bell(queue)).for_each(|bell| bell.notify_waiters());
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn lost() -> BrokerError {
    BrokerError::Lost { source: None }
}

/// Moves on what expires in `queue`, as long as the transport lives.
async fn expire(shared: Weak<Shared>, queue: String) {
    loop {
        let Some(strong) = shared.upgrade() else { return };
        let Some(bell) = strong.state().bell(&queue) else { return };
        let (runtime, stop) = (strong.runtime.clone(), strong.stop.clone());
        let mut rung = std::pin::pin!(bell.notified());
        rung.as_mut().enable();
        strong.state().expire(&queue, runtime.now());
        let next = strong.state().next_expiry(&queue);
        drop(strong);
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = rung => {}
            () = async { match next { Some(when) => runtime.sleep_until(when).await, None => std::future::pending().await } } => {}
        }
    }
}
