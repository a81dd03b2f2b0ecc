#![doc = include_str!("../README.md")]

mod compare;
mod finding;
mod look;
mod report;

pub use compare::{Compared, Finding, Known, Question, Untold, compare};
pub use finding::remedy;
pub use look::{Audit, Parts};
pub use report::{Found, NotAsked, Report, Standing};
