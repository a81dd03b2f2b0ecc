//! The audit log: who changed what, when and why, and how it was before and after. A port beside the ledger, in the same
//! database.
//!
//! An entry is written *before* the change is made and completed after it, so that nothing is changed without a record. One
//! that was never completed says that much: the process died in between, and what it is about tells whether it was done.

use async_trait::async_trait;
use domain::{Answer, Command, PostId, Target, TenantId};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{LedgerError, Page};

/// A change that somebody is about to make.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEntry {
    /// Its id, in the order of time (UUIDv7).
    pub id: Uuid,
    /// Who: the name of a token or of a person.
    pub who: String,
    /// Whose the thing is that is changed; none if it is everybody's.
    pub tenant: Option<TenantId>,
    /// What is done, as `retry target`.
    pub action: String,
    /// On what, as `target:0192…` or `account:acme/mastodon/main`.
    pub subject: String,
    /// The post that it belongs to.
    pub post: Option<PostId>,
    /// Why, in their words; of what was done by the broker's means, in ours.
    pub reason: Option<String>,
    /// How the subject was. Never holds a secret.
    pub before: Option<Value>,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryOutcome {
    /// It was begun, and nothing says how it ended.
    Begun,
    /// It was made.
    Done,
    /// It was refused, or could not be made.
    Refused,
}

impl EntryOutcome {
    /// The outcome's name, as it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// The outcome of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Begun, Self::Done, Self::Refused].into_iter().find(|outcome| outcome.name() == name)
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// What was asked for.
    pub asked: NewEntry,
    /// When it was begun, by the ledger's clock.
    pub at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What became of it.
    pub outcome: EntryOutcome,
    /// How the subject is since; of a refusal: why. Never holds a secret.
    pub after: Option<Value>,
}

/// Which entries to list.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// On what belongs to this tenant.
    pub tenant: Option<TenantId>,
    /// On this subject.
    pub subject: Option<String>,
    /// On this post or its targets.
    pub post: Option<PostId>,
    /// By this caller.
    pub who: Option<String>,
    /// At most this many; 0 means 50.
    pub limit: u32,
    /// Go on after this page's `next`.
    pub after: Option<String>,
}

/// Where the log is kept.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Writes that a change is about to be made. Written again, it stays as it is.
    async fn begin_entry(&self, entry: NewEntry) -> Result<(), LedgerError>;

    /// Completes an entry; one that is completed stays as it is.
    async fn end_entry(&self, id: Uuid, outcome: EntryOutcome, after: Option<Value>) -> Result<(), LedgerError>;

    /// Entries, newest first.
    async fn entries(&self, filter: &AuditFilter) -> Result<Page<AuditEntry>, LedgerError>;
}

/// Who made a change for which the broker was used: it does not say who told it to.
pub const BROKER: &str = "broker";

/// How a target stands, for the log.
pub fn standing(target: &Target) -> Value {
    json!({
        "target": target.id,
        "state": target.state,
        "revision": target.revision,
        "due_at": target.due_at,
        "needs_person": target.listed.is_some(),
    })
}

impl AuditEntry {
    /// A retry that was asked for by moving a dead letter back into its work queue, with what came of it; none for any other command, and for
    /// a refusal of a letter that was handed out before.
    pub(crate) fn of(
        command: &Command,
        before: &Target,
        after: &Target,
        answer: &Answer,
        at: Timestamp,
    ) -> Option<Self> {
        let Command::Revive { entry: id, again } = *command else { return None };
        if again && matches!(answer, Answer::Refused(_)) {
            return None;
        }
        let (outcome, after) = match answer {
            Answer::Refused(refusal) => (EntryOutcome::Refused, json!({ "why": refusal.reason() })),
            _ => (EntryOutcome::Done, standing(after)),
        };
        let asked = NewEntry {
            id,
            who: BROKER.into(),
            tenant: Some(before.tenant.clone()),
            action: "retry target".into(),
            subject: format!("target:{}", before.id),
            post: Some(before.post),
            reason: Some("its dead letter was moved back into the work queue".into()),
            before: Some(standing(before)),
        };
        Some(Self { asked, at, ended_at: Some(at), outcome, after: Some(after) })
    }
}
