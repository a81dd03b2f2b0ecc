//! Who sees to what of the operators' list.

use domain::{ChannelName, TenantId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Somebody sees to a cause, to a part of it, or to one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assignment {
    /// To what: `cause:OP-2102/account/-` or `target:0192…`.
    pub on: String,
    /// Of the cause only what is this tenant's; of a target, whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// Of the cause only what is on this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// Of the cause only what is on this account, written `TENANT/CHANNEL/NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Who sees to it.
    pub to: String,
    /// What was said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Who assigned it.
    pub by: String,
    /// When.
    #[schemars(with = "domain::Rfc3339")]
    pub at: Timestamp,
    /// Since when nothing of it needs a person. An hour after that the assignment ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub idle_since: Option<Timestamp>,
}

impl Assignment {
    /// Whether it is on one target.
    pub fn is_of_target(&self) -> bool {
        self.on.starts_with("target:")
    }

    /// The part of a cause that it is on, as `account acme/mastodon/main`; none if it is on all of it, or on a target.
    pub fn part(&self) -> Option<String> {
        if self.is_of_target() {
            return None;
        }
        match (&self.account, &self.channel, &self.tenant) {
            (Some(account), ..) => Some(format!("account {account}")),
            (None, Some(channel), Some(tenant)) => Some(format!("{channel} of tenant {tenant}")),
            (None, Some(channel), None) => Some(format!("channel {channel}")),
            (None, None, Some(tenant)) => Some(format!("tenant {tenant}")),
            (None, None, None) => None,
        }
    }

    /// How much it is of something that somebody else has a part of, as `account acme/mastodon/main of it`.
    pub fn share(&self) -> String {
        match (self.on.strip_prefix("target:"), self.part()) {
            (Some(target), _) => format!("target {target} of it"),
            (None, Some(part)) => format!("{part} of it"),
            (None, None) => "all of it".into(),
        }
    }
}

/// The part of a cause that is a tenant's, on a channel, or on an account; of nothing, all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CausePart {
    /// Only what is this tenant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// Only what is on this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// Only what is on this account, written `TENANT/CHANNEL/NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

impl CausePart {
    /// Whether an assignment is on exactly this part.
    pub fn is_of(&self, one: &Assignment) -> bool {
        (&self.tenant, &self.channel, &self.account) == (&one.tenant, &one.channel, &one.account)
    }
}

/// An assignment that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assigned {
    /// The assignment.
    #[serde(flatten)]
    pub assignment: Assignment,
    /// Others who have a part of the same, or that of which it is a part. They keep it: who does what is theirs to settle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Assignment>,
}

/// Assignments, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assignments {
    /// The assignments.
    pub assignments: Vec<Assignment>,
}

/// To whom something is to be assigned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentAsk {
    /// What: `cause:OP-2102/account/-` or `target:0192…`.
    pub on: String,
    /// Of a cause only what is this tenant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// Of a cause only what is on this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// Of a cause only what is on this account, written `TENANT/CHANNEL/NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Who sees to it from now on; absent: you.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What is to be said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Who has it now, if it is to be taken from them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
}
