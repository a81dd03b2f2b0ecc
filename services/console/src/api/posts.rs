//! Posts and targets.

use std::collections::BTreeMap;

use contract::Diagnosis;
use domain::{
    AccountId, AppId, Attempt, ChannelName, Content, Lease, Listed, Override, PartOut, PlatformWords, PostId,
    PostStatus, State, TargetId, TenantId,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Assignment, Note};

/// A post with its targets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Post {
    /// Its id.
    pub id: PostId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The upstream's idempotency key.
    pub key: String,
    /// Grows with every accepted change; a change names the revision it was based on.
    pub revision: u32,
    /// Where it stands, derived from its targets.
    pub status: PostStatus,
    /// When it was accepted.
    #[schemars(with = "domain::Rfc3339")]
    pub accepted_at: Timestamp,
    /// What it says.
    pub content: Content,
    /// Its targets.
    pub targets: Vec<Target>,
}

/// A target: one post on one account of one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// Its id.
    pub id: TargetId,
    /// The post it belongs to.
    pub post: PostId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Where it goes.
    pub channel: ChannelName,
    /// On which account.
    pub account: AccountId,
    /// Through which of our registrations with the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// Where it stands.
    pub state: State,
    /// Grows with every accepted change of the target.
    pub revision: u32,
    /// When it should go out.
    #[schemars(with = "domain::Rfc3339")]
    pub due_at: Timestamp,
    /// After this it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub deadline: Option<Timestamp>,
    /// When its next step is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub next_at: Option<Timestamp>,
    /// What happens next, and by whom.
    pub next_step: String,
    /// Did it go out?
    pub went_out: OutThere,
    /// What is out, with the platform's proof.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub out: Vec<PartOut>,
    /// Which part is in doubt, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_doubt: Option<PartInDoubt>,
    /// Why a person is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_person: Option<Listed>,
    /// The key of the cause by which it is on the operators' list, or that kept it until its deadline had passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What went wrong, whose fault it is, what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Diagnosis>,
    /// The platform's own words on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_said: Option<PlatformWords>,
    /// Who works on it right now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::openapi::shapes::Lease>")]
    pub lease: Option<Lease>,
    /// The newest attempt's number; 0 before the first.
    pub attempt: u32,
    /// Tries used of those allowed.
    pub tries: u16,
    /// Looks used to settle an unknown outcome.
    pub looks: u16,
    /// What it changes of its post's content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Override>,
    /// Its attempts that have ended, oldest first, if they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Vec<Attempt>>,
    /// What people noted of it: of its account, channel and app, and of what went wrong. Only where one target is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Who sees to it, or to its cause. On the operators' list, and where one target is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned: Vec<Assignment>,
}

/// A part of which it is not known whether it is out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartInDoubt {
    /// Which, counted from 1.
    pub part: u16,
    /// How many there are.
    pub parts: u16,
    /// How its words begin.
    pub begins: String,
}

/// Did it go out?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutThere {
    /// Surely not.
    No,
    /// Some parts of a thread are out.
    Partly,
    /// Yes, with proof.
    Yes,
    /// The platform has it and still decides.
    Deciding,
    /// A publish call was made and its outcome is not known.
    Unknown,
}

impl OutThere {
    /// The answer in words.
    pub fn words(self) -> &'static str {
        match self {
            OutThere::No => "no",
            OutThere::Partly => "in part",
            OutThere::Yes => "yes",
            OutThere::Deciding => "the platform has it and still decides",
            OutThere::Unknown => "not known",
        }
    }
}

/// A page of posts, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Posts {
    /// The posts.
    pub posts: Vec<PostLine>,
    /// Give this as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// With `q`: the posts since then have been searched, and older ones are searched for the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub searched_to: Option<Timestamp>,
}

/// A post in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PostLine {
    /// Its id.
    pub id: PostId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The upstream's idempotency key.
    pub key: String,
    /// The start of its text.
    pub excerpt: String,
    /// When it was accepted.
    #[schemars(with = "domain::Rfc3339")]
    pub accepted_at: Timestamp,
    /// Where it stands.
    pub status: PostStatus,
    /// How many targets stand where.
    pub states: BTreeMap<State, u32>,
}
