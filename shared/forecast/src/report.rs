//! What a look came to.

use domain::{AccountId, ChannelName, PostId, TargetId, TenantId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::risk::{Risk, Verdict};

/// What a look came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// When it was looked, by the ledger's clock.
    #[schemars(with = "domain::Rfc3339")]
    pub at: Timestamp,
    /// Up to which time.
    #[schemars(with = "domain::Rfc3339")]
    pub until: Timestamp,
    /// How many targets were looked at.
    pub looked_at: u64,
    /// How many of them a pause holds, or will when they are due: they do not go out while it lasts.
    #[serde(default)]
    pub held: u64,
    /// How many more there are, at least: those that come later.
    pub not_looked_at: u64,
    /// What became of their files' addresses; absent if they were not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaLook>,
    /// How many targets will fail.
    pub will_fail: u64,
    /// How many others are at risk.
    pub at_risk: u64,
    /// Why, the surest first, then by the first target that it concerns.
    pub causes: Vec<Cause>,
    /// Those targets, in the order of their times.
    pub targets: Vec<AtStake>,
}

/// How many addresses of files were asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaLook {
    /// Asked, each once.
    pub asked: u64,
    /// Not asked: there was no time left.
    pub not_asked: u64,
}

/// One cause, with all that it concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// The risk as the first of its targets has it, with the earliest time by which something is to be done.
    #[serde(flatten)]
    pub risk: Risk,
    /// The accounts that it concerns, as `acme/mastodon/main`, sorted.
    pub accounts: Vec<String>,
    /// How many targets.
    pub targets: u64,
    /// When the first of them would go out.
    #[schemars(with = "domain::Rfc3339")]
    pub first: Timestamp,
}

/// A target that will fail or is at risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AtStake {
    /// Its id.
    pub target: TargetId,
    /// Its post.
    pub post: PostId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Where it goes.
    pub channel: ChannelName,
    /// On which account.
    pub account: AccountId,
    /// When it should go out.
    #[schemars(with = "domain::Rfc3339")]
    pub due_at: Timestamp,
    /// When it would, if nothing else were in its way.
    #[schemars(with = "domain::Rfc3339")]
    pub goes_at: Timestamp,
    /// After this it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub deadline: Option<Timestamp>,
    /// The worst of its risks.
    pub verdict: Verdict,
    /// Why, the surest first.
    pub risks: Vec<Risk>,
}
