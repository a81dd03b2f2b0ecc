//! Where records of credentials are kept: a port beside the ledger, in the same database. What is in a record is its owner's
//! business; this crate reads neither the open part nor the sealed one, but for what a hook wants to be told.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::LedgerError;

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// An account that was connected, or whose tokens are renewed.
    Account,
    /// An app through which accounts are connected.
    App,
    /// A connect flow under way.
    Link,
    /// An address that events are sent to. Of its open part the ledger reads what it wants to be told.
    Hook,
    /// What people were told of a group of failures. Nothing of it is sealed.
    Alert,
}

impl RecordKind {
    /// Every kind.
    pub const ALL: [RecordKind; 5] = [Self::Account, Self::App, Self::Link, Self::Hook, Self::Alert];

    /// The kind's name, as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::App => "app",
            Self::Link => "link",
            Self::Hook => "hook",
            Self::Alert => "alert",
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One record: what is known openly, and what is sealed. Printed, it shows nothing of what is sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct CredentialRow {
    /// What it is about.
    pub kind: RecordKind,
    /// Unique within the kind, such as `acme/mastodon/main`.
    pub name: String,
    /// As stored: one more with every write. A new record begins at any number, so that one that is made again after it was deleted has
    /// none of the versions that were there before.
    pub version: u64,
    /// What anybody may know. Never holds a secret.
    pub open: serde_json::Value,
    /// What only its owner can open. Never holds a secret in clear text.
    pub sealed: Option<Vec<u8>>,
    /// When it was written last, by the ledger's clock.
    pub updated_at: Timestamp,
}

/// What to write, and over what. Printed, it shows nothing of what is sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct CredentialPut {
    /// What it is about.
    pub kind: RecordKind,
    /// Unique within the kind.
    pub name: String,
    /// The version that was read; `None` if there was no such row.
    pub expected: Option<u64>,
    /// What anybody may know. It replaces what was there.
    pub open: serde_json::Value,
    /// What only its owner can open. It replaces what was there; `None` leaves nothing sealed.
    pub sealed: Option<Vec<u8>>,
}

impl fmt::Debug for CredentialRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRow")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("version", &self.version)
            .field("open", &self.open)
            .field("sealed", &Sealed(self.sealed.as_deref()))
            .field("updated_at", &self.updated_at)
            .finish()
    }
}

impl fmt::Debug for CredentialPut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialPut")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("expected", &self.expected)
            .field("open", &self.open)
            .field("sealed", &Sealed(self.sealed.as_deref()))
            .finish()
    }
}

/// Says that something is sealed, and not what.
struct Sealed<'a>(Option<&'a [u8]>);

impl fmt::Debug for Sealed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "(sealed)" } else { "None" })
    }
}

/// Keeps records of credentials. Any number of processes may write; whoever was faster wins, and the others are told.
///
/// An error of [`put`](Self::put) or [`delete`](Self::delete) says that the outcome is unknown: it may have been done, and only the
/// answer was lost. Do not repeat it blindly, for its own first write would count as somebody else's: read the row again, and decide
/// by what is there. To know one's own write again, put something into `open` that nobody else writes.
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// Every record of a kind, sorted by name, byte by byte. One that cannot be read is left out and counted.
    async fn rows(&self, kind: RecordKind) -> Result<Vec<CredentialRow>, LedgerError>;

    /// One record.
    async fn row(&self, kind: RecordKind, name: &str) -> Result<Option<CredentialRow>, LedgerError>;

    /// Compare-and-set: writes if the stored version is the one expected, or if none is expected and there is no such row.
    ///
    /// The row as stored, which is on the disk then; `None` if somebody was faster, and nothing was changed.
    async fn put(&self, put: CredentialPut) -> Result<Option<CredentialRow>, LedgerError>;

    /// Deletes a record if its stored version is `expected`. `false`: it is another, or there is none.
    async fn delete(&self, kind: RecordKind, name: &str, expected: u64) -> Result<bool, LedgerError>;

    /// The ledger's time.
    async fn now(&self) -> Result<Timestamp, LedgerError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_it_shows_nothing_of_what_is_sealed() {
        let sealed = Some(b"XYZ".to_vec());
        let open = serde_json::json!({ "health": "ok" });
        let name = "acme/mastodon/main".to_owned();
        let kind = RecordKind::Account;
        let put = CredentialPut { kind, name, expected: Some(7), open, sealed };
        let row = CredentialRow {
            kind,
            name: put.name.clone(),
            version: 8,
            open: put.open.clone(),
            sealed: put.sealed.clone(),
            updated_at: Timestamp::UNIX_EPOCH,
        };
        for shown in [format!("{put:?}"), format!("{row:?}"), format!("{put:#?}"), format!("{row:#?}")] {
            assert!(shown.contains("acme/mastodon/main") && shown.contains("health"), "{shown}");
            for secret in ["XYZ", "88", "89", "90", "585", "58"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }
}
