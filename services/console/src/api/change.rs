//! Changes of posts and targets.

use domain::{AccountId, ChannelName, PostId, State, TargetId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Target;

/// A post that was changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedPost {
    /// Which.
    pub post: PostId,
    /// Its revision now.
    pub revision: u32,
    /// The targets that were changed, as they are now.
    pub targets: Vec<ChangedTarget>,
}

/// A target after a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedTarget {
    /// Which.
    pub id: TargetId,
    /// Its channel.
    pub channel: ChannelName,
    /// Its account.
    pub account: AccountId,
    /// Where it stands now.
    pub state: State,
    /// When it should go out.
    #[schemars(with = "domain::Rfc3339")]
    pub due_at: Timestamp,
    /// After this it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub deadline: Option<Timestamp>,
}

/// The platform is asked once more about a target in doubt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LookedAgain {
    /// What comes of it.
    pub what: String,
    /// The target as it is now.
    pub target: Target,
}

/// A person's word on a target in doubt: exactly one of `published` and `send_again`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolution {
    /// It is out, here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Proof>,
    /// It is not out: send it again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub send_again: bool,
    /// With `published`: it is the post of another target as well, of this account or of another on the same server, which has it on record.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
    /// With `published`: the caller has seen that it is a post of the target's account. Needed where nothing else tells that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_account: bool,
    /// With `send_again`: the target's newest attempt when the person looked. If it was tried again since, nothing is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// How the person knows; goes into the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Where a person saw it; at least one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The platform's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// What some targets of one post are to say from now on. Those that have failed are tried again in the same step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditManyAsk {
    /// Which targets.
    pub targets: Vec<TargetId>,
    /// The text, of a thread that of its first part. Everything else that each of them says stays.
    pub text: String,
    /// The post's revision that the edit is based on; absent: whichever it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// Why, in your words; goes into the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What one target is to say from now on. If it has failed, it is tried again in the same step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditAsk {
    /// The content, as in a schedule message: all of it, for this target alone.
    pub content: serde_json::Value,
    /// The post's revision that the edit is based on; absent: whichever it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// Why, in your words; goes into the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
