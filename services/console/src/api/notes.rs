//! Notes.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What somebody wants to be remembered of a cause, an account, a channel or an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// Its id.
    pub id: Uuid,
    /// What it is on: `cause:OP-2102/account/-`, `account:acme/mastodon/main`, `channel:mastodon` or `app:x`.
    pub on: String,
    /// What it says.
    pub text: String,
    /// Who wrote it.
    pub by: String,
    /// When.
    #[schemars(with = "domain::Rfc3339")]
    pub at: Timestamp,
    /// It is forgotten after this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub until: Option<Timestamp>,
}

/// Notes, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notes {
    /// The notes.
    pub notes: Vec<Note>,
}

/// A note to keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteAsk {
    /// What it is on.
    pub on: String,
    /// What it says.
    pub text: String,
    /// When it is to be forgotten; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub until: Option<Timestamp>,
}
