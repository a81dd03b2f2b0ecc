//! The messages that oncepost exchanges with the world and between its services, as types. Pure: no I/O, no clock.

mod advice;
mod answer;
mod cause;
mod change;
pub mod dead;
mod diagnosis;
mod event;
mod expired;
#[cfg(test)]
mod fixtures;
mod hex;
mod path;
mod problem;
mod publish;
mod reader;
mod reading;
mod rejected;
mod schedule;
mod time;
mod version;

pub use answer::{Accepted, AcceptedTarget, Answer, Conflict, Refused};
pub use cause::{Asking, Doubts, remedy_of_asked, remedy_of_group};
pub use change::{Change, ChangeAsk};
pub use dead::Dead;
pub use diagnosis::Diagnosis;
pub use event::EventMessage;
pub use path::Path;
pub use problem::{Excess, Problem};
pub use publish::{Publish, Unreadable};
pub use reading::{ReadTarget, Reading};
pub use rejected::{Received, Rejected};
pub use schedule::{Schedule, TargetAsk};
pub use time::{Local, Resolved, Rule, TimeError, When};
pub use version::V1;

/// A message as JSON. Our own types always serialise: they have text keys and no failing parts.
pub(crate) fn to_json(message: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(message).unwrap_or_default()
}
