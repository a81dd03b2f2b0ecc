//! What upstream services are told.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AccountId, ChannelName, EventId, Failure, PartOut, PostId, State, Target, TargetId, TenantId};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum EventName {
    /// A post was accepted.
    #[serde(rename = "post.accepted")]
    PostAccepted,
    /// Everything is out, with proof.
    #[serde(rename = "target.published")]
    Published,
    /// The platform has accepted it and still decides.
    #[serde(rename = "target.processing")]
    Processing,
    /// It did not go out; another try has a time.
    #[serde(rename = "target.retrying")]
    Retrying,
    /// Its outcome is not known and is being settled, or waits for a person.
    #[serde(rename = "target.in_doubt")]
    InDoubt,
    /// It did not go out and needs a person.
    #[serde(rename = "target.failed")]
    Failed,
    /// It is held back by a pause.
    #[serde(rename = "target.held")]
    Held,
    /// It was cancelled.
    #[serde(rename = "target.cancelled")]
    Cancelled,
    /// Its deadline passed.
    #[serde(rename = "target.expired")]
    Expired,
}

impl EventName {
    /// The name, which is also the routing key.
    pub fn name(self) -> &'static str {
        match self {
            EventName::PostAccepted => "post.accepted",
            EventName::Published => "target.published",
            EventName::Processing => "target.processing",
            EventName::Retrying => "target.retrying",
            EventName::InDoubt => "target.in_doubt",
            EventName::Failed => "target.failed",
            EventName::Held => "target.held",
            EventName::Cancelled => "target.cancelled",
            EventName::Expired => "target.expired",
        }
    }

    /// Every name.
    pub const ALL: [EventName; 9] = [
        EventName::PostAccepted,
        EventName::Published,
        EventName::Processing,
        EventName::Retrying,
        EventName::InDoubt,
        EventName::Failed,
        EventName::Held,
        EventName::Cancelled,
        EventName::Expired,
    ];
}

/// Something that upstream services are told of, at least once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// The same for the same happening, so that a repeat can be dropped.
    pub id: EventId,
    /// What happened.
    pub name: EventName,
    /// When.
    #[schemars(with = "crate::Rfc3339")]
    pub at: Timestamp,
    /// The post.
    pub post: PostId,
    /// Whose.
    pub tenant: TenantId,
    /// The target, unless the event is about the whole post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetId>,
    /// The target's channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// The target's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The newest attempt's number.
    #[serde(default)]
    pub attempt: u32,
    /// When the next step is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::Rfc3339>")]
    pub next_at: Option<Timestamp>,
    /// What is out so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub out: Vec<PartOut>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// A person is needed.
    #[serde(default)]
    pub needs_person: bool,
}

impl Event {
    /// Fixed, so that event ids are the same everywhere and for ever.
    const NAMESPACE: Uuid = Uuid::from_u128(0x6f6e_6365_706f_7374_8000_6576_656e_7473);

    /// The event of a post's acceptance.
    pub fn accepted(post: PostId, tenant: TenantId, at: Timestamp) -> Self {
        Self {
            id: EventId(Uuid::new_v5(&Self::NAMESPACE, post.0.as_bytes())),
            name: EventName::PostAccepted,
            at,
            post,
            tenant,
            target: None,
            channel: None,
            account: None,
            attempt: 0,
            next_at: None,
            out: Vec::new(),
            failure: None,
            needs_person: false,
        }
    }

    /// The event of `target` having come to its present state, or `None` where nobody needs to know.
    pub fn of(target: &Target, at: Timestamp) -> Option<Self> {
        let name = match target.state {
            State::Published => EventName::Published,
            State::Processing => EventName::Processing,
            State::Retrying => EventName::Retrying,
            State::InDoubt => EventName::InDoubt,
            State::Failed => EventName::Failed,
            State::Held => EventName::Held,
            State::Cancelled => EventName::Cancelled,
            State::Expired => EventName::Expired,
            State::Scheduled | State::Queued | State::Publishing => return None,
        };
        let needs_person = target.listed.is_some();
        let seed = format!("{}/{}/{}/{}/{needs_person}", target.id, name.name(), target.attempt, target.revision);
        Some(Self {
            id: EventId(Uuid::new_v5(&Self::NAMESPACE, seed.as_bytes())),
            name,
            at,
            post: target.post,
            tenant: target.tenant.clone(),
            target: Some(target.id),
            channel: Some(target.channel.clone()),
            account: Some(target.account.clone()),
            attempt: target.attempt,
            next_at: target.next_at,
            out: target.out.clone(),
            failure: target.last_failure.clone(),
            needs_person,
        })
    }
}
