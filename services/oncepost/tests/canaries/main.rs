//! Secrets that are recognised wherever they appear are put everywhere a secret may be, everything happens to posts that can, and
//! then all that leaves the processes is searched for them.
//!
//! One name is planted openly, and must be found in every place: a search that finds nothing anywhere shows nothing.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time")]

mod connected;
mod embedded;
mod planted;
mod queues;
mod real;
mod search;
