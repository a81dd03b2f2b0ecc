//! Holds the dead letters on the broker against the ledger's list of what needs a person, and mends what differs.
//!
//! A letter is a copy: it decides nothing, and the ledger is never changed because of one. What it is good for is to be seen, counted and
//! moved with RabbitMQ's own means, and for that there must be one for each target on the list, and none for any other.

mod compare;
mod drift;
mod letter;
mod measure;
mod pass;
mod reading;
mod seen;
mod tend;

use std::{sync::Arc, time::Duration};

use broker::{LookError, Transport};
use domain::ChannelName;
use ledger::{Ledger, LedgerError};
use runtime::Runtime;

pub use drift::{Agreement, Counts};
pub use letter::{Letter, Subject};
pub use pass::Mended;
pub use reading::{Entry, Reading, Standing};
use seen::Seen;
pub use tend::{Tender, Touch};

/// How long a target may be on the list before its letter is missed: whoever put it there is about to send the letter.
pub const GRACE: Duration = Duration::from_secs(60);

/// How long the broker may take to say how full a queue is.
const PATIENCE: Duration = Duration::from_secs(3);

/// Questions to the ledger and the broker, and letters sent, at once.
const ABREAST: usize = 32;

/// Why dead letters could not be held against the ledger. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum LettersError {
    /// The queue could not be seen.
    #[error(transparent)]
    Look(#[from] LookError),
    /// The ledger could not be asked.
    #[error("the ledger cannot be asked about dead letters")]
    Ledger(#[from] LedgerError),
}

/// The dead letters of all channels. Cheap to clone.
#[derive(Clone)]
pub struct Letters(Arc<Parts>);

struct Parts {
    runtime: Runtime,
    ledger: Arc<dyn Ledger>,
    transport: Arc<dyn Transport>,
    channels: Vec<ChannelName>,
    seen: Seen,
}

impl Letters {
    /// The dead letters of `channels`.
    pub fn new(
        runtime: Runtime,
        ledger: Arc<dyn Ledger>,
        transport: Arc<dyn Transport>,
        channels: Vec<ChannelName>,
    ) -> Self {
        Self(Arc::new(Parts { runtime, ledger, transport, channels, seen: Seen::default() }))
    }

    /// The channels, in their order.
    pub fn channels(&self) -> &[ChannelName] {
        &self.0.channels
    }
}
