//! The audit log.

use domain::{PostId, TenantId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A page of the audit log, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditLog {
    /// This page's entries.
    pub entries: Vec<AuditEntry>,
    /// Give this as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Who changed what. The entry is written before the change is made, and completed after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// Its id.
    pub id: Uuid,
    /// When the change was begun.
    #[schemars(with = "domain::Rfc3339")]
    pub at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub ended_at: Option<Timestamp>,
    /// `done`, `refused`, or `begun`: nothing says how it ended, and what it is about tells whether it was made.
    pub outcome: String,
    /// Who: a token's name.
    pub who: String,
    /// What was asked for, as `retry target`.
    pub action: String,
    /// On what, as `target:0192…` or `account:acme/mastodon/main`.
    pub subject: String,
    /// Whose it is; absent if it is everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// The post that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<PostId>,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How the subject was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<serde_json::Value>,
    /// How it is since; of a refusal: its status and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<serde_json::Value>,
}
