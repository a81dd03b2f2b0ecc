//! Consuming from memory.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;

use super::Shared;
use crate::{Inbox, Incoming, Origin, Receipt, Settle, SettleError, Verdict};

/// An inbox on one queue.
pub(super) struct MemoryInbox {
    pub shared: Arc<Shared>,
    pub queue: Arc<str>,
    pub number: u64,
    pub prefetch: usize,
    pub stopped: bool,
}

#[async_trait]
impl Inbox for MemoryInbox {
    async fn next(&mut self) -> Option<Incoming> {
        let bell = self.shared.state().bell(&self.queue)?;
        loop {
            // Listened to before looking, so that nothing falls in between.
            let rung = bell.notified();
            let mut rung = std::pin::pin!(rung);
            rung.as_mut().enable();
            if self.stopped || self.shared.closed() {
                return None;
            }
            if let Some(incoming) = self.take() {
                return Some(incoming);
            }
            tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => {}
                () = rung => {}
            }
        }
    }

    async fn stop_taking(&mut self) {
        self.stopped = true;
        self.shared.state().leave(&self.queue, self.number);
    }
}

impl MemoryInbox {
    fn take(&self) -> Option<Incoming> {
        if !self.shared.faults.reachable() {
            return None;
        }
        let mut state = self.shared.state();
        let handed = state.take(&self.queue, self.number, self.prefetch)?;
        if self.shared.faults.repeats() {
            state.repeat(&self.queue, &handed.stored);
        }
        let returned = handed.stored.returned;
        let receipt = Unsettled { shared: self.shared.clone(), queue: self.queue.clone(), number: handed.number };
        Some(Incoming {
            message: handed.stored.message,
            redelivered: returned > 0,
            delivery_count: (returned > 0).then_some(returned),
            origin: Origin {
                system: super::SYSTEM,
                exchange: String::new(),
                key: self.queue.to_string(),
                queue: self.queue.clone(),
                tag: handed.number,
            },
            receipt: Receipt::new(receipt),
        })
    }
}

impl Drop for MemoryInbox {
    fn drop(&mut self) {
        let now = self.shared.runtime.now();
        let mut state = self.shared.state();
        state.leave(&self.queue, self.number);
        state.return_all(&self.queue, Some(self.number), now);
    }
}

struct Unsettled {
    shared: Arc<Shared>,
    queue: Arc<str>,
    number: u64,
}

impl Unsettled {
    fn end(&self, verdict: Verdict) -> bool {
        let now = self.shared.runtime.now();
        let mut state = self.shared.state();
        match verdict {
            Verdict::Ack => state.ack(&self.queue, self.number),
            Verdict::Requeue => state.requeue(&self.queue, self.number, now),
        }
    }
}

impl Settle for Unsettled {
    fn settle(self: Box<Self>, verdict: Verdict) -> BoxFuture<'static, Result<(), SettleError>> {
        let open = self.end(verdict);
        Box::pin(async move { if open { Ok(()) } else { Err(SettleError::Gone { source: None }) } })
    }

    fn abandon(self: Box<Self>) {
        self.end(Verdict::Requeue);
    }
}
