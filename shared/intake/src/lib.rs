//! Intake: one acceptance path for every door. It validates all that can be known now, tells every problem at once, and
//! stores what it accepts before it says so. See the crate's README for the invariants.

mod accept;
mod address;
mod change;
mod check;
mod checker;
mod link;
mod media;
mod names;
mod noted;
mod options;
mod plan;
mod same_text;
mod stored;
mod times;
mod traced;
mod verdict;

pub use accept::Intake;
pub use change::Changed;
pub use checker::{Checker, Request};
pub use options::Options;
pub use plan::{Preview, PreviewTarget};
pub use traced::came_in;
pub use verdict::Verdict;
