//! The delivery protocol's numbers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Settings, span};

/// The delivery protocol's numbers. Their order is checked (P5):
/// `http_timeout < attempt_limit < lease <= lock_ttl < broker.consumer_timeout`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Protocol {
    /// The longest one call to a platform may take.
    #[serde(with = "span")]
    pub http_timeout: Duration,
    /// The longest one attempt may take.
    #[serde(with = "span")]
    pub attempt_limit: Duration,
    /// How long an attempt in the ledger belongs to its worker.
    #[serde(with = "span")]
    pub lease: Duration,
    /// How long a dedupe lock lasts when its worker dies.
    #[serde(with = "span")]
    pub lock_ttl: Duration,
    /// How often a target is tried before it is a dead letter.
    pub max_attempts: u16,
    /// How often the platform is asked about an unknown outcome before a person must.
    pub max_looks: u16,
    /// Waits between tries.
    pub backoff: Backoff,
    /// How long a platform may take to decide before a person is asked.
    #[serde(with = "span")]
    pub processing_limit: Duration,
    /// How long an emitted message may be on its way before it is emitted again.
    #[serde(with = "span")]
    pub reemit_after: Duration,
    /// How much ahead of its time a target is claimed, so that it is handed over on time.
    #[serde(with = "span")]
    pub emit_ahead: Duration,
    /// Messages on their way per channel. What is due beyond that waits in the ledger, where it can be cancelled.
    pub outstanding_per_channel: u32,
    /// How late a post may go out when it names no deadline of its own; absent: however late.
    #[serde(with = "span::optional")]
    pub default_deadline: Option<Duration>,
}

impl Default for Protocol {
    fn default() -> Self {
        let policy = domain::Policy::default();
        Self {
            http_timeout: Duration::from_secs(30),
            attempt_limit: policy.attempt_limit,
            lease: policy.lease,
            lock_ttl: Duration::from_secs(180),
            max_attempts: policy.max_tries,
            max_looks: policy.max_looks,
            backoff: Backoff::default(),
            processing_limit: policy.processing_limit,
            reemit_after: policy.reemit_after,
            emit_ahead: Duration::from_millis(250),
            outstanding_per_channel: 2000,
            default_deadline: None,
        }
    }
}

/// Exponential waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backoff {
    /// The first wait.
    #[serde(with = "span")]
    pub base: Duration,
    /// What each further wait is multiplied by.
    pub factor: f64,
    /// The longest wait.
    #[serde(with = "span")]
    pub cap: Duration,
    /// How much longer a wait may get at random, as a share of itself.
    pub jitter: f64,
}

impl Default for Backoff {
    fn default() -> Self {
        let domain::Backoff { base, factor, cap, jitter } = domain::Policy::default().backoff;
        Self { base, factor, cap, jitter }
    }
}

/// How held and late work is released: in a drip, never in a burst.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resume {
    /// Work that is later than this is dripped.
    #[serde(with = "span")]
    pub late_after: Duration,
    /// The pause between two late targets of one account.
    #[serde(with = "span")]
    pub account_gap: Duration,
}

impl Default for Resume {
    fn default() -> Self {
        let policy = domain::Policy::default();
        Self { late_after: policy.late_after, account_gap: policy.drip }
    }
}

impl Settings {
    /// The numbers that the protocol's decisions depend on.
    pub fn policy(&self) -> domain::Policy {
        let Backoff { base, factor, cap, jitter } = self.protocol.backoff.clone();
        domain::Policy {
            attempt_limit: self.protocol.attempt_limit,
            lease: self.protocol.lease,
            max_tries: self.protocol.max_attempts,
            max_looks: self.protocol.max_looks,
            backoff: domain::Backoff { base, factor, cap, jitter },
            processing_limit: self.protocol.processing_limit,
            reemit_after: self.protocol.reemit_after,
            late_after: self.resume.late_after,
            drip: self.resume.account_gap,
            ..domain::Policy::default()
        }
    }
}
