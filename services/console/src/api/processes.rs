//! The processes, and what they stand on.

use domain::ChannelName;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Every process and part. What cannot be told is absent, and is no all-clear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Processes {
    /// When this was found.
    #[schemars(with = "domain::Rfc3339")]
    pub at: Timestamp,
    /// Who should be there and is not, whoever stops delivery first. Absent: the ledger does not answer, and nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Vec<Missing>>,
    /// What everything stands on: `ledger`, `broker`, `guard`.
    pub parts: Vec<Part>,
    /// Which migrations the ledger's database has; absent where there is no database, or it does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<SchemaVersion>,
    /// The versions that run. More than one: an upgrade is under way, or was not finished.
    pub versions: Vec<String>,
    /// Each process. Absent for callers bound to a tenant, and when the ledger does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<Vec<Process>>,
}

/// Somebody who should be there and is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Missing {
    /// What nobody does: `scheduler`, `worker`, `keeper` or `notifier`; `broker` or `guard`, if that does not answer; or `ledger`, if it has
    /// lost some of its history.
    pub role: String,
    /// For which channel, if not for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Nothing goes out for it.
    pub stops_delivery: bool,
    /// When somebody who did it was seen last, within the last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub last_seen_at: Option<Timestamp>,
    /// Who is missing, as a sentence without its stop.
    #[serde(default)]
    pub who: String,
    /// Who is missing and what comes of it, as a sentence without its stop.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// Something that everything stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SystemPart")]
pub struct Part {
    /// Which: `ledger`, `broker` or `guard`.
    pub name: String,
    /// Whether it answers: the ledger and the broker this process, the guard those that were heard of, and this process where none was. Absent: nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<bool>,
    /// How long it took, in milliseconds; of several the longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// Why it is not said to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How many seconds ago it was asked, where not this process asks it; of several the longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_s: Option<u64>,
    /// How many processes reach it, as they said last.
    #[serde(default)]
    pub reached_by: u64,
    /// How many do not.
    #[serde(default)]
    pub not_reached_by: u64,
}

/// The ledger's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchemaVersion {
    /// The newest migration that was applied.
    pub applied: i64,
    /// The newest that the process knows that answers.
    pub known: i64,
}

/// A process, as it said of itself last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Process {
    /// Its id, drawn when it started.
    pub id: Uuid,
    /// Its name, as attempts and logs have it: `worker@host:4711`.
    pub name: String,
    /// By which command it was started, as `worker` or `dev`.
    pub service: String,
    /// The machine or pod that it runs on.
    pub host: String,
    /// What it does, as `scheduler` and `worker`.
    pub roles: Vec<String>,
    /// The channels that it works for, of a worker.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ChannelName>,
    /// The program's version.
    pub version: String,
    /// Of which commit the program was built, if its build says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// How it is.
    pub state: ProcessState,
    /// When it started, by its own clock.
    #[schemars(with = "domain::Rfc3339")]
    pub started_at: Timestamp,
    /// When it was heard of last, by the ledger's clock.
    #[schemars(with = "domain::Rfc3339")]
    pub seen_at: Timestamp,
    /// How many seconds ago that was, by the same clock.
    pub silent_s: u64,
    /// What it can reach.
    pub parts: Vec<Reach>,
}

/// How a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProcessState {
    /// It lives.
    Up,
    /// It was asked to end, and finishes what it has begun.
    Draining,
    /// It has not said for a while that it lives. It may have been killed, or cannot reach the ledger.
    Silent,
}

impl ProcessState {
    /// The state's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Draining => "draining",
            Self::Silent => "silent",
        }
    }
}

/// How a process finds a part that it uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reach {
    /// Which: `broker` or `guard`.
    pub part: String,
    /// Whether it answered.
    pub answers: bool,
    /// Since when that is so, by the process's own clock.
    #[schemars(with = "domain::Rfc3339")]
    pub since: Timestamp,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
}
