//! The API, asked as its callers ask it: requests in, answers out.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod access;
mod accounts;
mod changes;
mod dead;
mod failures;
mod forecast;
mod garbage;
mod links;
mod operate;
mod posts;
mod retry;
mod sqlite;
mod targets;
mod world;
