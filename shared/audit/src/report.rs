//! What a look at an account came to.

use domain::{Code, Failure, PlatformWords, TargetId};
use jiff::Timestamp;
use ledger::{Incident, IncidentKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a look at one account came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AuditReport")]
pub struct Report {
    /// The account, as `acme/mastodon/main`.
    pub account: String,
    /// From when on its posts were judged.
    #[schemars(with = "domain::Rfc3339")]
    pub since: Timestamp,
    /// Up to when a missing post was missed: what is younger may not be listed yet.
    #[schemars(with = "domain::Rfc3339")]
    pub until: Timestamp,
    /// How many posts the platform listed. `None`: it could not be looked at.
    pub listed: Option<usize>,
    /// How many publish points of this time the ledger holds to be out and the platform shows.
    pub there: usize,
    /// What does not fit.
    pub found: Vec<Found>,
    /// What cannot be told, a sentence each.
    pub cannot_tell: Vec<String>,
    /// What is so strange that a person should look at the account, though no incident was made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strange: Option<String>,
    /// Why the platform could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_asked: Option<NotAsked>,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// The incident's id.
    pub incident: Uuid,
    /// What kind of thing.
    #[schemars(with = "String")]
    pub kind: IncidentKind,
    /// The target that it is about.
    pub target: TargetId,
    /// What was found, as a sentence.
    pub what: String,
    /// Whether anybody has seen to it.
    pub standing: Standing,
}

/// How an incident stands that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It was not known before.
    New,
    /// It was found before, and is open.
    Open,
    /// It was found before, and somebody has closed it.
    Closed,
}

/// Why a platform could not be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotAsked {
    /// The failure's code.
    pub code: Code,
    /// What went wrong, in one line, with the platform's words.
    pub sentence: String,
    /// What to do.
    pub remedy: String,
}

impl Report {
    /// A look at an account that has not begun.
    pub(crate) fn of(account: String, since: Timestamp, until: Timestamp) -> Self {
        Self {
            account,
            since,
            until,
            listed: None,
            there: 0,
            found: vec![],
            cannot_tell: vec![],
            strange: None,
            not_asked: None,
        }
    }

    /// Nothing can be told of this account.
    pub(crate) fn nothing(self, why: impl Into<String>) -> Self {
        Self { cannot_tell: vec![why.into()], ..self }
    }

    /// The platform could not be asked.
    pub(crate) fn failed(self, failure: &Failure) -> Self {
        Self { not_asked: Some(NotAsked::of(failure)), ..self }
    }

    /// Whether it found what somebody should look at.
    pub fn needs_attention(&self) -> bool {
        self.not_asked.is_some()
            || self.strange.is_some()
            || self.found.iter().any(|found| found.standing != Standing::Closed)
    }
}

impl Found {
    pub(crate) fn of(incident: &Incident, is_new: bool) -> Self {
        let standing = match (is_new, &incident.closed) {
            (true, _) => Standing::New,
            (false, None) => Standing::Open,
            (false, Some(_)) => Standing::Closed,
        };
        let found = &incident.found;
        Self { incident: incident.id, kind: found.kind, target: found.target, what: found.what.clone(), standing }
    }
}

impl NotAsked {
    fn of(failure: &Failure) -> Self {
        let page = failure.code.page();
        let title = page.map_or("Unknown failure", |page| page.title);
        let PlatformWords { text, .. } = &failure.said;
        let said = if text.is_empty() { String::new() } else { format!(": {text}") };
        Self {
            code: failure.code,
            sentence: format!("{} {title} ({}){said}", failure.code, failure.step),
            remedy: page.map_or("", |page| page.mend()).into(),
        }
    }
}
