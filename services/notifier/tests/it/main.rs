//! Hooks and alerts as their receivers see them.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod alerts;
mod hooks;
mod receiver;
mod world;
