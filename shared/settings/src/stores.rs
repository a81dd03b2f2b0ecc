//! The three stores: ledger, broker, guard.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Address, span};

/// Where the truth is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ledger {
    /// `postgres://user:password@host/database`, or `sqlite://path` for a single process.
    pub url: Address,
    /// Connections to PostgreSQL.
    pub pool: u32,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { url: Address::new("sqlite://oncepost.db"), pool: 16 }
    }
}

/// What carries the work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Broker {
    /// `amqp://user:password@host/vhost`, `amqps://…`, or `memory` for a single process.
    pub url: Address,
    /// What exchange and queue names start with.
    pub prefix: String,
    /// Messages a worker holds at once; what a crash delivers again.
    pub prefetch: u16,
    /// How long the broker may take to confirm a message.
    #[serde(with = "span")]
    pub confirm_timeout: Duration,
    /// The broker's own `consumer_timeout`: how long a message may stay unacknowledged there.
    #[serde(with = "span")]
    pub consumer_timeout: Duration,
}

impl Default for Broker {
    fn default() -> Self {
        Self {
            url: Address::new("memory"),
            prefix: "oncepost".into(),
            prefetch: 200,
            confirm_timeout: Duration::from_secs(10),
            consumer_timeout: Duration::from_secs(30 * 60),
        }
    }
}

/// Locks, limits and hints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guard {
    /// `redis://user:password@host/db`, `rediss://…`, or `memory` for a single process.
    pub url: Address,
    /// What keys start with.
    pub prefix: String,
}

impl Default for Guard {
    fn default() -> Self {
        Self { url: Address::new("memory"), prefix: "oncepost".into() }
    }
}
