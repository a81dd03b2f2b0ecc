//! Processes: each says of itself every few seconds that it lives, what it is and what it can reach. A port beside the ledger, in the same
//! database.
//!
//! Nothing about delivery rests on it: leases tell who has a target. It is for people, who ask whether anybody is there at all.

use std::time::Duration;

use async_trait::async_trait;
use domain::ChannelName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::LedgerError;

/// What a process says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// Its id, drawn when it started (UUIDv7).
    pub id: Uuid,
    /// Its name, as attempts and logs have it: `worker@host:4711`.
    pub name: String,
    /// By which command it was started, as `worker` or `dev`.
    pub service: String,
    /// The machine or pod that it runs on.
    pub host: String,
    /// What it does, as `scheduler` and `worker`; `dev` does everything.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The channels that it works for, of a worker.
    #[serde(default)]
    pub channels: Vec<ChannelName>,
    /// The program's version.
    pub version: String,
    /// Of which commit the program was built, if its build says so.
    #[serde(default)]
    pub commit: Option<String>,
    /// When it started, by its own clock.
    pub started_at: Timestamp,
    /// It was asked to end, and finishes what it has begun.
    #[serde(default)]
    pub is_draining: bool,
    /// What it can reach.
    #[serde(default)]
    pub parts: Vec<PartSeen>,
}

/// How a process finds a part that it uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartSeen {
    /// Which, as `broker` or `guard`.
    pub part: String,
    /// Whether it answered.
    pub answers: bool,
    /// Since when that is so, by the process's own clock.
    pub since: Timestamp,
    /// How long it took to answer, in milliseconds.
    #[serde(default)]
    pub millis: Option<u64>,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// What it said of itself last.
    pub beat: Beat,
    /// When that was, by the ledger's clock.
    pub seen_at: Timestamp,
    /// How long ago that was, by the same clock.
    pub silent_for: Duration,
}

/// Which migrations the ledger's database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaVersion {
    /// The newest that was applied.
    pub applied: i64,
    /// The newest that this program knows.
    pub known: i64,
}

/// Where processes say that they live.
#[async_trait]
pub trait Processes: Send + Sync {
    /// Notes that a process lives, and forgets those that have been silent for longer than `forget_after`.
    async fn beat(&self, beat: Beat, forget_after: Duration) -> Result<(), LedgerError>;

    /// Forgets a process that has ended.
    async fn end_process(&self, id: Uuid) -> Result<(), LedgerError>;

    /// Every process that is not forgotten, by service and name.
    async fn processes(&self) -> Result<Vec<Process>, LedgerError>;

    /// Which migrations the database has; `None` where there is none.
    async fn schema_version(&self) -> Result<Option<SchemaVersion>, LedgerError>;
}

/// The order in which processes are told.
pub(crate) fn sort(processes: &mut [Process]) {
    processes
        .sort_by(|a, b| (&a.beat.service, &a.beat.name, a.beat.id).cmp(&(&b.beat.service, &b.beat.name, b.beat.id)));
}

/// How long ago `seen_at` is.
pub(crate) fn silence(seen_at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(seen_at)).unwrap_or_default()
}
