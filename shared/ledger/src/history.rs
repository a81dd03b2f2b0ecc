//! What came of what was due in a period: a port beside the ledger, for scorecards. It counts; what the counts mean is for
//! its reader.

use std::time::Duration;

use async_trait::async_trait;
use domain::{ChannelName, State, TenantId};
use jiff::Timestamp;

use crate::LedgerError;

/// A span of time, and whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// From this instant on.
    pub from: Timestamp,
    /// Up to this one, which is not in it.
    pub until: Timestamp,
    /// Of this tenant only.
    pub tenant: Option<TenantId>,
}

/// Targets that were due in a period and stand alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTally {
    /// Their channel.
    pub channel: ChannelName,
    /// Where they stand now.
    pub state: State,
    /// They need a person now.
    pub listed: bool,
    /// An attempt ended without it being known whether they went out.
    pub doubted: bool,
    /// A person was asked about that doubt.
    pub asked: bool,
    /// How long after their time the last attempt ended that sent them: when they were out at the latest. Rounded down to a hundredth
    /// of a second below a second, to a tenth below ten, to a second below a hundred, and to ten seconds beyond. `None`: nothing sent
    /// them.
    pub late: Option<Duration>,
    /// How many.
    pub count: u64,
}

/// Cases that began or ended in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseTally {
    /// Their channel.
    pub channel: ChannelName,
    /// Code, scope and platform code of the last failure.
    pub cause: String,
    /// How many began in the period.
    pub begun: u64,
    /// How many ended in the period with the target out.
    pub published: u64,
    /// How long those were open, in all.
    pub published_after: Duration,
    /// How many ended in the period otherwise: cancelled or expired.
    pub given_up: u64,
    /// How long those were open, in all.
    pub given_up_after: Duration,
}

/// Times that somebody set a target of the operators' list going again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryTally {
    /// The target's channel.
    pub channel: ChannelName,
    /// How often.
    pub count: u64,
}

/// What the past can be asked.
#[async_trait]
pub trait History: Send + Sync {
    /// What was due in the period, by how it stands. Reads every target that was due in it.
    async fn due(&self, period: &Period) -> Result<Vec<DueTally>, LedgerError>;

    /// Cases that began or ended in the period, sorted by channel and cause.
    async fn cases(&self, period: &Period) -> Result<Vec<CaseTally>, LedgerError>;

    /// Retries by hand in the period, sorted by channel.
    async fn retries(&self, period: &Period) -> Result<Vec<RetryTally>, LedgerError>;

    /// How many cases are open, and since when the oldest is.
    async fn open_cases(&self, tenant: Option<&TenantId>) -> Result<(u64, Option<Timestamp>), LedgerError>;
}

/// A lateness in milliseconds as [`DueTally::late`] has it. What went out before its time, by the clocks, was on time.
pub(crate) fn rounded(late: i64) -> i64 {
    let step = match late {
        ..1_000 => 10,
        1_000..10_000 => 100,
        10_000..100_000 => 1_000,
        _ => 10_000,
    };
    late.max(0) / step * step
}
