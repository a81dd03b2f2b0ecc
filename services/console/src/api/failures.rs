//! The operators' list.

use domain::{Code, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Target;

/// Targets that need a person: all of them by cause, and a page of them one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Failures {
    /// All causes, those with the most targets first.
    pub groups: Vec<FailureGroup>,
    /// This page's targets, newest first.
    pub targets: Vec<Target>,
    /// Give this as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Targets that fail for the same cause: the same code, scope and platform code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureGroup {
    /// The cause's key, as `OP-2102/account/-`.
    pub group: String,
    /// How many targets.
    pub count: u64,
    /// The failure's code; absent if the key has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// What else fails with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// The platform's own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_code: Option<String>,
    /// The failure in a few words.
    pub title: String,
    /// Whose fault it is.
    pub whose_fault: String,
    /// What to do.
    pub remedy: String,
}
