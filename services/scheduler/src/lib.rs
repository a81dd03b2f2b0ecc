//! The scheduler: takes schedule requests from the broker, hands due targets to the workers, and sweeps.
//!
//! Any number of schedulers may run at once and none is special: the ledger gives each due target to one of them. What a
//! scheduler that dies had claimed is claimed again when it is overdue.

mod door;
mod emit;
mod media;
mod outage;
mod pace;
mod queues;
mod sweep;

use std::{sync::Arc, time::Duration};

use broker::Transport;
use channels::{Accounts, Media};
use intake::Intake;
use ledger::Ledger;
use letters::{Letters, Tender};
use outbox::Outbox;
use runtime::Runtime;

/// A scheduler's settings.
#[derive(Debug, Clone)]
pub struct SchedulerOptions {
    /// How much ahead of its time a target is claimed, so that it is handed over on time.
    pub ahead: Duration,
    /// The most targets taken in one claim.
    pub batch: u32,
    /// The most targets of one channel that may wait in its queue. The rest waits in the ledger, where it can be seen.
    pub outstanding_per_channel: u32,
    /// How long to wait at most before looking for due work again.
    pub poll: Duration,
    /// How often to sweep.
    pub sweep: Duration,
    /// How long something may be overdue before the sweep reports it.
    pub patience: Duration,
    /// How many schedule requests are taken at a time.
    pub prefetch: u16,
}

impl Default for SchedulerOptions {
    fn default() -> Self {
        Self {
            ahead: Duration::from_millis(500),
            batch: 500,
            outstanding_per_channel: 2000,
            poll: Duration::from_secs(1),
            sweep: Duration::from_secs(60),
            patience: Duration::from_secs(300),
            prefetch: 500,
        }
    }
}

/// What a scheduler works with.
#[derive(Clone)]
pub struct Scheduler {
    pub(crate) runtime: Runtime,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) intake: Arc<Intake>,
    pub(crate) outbox: Outbox,
    /// The media store, and how long a file is kept after it was used last.
    pub(crate) media: Option<(Media, Duration)>,
    /// The dead letters, to be held against the ledger.
    pub(crate) letters: Option<Letters>,
    /// The channels whose queues are counted.
    pub(crate) measured: Arc<[String]>,
    pub(crate) options: Arc<SchedulerOptions>,
}

impl Scheduler {
    /// A scheduler over the given ports.
    pub fn new(
        runtime: Runtime,
        ledger: Arc<dyn Ledger>,
        transport: Arc<dyn Transport>,
        accounts: Arc<dyn Accounts>,
        intake: Arc<Intake>,
        options: SchedulerOptions,
    ) -> Self {
        let outbox = Outbox::start(&runtime, ledger.clone(), transport.clone());
        Self {
            runtime,
            ledger,
            transport,
            accounts,
            intake,
            outbox,
            media: None,
            letters: None,
            measured: Arc::default(),
            options: Arc::new(options),
        }
    }

    /// The same, removing from the media store what nobody has used for `keep_for`.
    pub fn sweeping(mut self, media: Media, keep_for: Duration) -> Self {
        self.media = Some((media, keep_for));
        self
    }

    /// The same, holding the dead letters on the broker against the ledger and mending what differs.
    pub fn tending(mut self, letters: Letters) -> Self {
        self.letters = Some(letters);
        self
    }

    /// The same, counting what waits in the queues of these channels, and in those that all share.
    pub fn measuring(mut self, channels: Vec<String>) -> Self {
        self.measured = channels.into();
        self
    }

    /// Works until the runtime is asked to stop.
    ///
    /// # Errors
    /// The schedule queue cannot be consumed.
    pub async fn run(self) -> Result<(), broker::BrokerError> {
        let door = door::run(self.clone());
        let emit = emit::run(self.clone());
        let media = media::run(self.clone());
        let letters = self.letters.clone().map(|letters| Tender::new(letters).run());
        let letters = futures::future::OptionFuture::from(letters);
        let queues = queues::run(self.clone());
        let sweep = sweep::run(self);
        let (door, (), (), _, (), ()) = futures::join!(door, emit, media, letters, queues, sweep);
        door
    }
}
