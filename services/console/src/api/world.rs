//! What oncepost publishes to, and how much of it there is.

use std::collections::BTreeMap;

use domain::{ChannelName, State, TargetId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Every channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Channels {
    /// Each of them.
    pub channels: Vec<Channel>,
    /// Whether the broker says how full the queues are; absent for a tenant's token, which sees none of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broker_answers: Option<bool>,
}

/// A channel: what it is, and how it is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// The platform's name.
    pub title: String,
    /// What the platform offers against doing a thing twice, where an account does not say otherwise.
    pub repeat: Repeat,
    /// How many of the accounts say otherwise, by the kind that holds for them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub repeat_differs: BTreeMap<String, usize>,
    /// The longest text of a part, each way of counting by itself: "500 characters".
    pub text: Vec<String>,
    /// The most media per part; absent where there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<usize>,
    /// The most parts of a thread; 1 where there are none.
    pub thread_parts: u16,
    /// The names of the secrets that an account needs.
    pub secrets: Vec<String>,
    /// How many accounts the caller can see on it.
    pub accounts: usize,
    /// How many of them a pause holds back, of whatever scope.
    #[serde(default)]
    pub accounts_paused: usize,
    /// How many of its targets are being retried: of those that were looked at one by one.
    #[serde(default)]
    pub retrying: u64,
    /// When the first of those was due that wait for a later time than they were due; absent if none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub late_since: Option<Timestamp>,
    /// Held back by a pause of the channel or of everything.
    pub paused: bool,
    /// Its work queue; absent for callers bound to a tenant, and when the broker does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Queue>,
    /// Its dead letters; absent like the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead: Option<Queue>,
}

/// What a platform offers against doing a thing twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Repeat {
    /// `platform key`, `handle`, `look-up` or `nothing`.
    pub kind: String,
    /// What happens after an unknown outcome.
    pub meaning: String,
    /// How long the platform remembers a key, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_for_s: Option<u64>,
    /// How long after the last send an unknown outcome may be looked into, in seconds.
    pub settles_after_s: u64,
    /// How long after the last send "not there" means "never arrived", in seconds; absent where nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sure_after_s: Option<u64>,
}

/// How full a queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Queue {
    /// Messages waiting to be delivered.
    pub ready: u64,
    /// Consumers in all processes.
    pub consumers: u64,
}

/// The full scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Census {
    /// When it was taken.
    #[schemars(with = "domain::Rfc3339")]
    pub at: Timestamp,
    /// Targets per channel and state.
    pub counts: Vec<Count>,
    /// Targets that need a person.
    pub needs_person: u64,
    /// Targets whose outcome is not known.
    pub in_doubt: u64,
    /// Targets whose next step should have come longer ago than is tolerated.
    pub overdue: u64,
    /// The oldest due time of a waiting target that is past it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub oldest_due: Option<Timestamp>,
    /// Promises found broken, at most 100 of them.
    pub violations: Vec<Violation>,
}

/// How many targets of a channel are in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Count {
    /// The channel.
    pub channel: ChannelName,
    /// The state.
    pub state: State,
    /// How many.
    pub count: u64,
}

/// A promise found broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Violation {
    /// By which target.
    pub target: TargetId,
    /// Which promise, as `no_silent_miss`.
    pub promise: String,
}
