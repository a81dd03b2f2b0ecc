//! The API, asked as its callers ask it: requests in, answers out.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod accounts;
mod assignments;
mod audit_log;
mod causes;
mod changes;
mod dead;
mod described;
mod edit;
mod expired;
mod failures;
mod forecast;
mod garbage;
mod groups;
mod hooks;
mod incidents;
mod jobs;
mod links;
mod looks;
mod manual;
mod notes;
mod operate;
mod posts;
mod processes;
mod retry;
mod retrying;
mod schedule;
mod scorecard;
mod screens;
mod security;
mod sqlite;
mod targets;
mod verdicts;
mod waiting;
mod world;
