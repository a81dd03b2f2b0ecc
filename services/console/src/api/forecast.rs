//! What will fail, or may.

use forecast::Report;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What will fail, or may, in the next hours: by cause, then target by target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Forecast {
    /// What the look came to. Of its targets, the first ones.
    #[serde(flatten)]
    pub report: Report,
    /// How many targets that will fail or are at risk are not listed; they count in everything else.
    #[serde(default)]
    pub not_listed: usize,
}

impl Forecast {
    /// The report with at most so many of its targets.
    pub fn listing(mut report: Report, most: usize) -> Self {
        let not_listed = report.targets.len().saturating_sub(most);
        report.targets.truncate(most);
        Self { report, not_listed }
    }
}
