//! The delivery protocol, whole: real scheduler and workers over the embedded ports on a virtual clock.
//!
//! The platform counts; nothing else is believed. Incidents are tested by their ids.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a harness")]

mod crashes;
mod incidents;
mod losses;
mod missed;
mod upgrades;
