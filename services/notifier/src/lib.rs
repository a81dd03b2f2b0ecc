#![doc = include_str!("../README.md")]

mod alerts;
mod deliver;
mod lane;
mod plan;

use std::{collections::HashMap, sync::Arc, time::Duration};

use channels::Foreign;
use domain::Backoff;
use ledger::Deliveries;
use runtime::Runtime;
use tokio::task::JoinHandle;
use vault::{Hook, HookName, Vault};

pub use alerts::{AlertOptions, AlertParts, Alerts, MailOptions, MailTls, Untold, Ways};
use lane::Hold;

/// A notifier's numbers.
#[derive(Debug, Clone)]
pub struct NotifierOptions {
    /// How often it looks for what is due.
    pub every: Duration,
    /// How many calls to one hook are under way at a time.
    pub at_once: usize,
    /// The longest time for one call.
    pub timeout: Duration,
    /// How long a delivery that was taken belongs to whoever took it. Longer than two calls.
    pub lease: Duration,
    /// The waits between attempts.
    pub backoff: Backoff,
    /// How long a delivery is tried, from when it was made or replayed.
    pub give_up_after: Duration,
    /// How long deliveries are kept, for the log and for replays.
    pub keep_for: Duration,
}

impl Default for NotifierOptions {
    fn default() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        Self {
            every: Duration::from_secs(1),
            at_once: 8,
            timeout: Duration::from_secs(15),
            lease: Duration::from_secs(120),
            backoff: Backoff { base: Duration::from_secs(5), factor: 4.0, cap: hours(12), jitter: 0.2 },
            give_up_after: hours(72),
            keep_for: hours(30 * 24),
        }
    }
}

/// How often old deliveries are forgotten.
const PURGE_EVERY: Duration = Duration::from_secs(3600);
/// How many are forgotten in one go.
const PURGE: u32 = 5_000;

/// What a notifier works with. Cheap to clone.
#[derive(Clone)]
pub struct Notifier {
    runtime: Runtime,
    deliveries: Arc<dyn Deliveries>,
    vault: Vault,
    outside: Foreign,
    options: Arc<NotifierOptions>,
}

/// A hook's lane, while it runs and after it.
struct Lane {
    hook: Hook,
    task: JoinHandle<()>,
    hold: Hold,
}

impl Notifier {
    /// A notifier over the given ports.
    pub fn new(
        runtime: Runtime,
        deliveries: Arc<dyn Deliveries>,
        vault: Vault,
        outside: Foreign,
        options: NotifierOptions,
    ) -> Self {
        Self { runtime, deliveries, vault, outside, options: Arc::new(options) }
    }

    /// Works until the runtime is asked to stop. What is being sent then is sent to its end.
    pub async fn run(self) {
        let stop = self.runtime.stop();
        let mut lanes = HashMap::new();
        let mut purge = self.runtime.limit(Duration::ZERO);
        loop {
            self.open_lanes(&mut lanes).await;
            if self.runtime.left(purge).is_zero() {
                self.purge().await;
                purge = self.runtime.limit(PURGE_EVERY);
            }
            let wait = self.runtime.jittered(self.options.every, 0.1);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.runtime.sleep(wait) => {}
            }
        }
    }

    /// Sees to it that each hook that is switched on has a lane that runs.
    async fn open_lanes(&self, lanes: &mut HashMap<HookName, Lane>) {
        let hooks = match self.vault.hooks().await {
            Ok(hooks) => hooks,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the hooks could not be read; they are read again"
                );
                return;
            }
        };
        lanes.retain(|name, lane| !lane.task.is_finished() || hooks.iter().any(|hook| hook.name == *name));
        for hook in hooks.into_iter().filter(|hook| hook.record.disabled.is_none()) {
            let hold = match lanes.get(&hook.name) {
                Some(lane) if !lane.task.is_finished() => continue,
                // What a receiver asked for holds for it, not for the one that somebody has put in its place.
                Some(lane) if lane.hook == hook => lane.hold.clone(),
                _ => Hold::default(),
            };
            if !hold.holds(self.runtime.now()) {
                let task = self.runtime.spawn(self.clone().lane(hook.clone(), hold.clone()));
                lanes.insert(hook.name.clone(), Lane { hook, task, hold });
            }
        }
    }

    async fn purge(&self) {
        loop {
            match self.deliveries.purge_deliveries(self.options.keep_for, PURGE).await {
                Ok(gone) if gone >= u64::from(PURGE) => {}
                Ok(_) => return,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "old deliveries could not be forgotten; that is tried again in an hour");
                    return;
                }
            }
        }
    }
}
