//! Whole processes on real RabbitMQ, Redis and PostgreSQL, counted by a fake platform: what only shows outside of one process.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time")]

mod backup;
mod burst;
mod chaos;
mod drain;
mod drills;
mod examples;
mod ground;
mod kills;
mod letters;
mod malformed;
mod queues;
