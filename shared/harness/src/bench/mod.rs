//! Benchmarks: whole runs of the product's binary, each figure beside what the part that bounds it takes at most in the same run.

mod ceiling;
mod figure;
mod ground;
mod report;
mod scenes;

pub use ceiling::Ceilings;
pub use figure::{Aim, Bound, Figure, Record, Series};
pub use ground::{Ground, Options, Parts};
pub use report::{line, table};
pub use scenes::{cold_start, intake, lateness, pending, slow_platform, throughput};
