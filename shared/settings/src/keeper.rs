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
}

impl Default for Keeper {
    fn default() -> Self {
        Self { audit_every: Duration::from_secs(24 * 3600) }
    }
}
