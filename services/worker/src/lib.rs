//! Workers: they take publish messages of some channels and carry out the delivery protocol.
//!
//! A worker is stateless. It takes a message, asks the ledger for the right to one attempt, lets the channel send, and
//! records what came of it; only then is the message acknowledged. What to do is decided by [`domain`]; this crate
//! carries it out.

mod attempt;
mod consume;
mod deliver;
mod hint;
mod newer;
mod next;
mod options;
mod patience;
mod record;
mod traced;

use std::sync::Arc;

use broker::Transport;
use channels::{Accounts, Registry};
use guard::Guard;
use ledger::Ledger;
use outbox::Outbox;
use runtime::Runtime;

pub use hint::read_hint;
pub use options::WorkerOptions;

/// What a worker works with.
#[derive(Clone)]
pub struct Worker {
    pub(crate) runtime: Runtime,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) guard: Arc<dyn Guard>,
    pub(crate) channels: Arc<Registry>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) outbox: Outbox,
    pub(crate) options: Arc<WorkerOptions>,
}

/// The ports a worker needs.
pub struct Ports {
    /// The truth.
    pub ledger: Arc<dyn Ledger>,
    /// Messages.
    pub transport: Arc<dyn Transport>,
    /// Locks, hints and limits.
    pub guard: Arc<dyn Guard>,
    /// The platforms.
    pub channels: Arc<Registry>,
    /// Credentials.
    pub accounts: Arc<dyn Accounts>,
}

impl Worker {
    /// A worker over the given ports.
    pub fn new(runtime: Runtime, ports: Ports, options: WorkerOptions) -> Self {
        let outbox = Outbox::start(&runtime, ports.ledger.clone(), ports.transport.clone());
        Self {
            runtime,
            ledger: ports.ledger,
            transport: ports.transport,
            guard: ports.guard,
            channels: ports.channels,
            accounts: ports.accounts,
            outbox,
            options: Arc::new(options),
        }
    }

    /// Works until the runtime is asked to stop, then drains: takes nothing more, ends what is in flight, and returns.
    ///
    /// # Errors
    /// A channel has no connector, or the broker does not have its queue.
    pub async fn run(self) -> Result<(), WorkerError> {
        let mut lines = Vec::new();
        for name in &self.options.channels {
            let channel =
                self.channels.get(name).cloned().ok_or_else(|| WorkerError::NoConnector { channel: name.clone() })?;
            lines.push(consume::consume(self.clone(), channel));
        }
        futures::future::try_join_all(lines).await.map(drop)
    }
}

/// Why a worker cannot work.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// A channel was asked for that this program has no connector for.
    #[error("there is no connector for the channel \"{channel}\"; `oncepost channels` lists those there are")]
    NoConnector {
        /// The channel's name.
        channel: String,
    },
    /// The channel's queue cannot be consumed.
    #[error("the work queue of \"{channel}\" cannot be consumed")]
    Consume {
        /// The channel's name.
        channel: String,
        /// Why.
        #[source]
        cause: broker::BrokerError,
    },
}
