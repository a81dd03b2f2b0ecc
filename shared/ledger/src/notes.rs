//! Notes: what people want to be remembered of a cause, an account, a channel or an app. A port beside the ledger, in the same database.

use std::time::Duration;

use async_trait::async_trait;
use domain::TenantId;
use jiff::Timestamp;
use uuid::Uuid;

use crate::LedgerError;

/// A note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its id, in the order of time (UUIDv7).
    pub id: Uuid,
    /// What it is on, as `cause:OP-2102/account/-` or `account:acme/mastodon/main`.
    pub subject: String,
    /// Whose the thing is; none if it is everybody's.
    pub tenant: Option<TenantId>,
    /// What it says.
    pub text: String,
    /// Who wrote it.
    pub who: String,
    /// When it was written.
    pub at: Timestamp,
    /// It is forgotten after this.
    pub until: Option<Timestamp>,
}

/// Where notes are kept.
#[async_trait]
pub trait NoteBook: Send + Sync {
    /// Keeps a note. Kept again under its id, it stays as it was.
    async fn put_note(&self, note: Note) -> Result<(), LedgerError>;

    /// The notes that are not forgotten, on `subject` if it is given, newest first.
    async fn notes(&self, subject: Option<&str>) -> Result<Vec<Note>, LedgerError>;

    /// Removes a note; the note, if there was one.
    async fn remove_note(&self, id: Uuid) -> Result<Option<Note>, LedgerError>;

    /// Removes at most `most` notes whose time ended longer than `older_than` ago. Returns how many.
    async fn forget_notes(&self, older_than: Duration, most: u32) -> Result<u64, LedgerError>;
}
