//! What could not go out and is tried again.

use domain::{ChannelName, Code, PlatformWords};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is being retried by itself. It needs nobody; it is late all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retrying {
    /// The ledger's time.
    #[schemars(with = "domain::Rfc3339")]
    pub at: Timestamp,
    /// How many targets are being retried: of those that were looked at one by one.
    pub targets: u64,
    /// How many more wait for a later time than they were due and were not looked at one by one.
    pub not_looked_at: u64,
    /// How many targets wait for a later time than they were due, and were due longer ago than is tolerated.
    pub overdue: u64,
    /// Why, by channel and cause, those with the most targets first.
    pub causes: Vec<RetryingCause>,
}

/// What is being retried on one channel for one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetryingCause {
    /// The channel.
    pub channel: ChannelName,
    /// The cause's key, as `OP-3001/channel/-`; `-` where nothing went wrong, as when a worker gave a target back.
    pub group: String,
    /// The failure's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The failure in a few words.
    pub title: String,
    /// Whose fault it is.
    pub whose_fault: String,
    /// What the platform, or the system, said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_said: Option<PlatformWords>,
    /// How many targets.
    pub targets: u64,
    /// Of how many accounts.
    pub accounts: u64,
    /// When the first of them was due.
    #[schemars(with = "domain::Rfc3339")]
    pub first_due: Timestamp,
    /// When the first of them is tried next. May have passed.
    #[schemars(with = "domain::Rfc3339")]
    pub next_try: Timestamp,
    /// When the first of them is given up at the earliest, if it goes on like this: at its deadline, or when its tries are used up. Absent
    /// where it is tried until it goes out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub given_up_at: Option<Timestamp>,
    /// All of it in one sentence.
    pub sentence: String,
}

/// When something went out last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LastPublish")]
pub struct NewestPublish {
    /// When an attempt last ended with its target published; absent if none has, as far as was looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub at: Option<Timestamp>,
    /// Nothing earlier than this was looked at; absent if everything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub since: Option<Timestamp>,
}
