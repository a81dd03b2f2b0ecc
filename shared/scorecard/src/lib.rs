//! How reliable a period was: by channel, with what went wrong most, beside earlier periods.
//!
//! Pure: the ledger counts, this computes and writes it down.

mod causes;
pub mod csv;
mod figures;
pub mod markdown;
mod period;
pub mod plot;
pub mod words;

use domain::{ChannelName, TenantId};
use jiff::Timestamp;
use ledger::{CaseTally, DueTally, IncidentTally, LookTally, RetryTally};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use causes::Cause;
pub use figures::{Figures, ON_TIME};
pub use period::{Span, WrongPeriod};

/// What the ledger counted of one period.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// What was due in it, by how it stands.
    pub due: Vec<DueTally>,
    /// Cases that began or ended in it.
    pub cases: Vec<CaseTally>,
    /// Retries by hand in it.
    pub retries: Vec<RetryTally>,
    /// What was found in it by looking at platforms.
    pub found: Vec<IncidentTally>,
    /// What of it was looked for there, if that was asked.
    pub looked: Option<Vec<LookTally>>,
}

/// The scorecard of a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scorecard {
    /// Which period.
    pub period: Span,
    /// It has not ended yet: the figures are those so far.
    pub so_far: bool,
    /// Of this tenant only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// When it was computed, by the ledger's clock.
    #[schemars(with = "domain::Rfc3339")]
    pub at: Timestamp,
    /// Over all channels.
    pub total: Figures,
    /// Channel by channel, sorted by name.
    pub channels: Vec<ChannelFigures>,
    /// Why people were needed, the most frequent first.
    pub causes: Vec<Cause>,
    /// The earlier periods and then this one, oldest first.
    pub trend: Vec<Past>,
    /// How many targets need a person now.
    pub open_cases: u64,
    /// Since when the oldest of them does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub oldest_open_case: Option<Timestamp>,
}

/// The figures of one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelFigures {
    /// Its name.
    pub channel: ChannelName,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// The figures of one period of a trend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Past {
    /// Which period.
    pub period: Span,
    /// Its figures, over all channels.
    #[serde(flatten)]
    pub figures: Figures,
}

/// What goes into a scorecard besides counts.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Which period.
    pub period: Span,
    /// Of this tenant only.
    pub tenant: Option<TenantId>,
    /// The ledger's time.
    pub at: Timestamp,
    /// How many cases are open now.
    pub open_cases: u64,
    /// Since when the oldest is.
    pub oldest_open_case: Option<Timestamp>,
}

impl Scorecard {
    /// The scorecard of what was counted, beside the `earlier` periods, oldest first.
    pub fn of(frame: Frame, counts: &Counts, earlier: &[(Span, Counts)]) -> Self {
        let total = Figures::of(counts, None);
        let channels = figures::channels(counts).into_iter().map(|channel| {
            let figures = Figures::of(counts, Some(&channel));
            ChannelFigures { channel, figures }
        });
        let past =
            earlier.iter().map(|(period, counts)| Past { period: period.clone(), figures: Figures::of(counts, None) });
        let now = Past { period: frame.period.clone(), figures: total.clone() };
        Self {
            so_far: frame.at < frame.period.until,
            tenant: frame.tenant,
            at: frame.at,
            channels: channels.collect(),
            causes: causes::of(&counts.cases),
            trend: past.chain([now]).collect(),
            open_cases: frame.open_cases,
            oldest_open_case: frame.oldest_open_case,
            period: frame.period,
            total,
        }
    }
}
