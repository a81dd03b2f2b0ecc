//! Pauses.

use domain::Code;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The pauses in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pauses {
    /// Each of them.
    pub pauses: Vec<Pause>,
}

/// A pause in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pause {
    /// What it holds back: `all`, `channel:mastodon`, `account:acme/mastodon/main`, `tenant:acme`, `app:x`.
    pub scope: String,
    /// Why.
    pub reason: String,
    /// The failure that caused it, when the machine paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Who paused: a caller's name, or `oncepost`.
    pub by: String,
    /// Since when.
    #[schemars(with = "domain::Rfc3339")]
    pub since: Timestamp,
}

/// A pause that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseAsk {
    /// What to hold back.
    pub scope: String,
    /// Why, for whoever finds it.
    pub reason: String,
}

/// A pause that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resumed {
    /// What was held back.
    pub scope: String,
    /// How many targets were released. What another pause still covers stays held.
    pub released: u64,
}
