//! The per-target publish message: scheduler to worker. It names the work; the ledger says whether it is still to be done.

use domain::{AccountId, ChannelName, Code, ContentHash, PostId, Target, TargetId, TenantId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{V1, version};

/// One target to be worked on, version 1. It carries no content: the worker gets that from the ledger with its attempt,
/// so that an edit or cancel that arrives while the message waits is never lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "oncepost publish message v1")]
pub struct Publish {
    /// The message's version.
    pub version: V1,
    /// The target to work on.
    pub target: TargetId,
    /// The post it belongs to.
    pub post: PostId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The channel, which is also the routing key.
    pub channel: ChannelName,
    /// On which account.
    pub account: AccountId,
    /// When it should go out.
    #[schemars(with = "domain::Rfc3339")]
    pub due_at: Timestamp,
    /// The target's revision when the message was made.
    pub revision: u32,
    /// The newest attempt when the message was made. For people: the ledger's own number decides.
    pub attempt: u32,
    /// What was approved, as a hash, when the message was made.
    #[serde(with = "crate::hex")]
    #[schemars(schema_with = "crate::hex::schema")]
    pub hash: ContentHash,
    /// When the message was made.
    #[schemars(with = "domain::Rfc3339")]
    pub emitted_at: Timestamp,
}

/// A publish message that cannot be understood. If it is of a newer version, somebody else may understand it; else it belongs
/// in the dead letters. The ledger emits its target anew.
#[derive(Debug, thiserror::Error)]
#[error("a publish message cannot be understood")]
pub struct Unreadable {
    #[source]
    why: serde_json::Error,
    newer: Option<u64>,
}

impl Unreadable {
    /// The failure's code.
    pub const CODE: Code = Code::BAD_PUBLISH_MESSAGE;

    /// The message's version, if it is newer than what is read here.
    pub fn newer(&self) -> Option<u64> {
        self.newer
    }
}

impl Publish {
    /// The message for `target` as it stands.
    pub fn of(target: &Target, emitted_at: Timestamp) -> Self {
        Self {
            version: V1,
            target: target.id,
            post: target.post,
            tenant: target.tenant.clone(),
            channel: target.channel.clone(),
            account: target.account.clone(),
            due_at: target.due_at,
            revision: target.revision,
            attempt: target.attempt,
            hash: target.hash,
            emitted_at,
        }
    }

    /// Reads a message. Fields it does not know are ignored, so a dead letter that is moved back reads as well.
    ///
    /// # Errors
    /// It is not JSON, lacks a field, or is of a version that is not read here.
    pub fn decode(body: &[u8]) -> Result<Self, Unreadable> {
        serde_json::from_slice(body).map_err(|why| Unreadable { why, newer: version::newer(body) })
    }

    /// The message's body.
    pub fn encode(&self) -> Vec<u8> {
        crate::to_json(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixtures::target;

    #[test]
    fn what_is_written_reads_the_same() {
        let message = Publish::of(&target(), "2026-03-01T12:00:00.25Z".parse().unwrap());
        assert_eq!(Publish::decode(&message.encode()).unwrap(), message);
    }

    #[test]
    fn another_version_is_refused_and_an_unknown_field_is_not() {
        let mut value = serde_json::to_value(Publish::of(&target(), Timestamp::UNIX_EPOCH)).unwrap();
        value["news"] = 1.into();
        assert!(Publish::decode(value.to_string().as_bytes()).is_ok());
        value["version"] = 2.into();
        let error = Publish::decode(value.to_string().as_bytes()).unwrap_err();
        assert!(std::error::Error::source(&error).unwrap().to_string().contains("version 2"));
        assert_eq!(Unreadable::CODE.to_string(), "OP-5009");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Publish::decode(&body).is_err());
        }
    }
}
