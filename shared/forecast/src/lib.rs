#![doc = include_str!("../README.md")]

mod caps;
mod causes;
mod held;
mod judge;
mod look;
mod media;
mod pace;
mod report;
mod risk;
mod token;
mod words;

pub use caps::{Full, Sender, Sending, fill};
pub use judge::{Known, World, judge};
pub use look::{Ask, Forecast, Options};
pub use pace::{Lane, play};
pub use report::{AtStake, Cause, MediaLook, Report};
pub use risk::{Reason, Risk, Verdict};
