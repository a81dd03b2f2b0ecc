//! One trace through all processes: the context of W3C in text and headers, and how spans of ours are tied to it.
//!
//! `tracing` makes the spans. Everything here does nothing where no exporter is set up.

mod ends;
mod headers;
mod text;

pub use ends::{detail, failed};
pub use headers::{inject, set_parent_from};
pub use text::{is_sampled, is_valid, link, of, of_sampled, set_parent};

/// The name of the header, and of the field of a message, that carries a trace.
pub const TRACEPARENT: &str = "traceparent";

/// The header in which a message carries the context of the attempt that it follows.
pub const FOLLOWS: &str = "oncepost-follows";
