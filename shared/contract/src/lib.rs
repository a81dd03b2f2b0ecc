//! The messages that oncepost exchanges with the world and between its services, as types. Pure: no I/O, no clock.

pub mod dead;
mod diagnosis;
mod event;
#[cfg(test)]
mod fixtures;
mod hex;
mod publish;
mod version;

pub use dead::Dead;
pub use diagnosis::Diagnosis;
pub use event::EventMessage;
pub use publish::{Publish, Unreadable};
pub use version::V1;

/// A message as JSON. Our own types always serialise: they have text keys and no failing parts.
pub(crate) fn to_json(message: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(message).unwrap_or_default()
}
