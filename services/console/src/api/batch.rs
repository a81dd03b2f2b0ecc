//! Many posts in one request, and dry runs.

use contract::{Accepted, Resolved};
use domain::{AccountId, ChannelName};
use intake::Preview;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Problem;

/// The answers to a batch, one per post.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BatchAnswer {
    /// How many are stored now, those that were stored before included.
    pub accepted: usize,
    /// How many of these were stored before.
    pub repeated: usize,
    /// How many were refused.
    pub refused: usize,
    /// The answers, in the batch's order.
    pub items: Vec<BatchItem>,
}

/// The answer to one post of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BatchItem {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// The status that it would have had by itself: 202, 200, 409, 413, 422.
    pub status: u16,
    /// The answer, if it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Accepted>,
    /// What is wrong, if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// The answer to a dry run of a post that would be accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Checked {
    /// Always true: what would be refused is answered with a problem.
    pub would_be_accepted: bool,
    /// What would go out where and when, in the order of the request.
    pub targets: Vec<CheckedTarget>,
    /// What may be a mistake.
    pub warnings: Vec<contract::Problem>,
    /// What operators noted of where it would go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl From<Preview> for Checked {
    fn from(preview: Preview) -> Self {
        let targets = preview.targets.into_iter().map(|target| CheckedTarget {
            channel: target.channel,
            account: target.account,
            due_at: target.due_at,
            resolved: target.resolved,
        });
        Self { would_be_accepted: true, targets: targets.collect(), warnings: preview.warnings, notes: preview.notes }
    }
}

/// A target of a dry run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckedTarget {
    /// The channel.
    pub channel: ChannelName,
    /// The account.
    pub account: AccountId,
    /// When it would go out.
    #[schemars(with = "domain::Rfc3339")]
    pub due_at: Timestamp,
    /// How that was found from what was asked.
    pub resolved: Resolved,
}
