//! Intake against a ledger in memory.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod accepted;
mod anything;
mod changes;
mod refused;
mod repeated;
mod sqlite;
mod world;
