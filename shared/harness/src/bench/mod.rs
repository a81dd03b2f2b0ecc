//! Benchmarks: whole runs of the product's binary, each figure beside what the part that bounds it takes at most in the same run.

mod backlog;
mod beats;
mod ceiling;
mod fairness;
mod figure;
mod ground;
mod platform;
mod plot;
mod recovery;
mod report;
mod scenes;
mod upload;

pub use backlog::backlog;
pub use ceiling::Ceilings;
pub use fairness::fairness;
pub use figure::{Aim, Bound, Figure, Record, Series};
pub use ground::{Ground, Options, Parts};
pub use platform::Platform;
pub use plot::draw;
pub use recovery::recovery;
pub use report::{line, table};
pub use scenes::{cold_start, intake, lateness, pending, scaling, slow_platform, throughput};
pub use upload::upload;
