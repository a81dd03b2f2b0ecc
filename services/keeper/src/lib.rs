#![doc = include_str!("../README.md")]

mod auditor;
mod outlook;
mod plan;
mod pruner;
mod round;

use std::{sync::Arc, time::Duration};

use guard::Guard;
use ledger::Ledger;
use runtime::Runtime;
use vault::Vault;

pub use auditor::{Auditor, AuditorOptions, AuditorParts};
pub use outlook::{Outlook, OutlookOptions};
pub use pruner::Pruner;

/// A keeper's settings.
#[derive(Debug, Clone)]
pub struct KeeperOptions {
    /// How often it looks after the accounts.
    pub every: Duration,
    /// How many accounts it looks after at a time.
    pub at_once: usize,
    /// The pause between two targets of an account that are released.
    pub drip: Duration,
}

impl Default for KeeperOptions {
    fn default() -> Self {
        Self { every: Duration::from_secs(60), at_once: 16, drip: Duration::from_secs(2) }
    }
}

/// What a keeper works with. Cheap to clone.
#[derive(Clone)]
pub struct Keeper {
    pub(crate) runtime: Runtime,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) guard: Arc<dyn Guard>,
    pub(crate) vault: Vault,
    pub(crate) options: Arc<KeeperOptions>,
}

impl Keeper {
    /// A keeper over the given ports.
    pub fn new(
        runtime: Runtime,
        ledger: Arc<dyn Ledger>,
        guard: Arc<dyn Guard>,
        vault: Vault,
        options: KeeperOptions,
    ) -> Self {
        Self { runtime, ledger, guard, vault, options: Arc::new(options) }
    }

    /// Works until the runtime is asked to stop.
    pub async fn run(self) {
        let stop = self.runtime.stop();
        loop {
            self.round().await;
            // Several keepers that started together need not ask together.
            let wait = self.runtime.jittered(self.options.every, 0.1);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.runtime.sleep(wait) => {}
            }
        }
    }
}
