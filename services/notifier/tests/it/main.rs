//! Hooks and alerts as their receivers see them.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod alerts;
mod failing;
mod hooks;
mod mail;
mod receiver;
mod smtp;
mod world;
