//! How a platform behaves while a seed's faults last.

use std::time::Duration;

use jiff::Timestamp;

use super::{Fault, Ruling};
use crate::dice::Dice;

/// The behaviour of all servers of one channel.
pub struct Mood {
    /// Where its chance comes from.
    pub dice: Dice,
    /// Until when it lasts; afterwards everything is well, except for what is slow to show.
    pub until: Timestamp,
    /// The share of publish calls that meet a fault.
    pub trouble: f64,
    /// The faults that are met, each as likely as the others.
    pub faults: Vec<Fault>,
    /// The longest until a new post is listed. Must be within what the channel promises.
    pub lag: Duration,
    /// How long it remembers idempotency keys.
    pub remembers: Duration,
}

impl Mood {
    pub(super) fn fault(&self, now: Timestamp) -> Option<Fault> {
        let troubled = now < self.until && !self.faults.is_empty() && self.dice.chance(self.trouble);
        troubled.then(|| *self.dice.pick(&self.faults))
    }

    pub(super) fn lag(&self) -> Duration {
        self.dice.millis(0, self.lag.as_millis() as u64)
    }

    /// When a platform that takes its time decides, and how.
    pub(super) fn decision(&self, now: Timestamp) -> (Duration, Ruling) {
        let took = match self.dice.number(0, 9) {
            0 => self.dice.seconds(3600, 40 * 3600),
            1..=3 => self.dice.seconds(60, 3600),
            _ => self.dice.seconds(1, 60),
        };
        let ruling = match self.dice.number(0, 9) {
            0 if now < self.until => Ruling::Refused,
            1 if now < self.until => Ruling::GivenUp,
            _ => Ruling::Out,
        };
        (took, ruling)
    }
}
