//! What is seen ahead: by tables, and by whole looks over a ledger, a vault and a channel that answers as it is told.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod accounts;
mod look;
mod media;
mod tables;
mod world;
