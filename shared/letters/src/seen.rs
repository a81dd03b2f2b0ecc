//! What was found when all letters of a channel were looked through, remembered as long as the process lives.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::ChannelName;

/// Channels whose letters were looked through.
#[derive(Default)]
pub(crate) struct Seen(Mutex<BTreeMap<ChannelName, Whole>>);

/// What a look at all letters has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole {
    /// Letters of no target of this ledger.
    pub foreign: u64,
    /// When, by the process's uptime.
    pub at: Duration,
}

impl Seen {
    /// Notes what a look at all letters of `channel` has found.
    pub fn note(&self, channel: &ChannelName, foreign: u64, at: Duration) {
        self.all().insert(channel.clone(), Whole { foreign, at });
    }

    /// What the last one has found.
    pub fn of(&self, channel: &ChannelName) -> Option<Whole> {
        self.all().get(channel).copied()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<ChannelName, Whole>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
