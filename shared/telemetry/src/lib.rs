//! Logs, traces, metrics and probes.
//!
//! [`init`] sets up a process; [`health_router`] serves `/healthz`, `/readyz` and `/metrics`.

mod export;
mod health;
mod init;
mod kept;
mod lines;
mod logs;
mod metric;
pub mod names;
mod traces;

pub use health::{Checks, Health, health_router};
pub use init::{Options, TelemetryError, TelemetryHandle, init, subscriber_over};
pub use logs::Format;
pub use metric::Metrics;
