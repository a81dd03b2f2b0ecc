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
    /// Whether a server that takes over has all that was committed.
    pub failover: Failover,
}

/// What is lost when another PostgreSQL server takes over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Failover {
    /// What was committed last may be: nothing is sent until somebody has said so.
    #[default]
    Asynchronous,
    /// Nothing: every commit waits for a standby, and only that one takes over.
    Synchronous,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { url: Address::new("sqlite://oncepost.db"), pool: 16, failover: Failover::default() }
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
