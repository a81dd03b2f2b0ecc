//! A whole oncepost on a virtual clock: the real scheduler and workers over the embedded ports, and faults of every kind.
//! Development only.
//!
//! [`World`] is for tests that put faults on cue; [`run`] lets a seed decide everything.

mod campaign;
mod channel;
mod clock;
mod dice;
mod doubts;
mod logins;
pub mod net;
mod people;
mod plan;
pub mod platform;
mod process;
mod run;
mod say;
mod single;
mod slot;
mod stage;
mod stores;
mod story;
mod trace;
mod witness;
mod world;

pub use campaign::Campaign;
pub use channel::{ALL_KINDS, Defect, KINDS, TestChannel};
pub use doubts::Ended;
pub use logins::{Cue, Logins, Seen, TokenChannel};
pub use platform::{Fault, Platform};
pub use process::Process;
pub use run::{Outcome, run};
pub use single::single;
pub use story::story;
pub use trace::{Line, Trace};
pub use witness::{Broken, Counts, Witness};
pub use world::World;
