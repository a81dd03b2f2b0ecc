#![doc = include_str!("../README.md")]

mod missing;
mod outlet;
mod reach;

use std::time::Duration;

pub use missing::{Evidence, Missing, does, missing, serves};
pub use outlet::{Outlet, Queue, outlets};
pub use reach::reaches;

/// A process that has said nothing for longer is silent: it has missed three times to say that it lives.
pub const SILENT: Duration = Duration::from_secs(45);
