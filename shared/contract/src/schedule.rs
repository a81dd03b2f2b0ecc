//! The schedule message: what upstream services send to have a post published.

use domain::{AccountId, ChannelName, Content, Override, PostId, Settings, TenantId};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{Problem, Reading, V1, When};

/// A request to publish a post, version 1. Fields that are not known are ignored; a warning names each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "oncepost schedule message v1")]
pub struct Schedule {
    /// The message's version.
    pub version: V1,
    /// The sender's own key for this request. Sent again with the same content it gives the first answer again.
    #[schemars(length(min = 1, max = 200))]
    pub idempotency_key: String,
    /// Whose post it is.
    pub tenant: TenantId,
    /// The post's id, if the sender wants to choose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<PostId>,
    /// What it says.
    pub content: Content,
    /// When it should go out.
    pub publish_at: When,
    /// After this a target that is not out expires instead of going out stale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<When>,
    /// Where it should go out.
    #[schemars(length(min = 1))]
    pub targets: Vec<TargetAsk>,
    /// The sender's W3C trace context. One that is malformed is ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// One account on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TargetAsk {
    /// The channel.
    pub channel: ChannelName,
    /// The account's name in the settings.
    pub account: AccountId,
    /// Another text for this target; it replaces the post's, not the thread's further parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Settings added to, or replacing, the post's.
    #[serde(default, skip_serializing_if = "Settings::is_empty")]
    pub settings: Settings,
    /// Another time for this target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_at: Option<When>,
}

impl Schedule {
    /// The longest idempotency key, in bytes.
    pub const LONGEST_KEY: usize = 200;

    /// Reads a message.
    ///
    /// # Errors
    /// Everything that is wrong with its form, at once.
    pub fn decode(body: &[u8]) -> Result<Self, Vec<Problem>> {
        Reading::of(body).whole()
    }

    /// The message's body.
    pub fn encode(&self) -> Vec<u8> {
        crate::to_json(self)
    }

    /// A hash of what is asked for: the same for the same request however it was written down, whatever trace it is in.
    ///
    /// It is kept with the post, so its form must never change, or an honest repeat would read as a conflict.
    pub fn fingerprint(&self) -> [u8; 32] {
        let asked = (
            &self.idempotency_key,
            &self.tenant,
            &self.post,
            &self.content,
            &self.publish_at,
            &self.deadline,
            &self.targets,
        );
        Sha256::digest(crate::to_json(&asked)).into()
    }
}

impl TargetAsk {
    /// What the target changes of its post's content.
    pub fn changes(&self) -> Override {
        Override { text: self.text.clone(), content: None, settings: self.settings.clone() }
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
