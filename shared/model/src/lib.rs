//! The model check: the domain's own decisions under every interleaving. Development only.

pub mod check;
pub mod configurations;
pub mod fair;
pub mod platform;
pub mod setup;
pub mod sights;
pub mod step;
pub mod story;
pub mod worker;
pub mod world;
