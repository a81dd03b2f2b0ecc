//! The queue agrees with the ledger, whatever happened to either.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

extern crate oncepost_letters as letters;

mod mending;
mod reading;
mod world;
