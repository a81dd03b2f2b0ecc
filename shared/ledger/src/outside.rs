//! What the ledger holds to be out: a port beside it, read by whoever compares that with what platforms show. Nothing here changes
//! anything.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use domain::{AccountId, ChannelName, Draft, PartOut, PostId, State, TargetId, TenantId};
use jiff::Timestamp;

use crate::LedgerError;

/// An account by its full name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Whose it is.
    pub tenant: TenantId,
    /// On which channel.
    pub channel: ChannelName,
    /// Which.
    pub account: AccountId,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.channel, self.account)
    }
}

/// Which published targets of an account to read.
#[derive(Debug, Clone)]
pub struct PublishedAsk {
    /// Of which account.
    pub place: Place,
    /// Due at this time or later.
    pub from: Timestamp,
    /// Due before this.
    pub until: Timestamp,
    /// Go on after the target of this [`OutTarget::place`].
    pub after: Option<(Timestamp, TargetId)>,
    /// At most this many; 0 means 500.
    pub limit: u32,
}

impl PublishedAsk {
    pub(crate) fn limit(&self) -> usize {
        if self.limit == 0 { 500 } else { self.limit as usize }
    }
}

/// A target of which something is out, or may be.
#[derive(Debug, Clone, PartialEq)]
pub struct OutTarget {
    /// Its id.
    pub target: TargetId,
    /// Its post.
    pub post: PostId,
    /// When it was to go out.
    pub due_at: Timestamp,
    /// Where it stands.
    pub state: State,
    /// The publish points that are out, with the platform's proof and when we learnt of it.
    pub out: Vec<PartOut>,
    /// What went out.
    pub draft: Draft,
}

impl OutTarget {
    /// Where it stands in the order: what [`PublishedAsk::after`] takes.
    pub fn place(&self) -> (Timestamp, TargetId) {
        (self.due_at, self.target)
    }
}

/// Reads what is out, by account.
#[async_trait]
pub trait Outside: Send + Sync {
    /// Published targets of an account in the order of the time when they were due, then of their ids. An empty page is the end, a short
    /// one is not. Rows that cannot be read are left out and counted.
    ///
    /// Found by an index of what is published: it costs by what the account has published in that time, whatever the ledger holds.
    async fn published(&self, ask: &PublishedAsk) -> Result<Vec<OutTarget>, LedgerError>;

    /// Targets of an account of which something may be out that is not on record yet: those that are being sent, that the platform still
    /// decides about, and that are in doubt. At most 1,000 of them.
    async fn unsettled(&self, place: &Place) -> Result<Vec<OutTarget>, LedgerError>;

    /// Which targets these platform ids of an account belong to; those that belong to none are left out.
    async fn owners(&self, place: &Place, ids: &[String]) -> Result<HashMap<String, TargetId>, LedgerError>;

    /// Which of these accounts have this platform id on record, and for which target of theirs.
    async fn holders(&self, places: &[Place], id: &str) -> Result<Vec<(Place, TargetId)>, LedgerError>;
}

/// How much later than it was due a target may have gone out and still be found by the time when it was due.
pub const LATEST: Duration = Duration::from_secs(7 * 86_400);
