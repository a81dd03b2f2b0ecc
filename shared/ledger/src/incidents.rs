//! Where incidents are kept: what was found wrong outside, after the fact. A port beside the ledger, in the same database.

use async_trait::async_trait;
use domain::{ChannelName, TargetId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{LedgerError, Page, Period, Place};

/// What kind of thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// The platform shows something once more that the ledger published once.
    Duplicate,
    /// The platform does not show what the ledger has published.
    Vanished,
}

impl IncidentKind {
    /// Every kind.
    pub const ALL: [IncidentKind; 2] = [Self::Duplicate, Self::Vanished];

    /// The kind's name, as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Vanished => "vanished",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Something that was found, on its way into the record.
#[derive(Debug, Clone, PartialEq)]
pub struct NewIncident {
    /// What kind of thing.
    pub kind: IncidentKind,
    /// The target that it is about.
    pub target: TargetId,
    /// On which account.
    pub place: Place,
    /// The platform's id of the post that is there once too often, or not any more. Kind, account and this make the incident: found again,
    /// it is the same one.
    pub subject: String,
    /// What was found, as a sentence.
    pub what: String,
    /// What it was concluded from. Never holds a secret.
    pub evidence: serde_json::Value,
}

impl NewIncident {
    /// The incident's id: the same whenever the same is found.
    pub fn id(&self) -> Uuid {
        let name = format!("{}/{}/{}", self.kind.name(), self.place, self.subject);
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
    }
}

/// An incident on record.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// Its id.
    pub id: Uuid,
    /// What was found.
    pub found: NewIncident,
    /// When it was found first, by the ledger's clock.
    pub found_at: Timestamp,
    /// How it was closed; `None` while it is open.
    pub closed: Option<Closed>,
}

/// How an incident was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// When, by the ledger's clock.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// What was done about it.
    pub note: String,
}

/// Which incidents to list.
#[derive(Debug, Clone, Default)]
pub struct IncidentFilter {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// Open ones only, or closed ones only.
    pub open: Option<bool>,
    /// Of this kind.
    pub kind: Option<IncidentKind>,
    /// At most this many; 0 means 50.
    pub limit: u32,
    /// Go on after this page's `next`.
    pub after: Option<String>,
}

impl IncidentFilter {
    pub(crate) fn limit(&self) -> usize {
        if self.limit == 0 { 50 } else { self.limit as usize }
    }

    /// Where the page begins: after the incident that was found then and has this id. Newest come first.
    pub(crate) fn place(&self) -> Result<(i64, Uuid), LedgerError> {
        let Some(token) = &self.after else { return Ok((i64::MAX, Uuid::max())) };
        let place = token.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
        place.ok_or_else(|| LedgerError::Settings { what: format!("\"{token}\" does not name a page") })
    }
}

/// Published targets of a channel for which their platform was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookTally {
    /// The channel.
    pub channel: ChannelName,
    /// How many.
    pub count: u64,
}

/// Keeps incidents.
#[async_trait]
pub trait Incidents: Send + Sync {
    /// Puts on record what was found. What is on record already stays as it is, open or closed. The incidents that are new.
    async fn report(&self, found: Vec<NewIncident>) -> Result<Vec<Incident>, LedgerError>;

    /// Incidents, newest first. Rows that cannot be read are left out and counted.
    async fn incidents(&self, filter: &IncidentFilter) -> Result<Page<Incident>, LedgerError>;

    /// One incident.
    async fn incident(&self, id: Uuid) -> Result<Option<Incident>, LedgerError>;

    /// Closes an incident; one that is closed stays as it was closed first. `None`: there is no such incident.
    async fn close_incident(&self, id: Uuid, by: &str, note: &str) -> Result<Option<Incident>, LedgerError>;

    /// Puts on record that everything was looked at that was due on an account from `from` to `until`.
    ///
    /// What is kept of an account is one span: a look that overlaps or touches it makes it longer, and of two that do not, the later is kept.
    async fn looked(&self, place: &Place, from: Timestamp, until: Timestamp) -> Result<(), LedgerError>;

    /// Of what was due in the period and is published: that which was looked for, sorted by channel. No incident means only for these that
    /// nothing was wrong.
    async fn looked_for(&self, period: &Period) -> Result<Vec<LookTally>, LedgerError>;

    /// How many are open, for every kind.
    async fn open_incidents(&self) -> Result<Vec<(IncidentKind, u64)>, LedgerError>;
}
