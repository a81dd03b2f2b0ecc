//! What a sender is told of its request. The same by HTTP, to a reply queue and on the queue of refused requests.

use domain::{AccountId, ChannelName, Code, PostId, TargetId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Problem, Resolved, V1};

/// The answer to a schedule message, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "status")]
#[schemars(title = "oncepost answer v1")]
pub enum Answer {
    /// It is stored and will go out.
    Accepted(Accepted),
    /// Something is wrong with it; nothing was stored.
    Refused(Refused),
    /// The idempotency key was used for another request; nothing was changed.
    Conflict(Conflict),
}

/// An accepted request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Accepted {
    /// The message's version.
    pub version: V1,
    /// The post's id.
    pub post: PostId,
    /// What will go out where and when, in the order of the request.
    pub targets: Vec<AcceptedTarget>,
    /// What may be a mistake.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Problem>,
    /// Which of its accounts cannot publish now, and what operators noted of the accounts, channels and apps that it goes to. Nothing is refused
    /// for it; a repeat is not told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// An accepted target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AcceptedTarget {
    /// Its id.
    pub target: TargetId,
    /// The channel.
    pub channel: ChannelName,
    /// The account.
    pub account: AccountId,
    /// When it goes out.
    #[schemars(with = "domain::Rfc3339")]
    pub due_at: Timestamp,
    /// How that was found from what was asked.
    pub resolved: Resolved,
    /// After this it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub deadline: Option<Timestamp>,
}

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// The message's version.
    pub version: V1,
    /// The request's key, if it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
}

/// A request whose key belongs to another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conflict {
    /// The message's version.
    pub version: V1,
    /// The key.
    pub idempotency_key: String,
    /// The post that has it.
    pub post: PostId,
    /// What is wrong, as in a refusal.
    pub problems: Vec<Problem>,
}

impl Answer {
    /// A refusal.
    pub fn refused(key: Option<String>, problems: Vec<Problem>) -> Self {
        Answer::Refused(Refused { version: V1, idempotency_key: key, problems })
    }

    /// A conflict with `post`, which has the key.
    pub fn conflict(key: String, post: PostId) -> Self {
        let message = format!("belongs to post {post}, which asks for something else");
        let problems = vec![Problem::new("$.idempotency_key", Code::KEY_REUSED, message)];
        Answer::Conflict(Conflict { version: V1, idempotency_key: key, post, problems })
    }

    /// What is wrong with the request; empty if it was accepted.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Answer::Accepted(_) => &[],
            Answer::Refused(refused) => &refused.problems,
            Answer::Conflict(conflict) => &conflict.problems,
        }
    }

    /// The answer's body.
    pub fn encode(&self) -> Vec<u8> {
        crate::to_json(self)
    }
}
