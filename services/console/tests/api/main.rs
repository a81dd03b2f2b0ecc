//! The API, asked as its callers ask it: requests in, answers out.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod access;
mod accounts;
mod audit_log;
mod changes;
mod failures;
mod forecast;
mod garbage;
mod hooks;
mod links;
mod operate;
mod posts;
mod retry;
mod scorecard;
mod sqlite;
mod targets;
mod world;
