//! Trying again.

use domain::{AccountId, ChannelName, PostId, State, TargetId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Target;

/// What a retry of a post's failed targets does, or would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RetryPlan {
    /// The post.
    pub post: PostId,
    /// Nothing was changed; this is what would happen.
    pub dry_run: bool,
    /// How many targets go.
    pub going: usize,
    /// How many are held back.
    pub held_back: usize,
    /// Each target.
    pub targets: Vec<Retry>,
}

/// One target of a retry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Retry {
    /// Which.
    pub target: TargetId,
    /// Its channel.
    pub channel: ChannelName,
    /// Its account.
    pub account: AccountId,
    /// Where it stands, after a retry that was carried out.
    pub state: State,
    /// Whether it goes.
    pub goes: bool,
    /// What happens, or why it is held back.
    pub why: String,
}

/// A target that was tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Retried {
    /// What was done.
    pub what: String,
    /// The target as it is now.
    pub target: Target,
}
