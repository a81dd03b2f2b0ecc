//! What a keeper does beside looking after accounts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::span;

/// What a keeper does by itself, and how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keeper {
    /// How often what platforms show is compared with the ledger; `0s`: never by itself.
    #[serde(with = "span")]
    pub audit_every: Duration,
    /// How long jobs that ended, and notes whose time ended, are kept; `0s`: for ever.
    #[serde(with = "span")]
    pub keep_for: Duration,
}

impl Default for Keeper {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 3600);
        Self { audit_every: day, keep_for: 90 * day }
    }
}
