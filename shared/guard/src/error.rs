//! Why a guard could not answer.

use std::{error::Error, time::Duration};

/// Why a guard could not answer. Every variant names the operation; none carries an address or a password.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The address cannot be used.
    #[error("the guard's address is not a Redis address (redis://host:port/db or rediss://...)")]
    Address {
        /// What is wrong with it, without the address itself.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The key prefix cannot be used.
    #[error("the guard's key prefix must be 1 to 64 of the characters a-z A-Z 0-9 . _ -")]
    Prefix,
    /// The store gave no answer in time. What was asked may or may not have been done.
    #[error("{operation}: the guard did not answer within {limit:?}")]
    Silent {
        /// What was asked.
        operation: &'static str,
        /// How long we waited.
        limit: Duration,
    },
    /// The store, or the way to it, failed. What was asked may or may not have been done.
    #[error("{operation}: the guard failed")]
    Failed {
        /// What was asked.
        operation: &'static str,
        /// The store's own words.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The store failed just now; it was not asked again.
    #[error("{operation}: the guard is away, not asked")]
    Away {
        /// What would have been asked.
        operation: &'static str,
    },
}

impl GuardError {
    /// Its kind, for traces.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Address { .. } | Self::Prefix => "settings",
            Self::Silent { .. } => "timeout",
            Self::Failed { .. } => "failed",
            Self::Away { .. } => "away",
        }
    }
}
