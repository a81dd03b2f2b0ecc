//! A worker's settings.

use std::time::Duration;

use domain::WorkerName;

/// A worker's settings. The order of the times is checked when the settings are loaded (P5).
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// How the worker shows itself in attempts and logs.
    pub name: WorkerName,
    /// Which channels it works for.
    pub channels: Vec<String>,
    /// How many messages of a channel it holds at a time.
    pub prefetch: u16,
    /// How long a dedupe lock lasts.
    pub lock_ttl: Duration,
    /// How long an outcome hint is kept.
    pub hint_ttl: Duration,
    /// How long a drain may take.
    pub drain_limit: Duration,
}
