//! How reliable a period was.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Target;

pub use scorecard::Scorecard;

/// A page of the targets that a figure of a scorecard counts, in the order of their times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CountedTargets {
    /// This page's targets.
    pub targets: Vec<Target>,
    /// Give this as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
