//! Hooks and what is sent to them.

use std::fmt;

use domain::{AccountId, ChannelName, EventId, EventName, PostId, TargetId, TenantId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;
use vault::record::Word;

/// The hooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hooks {
    /// Each of them.
    pub hooks: Vec<Hook>,
}

/// An address that events are sent to, without its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// Where events are sent.
    pub url: Url,
    /// The only tenant whose events are sent; absent: everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// The events that are sent; empty: all.
    #[serde(default)]
    pub events: Vec<EventName>,
    /// Who switched it off, when and why; absent: it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Word>,
    /// When it was put in last, and by whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put: Option<Word>,
    /// How many deliveries are to be sent, or being sent.
    pub waiting: u64,
    /// When the oldest of them was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub oldest_waiting: Option<Timestamp>,
}

/// A hook that was put in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PutHook {
    /// The hook.
    pub hook: Hook,
    /// Its secret, if one was made: nobody is shown it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<ShownOnce>,
}

/// A secret that is shown once, to whoever asked for it to be made. Nothing else prints it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ShownOnce(pub String);

impl fmt::Debug for ShownOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A hook that was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemovedHook {
    /// Its name.
    pub hook: String,
    /// How many deliveries were forgotten with it.
    pub forgotten: u64,
}

/// Deliveries that are sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Replayed {
    /// The hook's name.
    pub hook: String,
    /// How many.
    pub replayed: u64,
}

/// A page of deliveries, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Deliveries {
    /// This page's deliveries.
    pub deliveries: Vec<Delivery>,
    /// Give this as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An event on its way to a hook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Delivery {
    /// The hook's name.
    pub hook: String,
    /// The event's id, which is the header `webhook-id`.
    pub event: EventId,
    /// What happened.
    pub name: EventName,
    /// When it happened.
    #[schemars(with = "domain::Rfc3339")]
    pub at: Timestamp,
    /// The post.
    pub post: PostId,
    /// The target, unless the event is about the whole post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetId>,
    /// Whose.
    pub tenant: TenantId,
    /// The target's channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// The target's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// `waiting`, `delivered` or `given_up`.
    pub state: String,
    /// When it is tried next, or, while it is being sent, tried again if its sender dies; absent once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub due_at: Option<Timestamp>,
    /// How many attempts were begun.
    pub begun: u32,
    /// Those that have ended, in order.
    pub attempts: Vec<DeliveryAttempt>,
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryAttempt {
    /// Its number. One that is missing was cut short: its process ended.
    pub number: u32,
    /// When it was begun.
    #[schemars(with = "domain::Rfc3339")]
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub millis: u32,
    /// The HTTP status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}
