//! Alerts: who is told that something needs a person.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{SecretRef, span};

/// Alerts for groups of failures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alerts {
    /// A Slack-compatible incoming webhook; absent: nobody is told. Its address is a secret.
    pub slack_url: Option<SecretRef>,
    /// After how long people are reminded of a group that nobody has mended.
    #[serde(with = "span")]
    pub old_after: Duration,
}

impl Default for Alerts {
    fn default() -> Self {
        Self { slack_url: None, old_after: Duration::from_secs(4 * 3600) }
    }
}
