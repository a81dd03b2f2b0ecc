//! Dead letters on the broker, and how they stand to the ledger.

use std::collections::BTreeMap;

use domain::{AccountId, ChannelName, PostId, State, TargetId, TenantId};
use jiff::Timestamp;
use letters::Standing;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Target;

/// Channels whose letters were looked through, and a page of the letters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetters {
    /// Each channel that was looked at, with what was found.
    pub channels: Vec<DeadChannel>,
    /// The page's letters, and those that are missing, by channel and id.
    pub letters: Vec<DeadLetter>,
    /// Give this as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Every channel, by counts alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadCounts {
    /// Each of them.
    pub channels: Vec<DeadChannel>,
}

/// A channel's dead letters against its targets that need a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadChannel {
    /// The channel.
    pub channel: ChannelName,
    /// Letters in its queue; absent when nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letters: Option<u64>,
    /// Targets that need a person.
    pub needs_person: u64,
    /// Whether the queue agrees with the ledger; absent when nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agrees: Option<bool>,
    /// The same in words, and what becomes of it or is to be done.
    pub says: String,
    /// How many letters stand how; absent where only counts were compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standings: Option<BTreeMap<String, u64>>,
    /// How many letters there are beyond those that were read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_read: u64,
}

/// A dead letter, or the want of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    /// What it is called: its target's id, or the message's own id where it names no target.
    pub id: String,
    /// Whose dead letters it is among.
    pub channel: ChannelName,
    /// How it stands to the ledger: `agrees`, `missing`, `superseded`, `stale`, `unknown`, `unreadable`.
    #[schemars(with = "String")]
    pub standing: Standing,
    /// The same in words, and what becomes of it or is to be done.
    pub says: String,
    /// Its target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetId>,
    /// The target's post. This and what follows it are the ledger's words; absent where it has no such target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<PostId>,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// On which account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Where it stands now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Since when it needs a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub needs_person_since: Option<Timestamp>,
    /// When the letter was written. This and what follows it are the letter's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub written_at: Option<Timestamp>,
    /// The target's newest attempt then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Why it is a dead letter; this and what follows it are empty where the letter does not say.
    pub reason: String,
    /// The failure's code.
    pub code: String,
    /// What happened.
    pub what: String,
    /// Whose fault it is.
    pub whose_fault: String,
    /// What to do.
    pub remedy: String,
    /// The message's body, if it was asked for: JSON, or a text where it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// One letter with everything about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetterView {
    /// What is in the queue under this id: mostly one letter; several if a target was buried more than once.
    pub letters: Vec<DeadLetter>,
    /// The target, as the ledger has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Why nobody can tell what is in the queue, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<String>,
}

/// Letters to be discarded: their targets are cancelled, and they are taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscardAsk {
    /// Their ids.
    pub letters: Vec<String>,
    /// Why, for whoever asks later.
    pub reason: String,
}

/// What became of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Discarded {
    /// How many were discarded.
    pub discarded: usize,
    /// How many were not.
    pub kept: usize,
    /// Each of them.
    pub letters: Vec<DiscardedLetter>,
}

/// What became of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DiscardedLetter {
    /// Which.
    pub id: String,
    /// Whether it is discarded.
    pub done: bool,
    /// What was done, or why nothing was and what to do.
    pub says: String,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
