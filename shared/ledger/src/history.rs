//! What came of what was due in a period: a port beside the ledger, for scorecards. It counts; what the counts mean is for
//! its reader.

use std::time::Duration;

use async_trait::async_trait;
use domain::{ChannelName, State, Target, TargetId, TenantId};
use jiff::Timestamp;

use crate::{IncidentKind, LedgerError, Page};

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

/// Incidents that were found in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentTally {
    /// Their channel.
    pub channel: ChannelName,
    /// What kind of thing.
    pub kind: IncidentKind,
    /// How many.
    pub count: u64,
}

/// Which targets of a period a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Due in it, without those that were cancelled.
    Due,
    /// Out.
    Published,
    /// Those that need a person now.
    Failed,
    /// Their deadline passed before they could be sent.
    Expired,
    /// Still on their way.
    Undecided,
    /// Cancelled.
    Cancelled,
    /// Out, and sent so long after their time.
    Late(Duration),
    /// It was not known for a while whether they were out.
    Doubted,
    /// A person was asked about that.
    Asked,
    /// The platform was found in the period to show them twice.
    Duplicated,
    /// The platform was found in the period not to show them any more.
    Vanished,
    /// Somebody set them going again in the period.
    Retried,
    /// Their case ended in the period, and they are out.
    Resolved,
    /// Their case ended in the period, and they are not.
    GivenUp,
}

/// Which targets to list.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Of which period.
    pub period: Period,
    /// On this channel only.
    pub channel: Option<ChannelName>,
    /// Counted by which figure.
    pub figure: Figure,
    /// At most this many; 0 means 50.
    pub limit: u32,
    /// Go on after this page's `next`.
    pub after: Option<String>,
}

/// When something went out last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewestPublish {
    /// When that was; `None`: nothing has, as far as was looked.
    pub at: Option<Timestamp>,
    /// Nothing earlier than this was looked at; `None`: everything was.
    pub since: Option<Timestamp>,
}

impl NewestPublish {
    /// How many of what all tenants have published are looked at for one of them.
    pub(crate) const MOST: i64 = 2_000;
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

    /// Incidents that were found in the period, sorted by channel and kind.
    async fn found(&self, period: &Period) -> Result<Vec<IncidentTally>, LedgerError>;

    /// The targets that a figure counts, in the order of their times.
    async fn counted(&self, counted: &Counted) -> Result<Page<TargetId>, LedgerError>;

    /// Targets that have expired and whose deadline was `since` or later, the latest first, at most `limit`. Rows that cannot be read are
    /// left out and counted.
    async fn expired(&self, since: Timestamp, limit: u32) -> Result<Vec<Target>, LedgerError>;

    /// When an attempt last ended with its target published. Of all by the end of an index; of one tenant's among the newest 2,000 of all.
    async fn newest_publish(&self, tenant: Option<&TenantId>) -> Result<NewestPublish, LedgerError>;

    /// How many cases are open, and since when the oldest is.
    async fn open_cases(&self, tenant: Option<&TenantId>) -> Result<(u64, Option<Timestamp>), LedgerError>;
}

/// The last millisecond of lateness that is rounded down to `span` or less.
pub(crate) fn beyond(span: Duration) -> i64 {
    let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX / 2);
    (span..).find(|late| rounded(late + 1) > rounded(span)).unwrap_or(span)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_late_by_its_rounded_lateness_is_late_in_the_list() {
        for span in [0, 55, 999, 1_000, 60_000, 100_000, 3_600_000] {
            let last = beyond(Duration::from_millis(span));
            let span = rounded(i64::try_from(span).unwrap());
            assert!(rounded(last) <= span && rounded(last + 1) > span, "{span}: {last}");
        }
    }
}
