//! What is still to go out.

use domain::{AccountId, ChannelName, PostId, State, TargetId, TenantId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A page of the targets that wait to be sent, in the order in which they are to go out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ScheduledTargets")]
pub struct Schedule {
    /// The ledger's time.
    #[schemars(with = "domain::Rfc3339")]
    pub at: Timestamp,
    /// The targets.
    pub targets: Vec<Waiting>,
    /// Give this as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A target that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waiting {
    /// Its id.
    pub target: TargetId,
    /// The post it belongs to.
    pub post: PostId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Where it goes.
    pub channel: ChannelName,
    /// On which account.
    pub account: AccountId,
    /// How it waits: `scheduled`, `queued`, `retrying`, `held`.
    pub state: State,
    /// When it should go out.
    #[schemars(with = "domain::Rfc3339")]
    pub due_at: Timestamp,
    /// When it is to be sent: `due_at`, or its next try if that is later. What is held goes when its pause ends.
    #[schemars(with = "domain::Rfc3339")]
    pub goes_at: Timestamp,
    /// After this it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub deadline: Option<Timestamp>,
    /// How its text begins.
    pub excerpt: String,
}
