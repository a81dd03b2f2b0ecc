#![doc = include_str!("../README.md")]

mod missing;
mod outlet;
mod reach;

use std::time::Duration;

pub use missing::{Evidence, Missing, Unreached, missing, stopped, within};
pub use outlet::{Outlet, Queue, outlets};
pub use reach::reaches;

/// A process that has said nothing for longer is silent, and nobody is believed to do what it did: one rule, so that none is called silent
/// whose work is not called undone. It says every 15 s that it lives; a ledger that is away for a minute is no reason to tell anybody.
pub const SILENT: Duration = Duration::from_secs(120);

/// What a process says of the parts that it uses is good for so long: three times as long as from one word to the next.
pub const FRESH: Duration = Duration::from_secs(45);
