//! One trace from the request to the result: real scheduler and workers over the embedded ports on a virtual clock, and every span as an exporter
//! gets it.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a harness")]

mod graph;
mod kept;
mod story;
