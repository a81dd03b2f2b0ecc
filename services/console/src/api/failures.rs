//! The operators' list.

use domain::{Code, PlatformWords, Scope};
use extent::{Extent, Meanwhile};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Assignment, CausePart, Note, Target};

/// Targets that need a person: all of them by cause, and a page of them one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Failures {
    /// All causes, those with the most targets first.
    pub groups: Vec<FailureGroup>,
    /// This page's targets, newest first.
    pub targets: Vec<Target>,
    /// Give this as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Targets that fail for the same cause: the same code, scope and platform code. Where a platform gives none, what it refuses posts for is
/// told apart by what its words come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureGroup {
    /// The cause's key, as `OP-2102/account/-`.
    pub group: String,
    /// How many targets.
    pub count: u64,
    /// The failure's code; absent if the key has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// What else fails with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// The platform's own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_code: Option<String>,
    /// The failure in a few words.
    pub title: String,
    /// Whose fault it is.
    pub whose_fault: String,
    /// What to do.
    pub remedy: String,
}

/// The operators' list as a whole: how far it reaches, and cause by cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailureGroups {
    /// When it was looked at.
    #[schemars(with = "domain::Rfc3339")]
    pub at: Timestamp,
    /// How many targets need a person.
    pub targets: u64,
    /// Of how many posts.
    pub posts: u64,
    /// How far all of it together reaches.
    pub extent: Extent,
    /// What nearly all of it has in common, in a few words; absent if nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_common: Option<String>,
    /// What goes out meanwhile, since the newest of its causes began; absent if nothing needs a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meanwhile: Option<Meanwhile>,
    /// What is at stake next on the accounts that they are on.
    pub at_stake: AtStake,
    /// The causes, those with the most targets first.
    pub groups: Vec<CauseGroup>,
}

/// A cause, where it strikes, and what comes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CauseGroup {
    /// The cause, how many targets it concerns, whose fault it is and what to do.
    #[serde(flatten)]
    pub cause: FailureGroup,
    /// All of it in one sentence.
    pub sentence: String,
    /// When the first of its targets was put on the list.
    #[schemars(with = "domain::Rfc3339")]
    pub first: Timestamp,
    /// When the last one was.
    #[schemars(with = "domain::Rfc3339")]
    pub last: Timestamp,
    /// How far it reaches.
    pub extent: Extent,
    /// What goes out meanwhile.
    pub meanwhile: Meanwhile,
    /// Where its targets are: the places with the most of them.
    pub spread: Spread,
    /// What is at stake next on the accounts that they are on.
    pub at_stake: AtStake,
    /// What people noted of the cause, and of the accounts, channels and apps that it strikes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Who sees to it, or to a part of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned: Vec<Assignment>,
    /// What of it somebody takes who names no part.
    pub part: CausePart,
    /// What the platform, or the system, said of the newest of its targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_said: Option<PlatformWords>,
    /// How often the newest was tried, if all its tries are used up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<u16>,
    /// What to do instead, because all accounts that it strikes have been found well since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mended: Option<String>,
}

impl CauseGroup {
    /// What to do about it as things stand.
    pub fn remedy(&self) -> &str {
        self.mended.as_deref().unwrap_or(&self.cause.remedy)
    }
}

impl AtStake {
    /// How many a pause holds, in words; none, if it holds none.
    pub fn waiting(&self) -> Option<String> {
        match self.held {
            0 => None,
            1 => Some("1 more that was due is held by a pause".into()),
            held => Some(format!("{held} more that were due are held by a pause")),
        }
    }
}

/// Where a cause's targets are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// By channel.
    pub channels: Shares,
    /// By app, as far as they go through one.
    pub apps: Shares,
    /// By account, written `TENANT/CHANNEL/NAME`.
    pub accounts: Shares,
    /// By tenant.
    pub tenants: Shares,
    /// By post.
    pub posts: Shares,
}

/// How many there are of a kind, and those with the most targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shares {
    /// How many different ones.
    pub distinct: u64,
    /// Those with the most targets, and how many each has.
    pub top: Vec<Share>,
}

/// How many targets are at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Share {
    /// Where.
    pub name: String,
    /// How many.
    pub targets: u64,
}

/// What waits on accounts: what is to be sent within a day, and what a pause holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "StakeNext")]
pub struct AtStake {
    /// How many targets are to be sent within a day.
    pub targets: u64,
    /// When the first of those is to be sent: never in the past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub first: Option<Timestamp>,
    /// How many were due, and are held by a pause.
    #[serde(default)]
    pub held: u64,
}
