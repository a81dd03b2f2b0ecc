//! A hook's lane: what is due for it, so many calls at a time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use ledger::Delivery;
use vault::Hook;

use crate::Notifier;

/// How long a lane runs before the hook is read anew: what was changed meanwhile counts from then on.
const RUNS_FOR: Duration = Duration::from_secs(10);

/// Until when a receiver asked for nothing more to be sent. Each process keeps that for itself.
#[derive(Clone, Default)]
pub(crate) struct Hold(Arc<AtomicI64>);

impl Hold {
    /// Whether nothing is to be sent at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        now.as_millisecond() < self.0.load(Ordering::Relaxed)
    }

    /// Sends nothing before `until`.
    pub fn until(&self, until: Timestamp) {
        self.0.fetch_max(until.as_millisecond(), Ordering::Relaxed);
    }
}

impl Notifier {
    /// Sends what is due for `hook` until nothing is.
    pub(crate) async fn lane(self, hook: Hook, hold: Hold) {
        let keys = match self.vault.signing_keys(&hook) {
            Ok(keys) => keys,
            Err(error) => {
                // Until somebody mends that; every second would be too often to say so.
                hold.until(self.runtime.now() + Duration::from_secs(60));
                tracing::error!(error = &error as &dyn std::error::Error, hook = %hook.name, "nothing can be signed for a hook");
                return;
            }
        };
        let over = self.runtime.limit(RUNS_FOR);
        let signed = Arc::new((hook, keys));
        let hook = &signed.0;
        let mut under_way = FuturesUnordered::new();
        loop {
            let room = self.options.at_once.saturating_sub(under_way.len());
            // What is taken is sent at once: nothing waits here while its lease runs.
            if room > 0 && !self.runtime.left(over).is_zero() {
                let due = self.take(hook, &hold, room).await;
                // Each is a task of its own: one that has got hold of the ledger must not wait until this one looks at it again,
                // which itself may wait for the ledger.
                under_way.extend(due.into_iter().map(|delivery| {
                    let (notifier, signed, hold) = (self.clone(), signed.clone(), hold.clone());
                    self.runtime.spawn(async move { notifier.deliver(&signed.0, &signed.1, &hold, delivery).await })
                }));
            }
            if under_way.next().await.is_none() {
                return;
            }
        }
    }

    async fn take(&self, hook: &Hook, hold: &Hold, most: usize) -> Vec<Delivery> {
        if self.runtime.stop().is_cancelled() || hold.holds(self.runtime.now()) {
            return Vec::new();
        }
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        match self.deliveries.take_deliveries(hook.name.as_str(), most, self.options.lease).await {
            Ok(batch) => batch,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, hook = %hook.name, "what is due could not be read");
                Vec::new()
            }
        }
    }
}
