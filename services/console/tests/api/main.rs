//! The API, asked as its callers ask it: requests in, answers out.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod access;
mod accounts;
mod audit_log;
mod changes;
mod edit;
mod failures;
mod forecast;
mod garbage;
mod groups;
mod jobs;
mod links;
mod notes;
mod operate;
mod posts;
mod retry;
mod sqlite;
mod targets;
mod world;
