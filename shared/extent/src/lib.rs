#![doc = include_str!("../README.md")]

mod common;
mod extent;
mod judge;
mod meanwhile;

pub use extent::{Account, Extent, ExtentKind, Known, account, listed};
pub use judge::{Cause, Evidence, Judgement, Whole};
pub use meanwhile::{Flow, Meanwhile, second};
