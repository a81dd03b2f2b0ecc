//! What may be done to a target, and what comes of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What may be done to a target as it stands. Asked for a moment later, each may be answered otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdicts {
    /// Try again.
    pub retry: Verdict,
    /// Do not publish it.
    pub cancel: Verdict,
    /// Publish it at another time.
    pub reschedule: Verdict,
    /// Have the platform asked once more.
    pub look_again: Verdict,
    /// Record that the publish point in doubt is out.
    pub published: Verdict,
    /// Record that it is not, and send it again.
    pub send_again: Verdict,
}

/// Whether something would be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ActionVerdict")]
pub struct Verdict {
    /// Whether it would.
    pub goes: bool,
    /// What would come of it, or why it is refused.
    pub why: String,
}
