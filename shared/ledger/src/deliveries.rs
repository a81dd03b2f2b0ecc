//! Deliveries of events to hooks: a port beside the ledger, in the same database.
//!
//! A hook is an address that somebody wants events to be sent to. When the outbox marks an event as told, the same transaction makes a
//! delivery for each hook that wants it: so none is lost and none is made twice. Whoever sends takes what is due with a lease, and
//! records what came of each attempt.

use std::time::Duration;

use async_trait::async_trait;
use domain::{Event, EventId, PostId};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::{LedgerError, Page};

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is to be sent, or being sent.
    Waiting,
    /// The receiver has it.
    Delivered,
    /// It was not taken in all its time; nobody tries any more.
    GivenUp,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [DeliveryState; 3] = [Self::Waiting, Self::Delivered, Self::GivenUp];

    /// The state's name, as it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// An event on its way to a hook.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The hook's name.
    pub hook: String,
    /// What is told.
    pub event: Event,
    /// How it stands.
    pub state: DeliveryState,
    /// When it was made: when the event was told.
    pub made_at: Timestamp,
    /// When it was made, or replayed last: what its time is counted from.
    pub since: Timestamp,
    /// When it is tried next, or, while it is being sent, taken to be lost; absent once it is done.
    pub due_at: Option<Timestamp>,
    /// The newest attempt's number.
    pub attempt: u32,
    /// How many attempts were begun since [`since`](Self::since).
    pub tries: u32,
    /// The attempts that have ended, in order. One whose number is missing was cut short: its process ended.
    pub log: Vec<DeliveryAttempt>,
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// Its number.
    pub number: u32,
    /// When it was begun, by the sender's clock.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub millis: u32,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Why it was not taken.
    pub why: Option<String>,
}

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterAttempt {
    /// Nothing: the receiver has it.
    Delivered,
    /// Another attempt, so much later.
    Again(Duration),
    /// Nothing: nobody tries any more.
    GivenUp,
}

/// An attempt that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptMade {
    /// The hook's name.
    pub hook: String,
    /// The event.
    pub event: EventId,
    /// What came of it.
    pub attempt: DeliveryAttempt,
    /// What follows.
    pub then: AfterAttempt,
}

/// Which deliveries to list.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// To this hook.
    pub hook: Option<String>,
    /// Of this event.
    pub event: Option<EventId>,
    /// Of this post's events.
    pub post: Option<PostId>,
    /// Those that stand so.
    pub state: Option<DeliveryState>,
    /// At most this many; 0 means 50.
    pub limit: u32,
    /// Go on after this page's `next`.
    pub after: Option<String>,
}

/// Which deliveries of a hook to send again.
#[derive(Debug, Clone, PartialEq)]
pub enum Replay {
    /// That of one event, however it stands.
    Event(EventId),
    /// All that were made at this time or later and stand so; `None`: however they stand.
    Since(Timestamp, Option<DeliveryState>),
}

/// What a hook still waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliveryTally {
    /// How many deliveries are to be sent, or being sent.
    pub waiting: u64,
    /// When the oldest of them was made.
    pub oldest: Option<Timestamp>,
}

/// Where deliveries are kept. They are made by [`Ledger::told`](crate::Ledger::told).
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// Takes at most `most` deliveries of `hook` that are due, those that are due longest first. Each has begun its next attempt, and is
    /// due again only when `lease` is over. Several processes may take at once; none gets what another has.
    async fn take_deliveries(&self, hook: &str, most: u32, lease: Duration) -> Result<Vec<Delivery>, LedgerError>;

    /// Records what came of an attempt. One that was not taken changes nothing but the log if a later attempt has begun since: that one
    /// decides. One that was taken settles it.
    async fn attempt_made(&self, made: AttemptMade) -> Result<(), LedgerError>;

    /// Deliveries, newest first, with their attempts.
    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Page<Delivery>, LedgerError>;

    /// Makes deliveries of `hook` due now, as if they were new. Returns how many.
    async fn replay(&self, hook: &str, which: &Replay) -> Result<u64, LedgerError>;

    /// What `hook` still waits for.
    async fn tally(&self, hook: &str) -> Result<DeliveryTally, LedgerError>;

    /// Forgets every delivery of `hook`: there is no such hook any more. Returns how many.
    async fn forget_hook(&self, hook: &str) -> Result<u64, LedgerError>;

    /// Forgets at most `most` deliveries that were made, and replayed last, longer than `older_than` ago. Returns how many.
    async fn purge_deliveries(&self, older_than: Duration, most: u32) -> Result<u64, LedgerError>;
}

/// What a hook wants to be told: of the open part of its record, all that is read here.
#[derive(Debug, Deserialize)]
pub(crate) struct Wants {
    #[serde(default)]
    tenant: Option<String>,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    disabled: Option<Value>,
}

impl Wants {
    /// Whether `event` is to be sent there. Nothing is kept for a hook that is switched off.
    pub(crate) fn take(&self, event: &Event) -> bool {
        self.disabled.is_none()
            && self.tenant.as_ref().is_none_or(|tenant| tenant == event.tenant.as_str())
            && (self.events.is_empty() || self.events.iter().any(|name| name == event.name.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_named_as_they_are_stored() {
        for state in DeliveryState::ALL {
            assert_eq!(DeliveryState::named(state.name()), Some(state));
        }
        assert_eq!(DeliveryState::named("lost"), None);
    }
}
