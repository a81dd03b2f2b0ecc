//! The script: which calls go wrong, and how.

use std::time::Duration;

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::{Answer, Ask};

/// Says what happens to a call it matches. The first cue that matches a call acts, alone; without one the platform just answers.
///
/// A cue that names neither method nor path is for calls that publish. All of a cue's conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cue {
    /// Only this method.
    pub method: Option<String>,
    /// Only paths that contain this.
    pub path: Option<String>,
    /// Only calls of this account.
    pub account: Option<String>,
    /// Only calls whose body contains this.
    pub text: Option<String>,
    /// Only the n-th of the calls that match all the above, counted from 1.
    pub nth: Option<u64>,
    /// Only with this probability, drawn anew for each call from the seeded generator.
    pub probability: Option<f64>,
    /// For how many calls; 0 means one, and with `always` it does not count.
    pub times: u64,
    /// For every call that matches.
    pub always: bool,

    /// The account's token runs out just before the call is looked at.
    pub expire_token: bool,
    /// Wait before the platform does anything, milliseconds.
    pub slow_before_ms: u64,
    /// Wait before the platform does anything, until released.
    pub hold_before: bool,
    /// How it ends.
    pub end: End,
    /// What the call makes comes this much later into listings, milliseconds.
    pub list_late_ms: u64,
    /// Wait between doing and answering, milliseconds.
    pub slow_after_ms: u64,
    /// Wait between doing and answering, until released.
    pub hold_after: bool,
    /// Cut connections with a reset, not with an orderly close.
    pub reset: bool,
}

/// How a call ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// As the platform would have it.
    #[default]
    Normal,
    /// This answer; the platform does nothing.
    Refuse(Answer),
    /// The platform's own "too many requests"; it does nothing else.
    RateLimit {
        /// For how long.
        seconds: u64,
    },
    /// An HTML page and status 503; the platform does nothing.
    Outage,
    /// The request is read, then the connection is cut; the platform does nothing.
    CutBefore,
    /// The platform does its work, then the connection is cut.
    CutAfter,
    /// The platform does its work, then this is answered.
    Say(Answer),
    /// The platform does its work, but half of the answer's body is missing.
    Malformed,
}

impl Cue {
    /// Publishing ends like this, once.
    pub fn new(end: End) -> Self {
        Self { end, ..Self::default() }
    }

    /// Publishing is refused with this status and body, once.
    pub fn refuse(status: u16, body: &serde_json::Value) -> Self {
        Self::new(End::Refuse(Answer::json(status, body)))
    }

    /// Publishing works, but answers this, once.
    pub fn say(status: u16, body: &serde_json::Value) -> Self {
        Self::new(End::Say(Answer::json(status, body)))
    }

    /// Only for calls with this method and a path that contains this.
    #[must_use]
    pub fn on(mut self, method: &str, path: &str) -> Self {
        (self.method, self.path) = (Some(method.into()), Some(path.into()));
        self
    }

    /// Only for calls of this account.
    #[must_use]
    pub fn of(mut self, account: &str) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Only for calls whose body contains this.
    #[must_use]
    pub fn saying(mut self, text: &str) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Only for the n-th matching call, counted from 1.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.nth = Some(n);
        self
    }

    /// With this probability, for every call.
    #[must_use]
    pub fn chance(mut self, probability: f64) -> Self {
        (self.probability, self.always) = (Some(probability), true);
        self
    }

    /// For this many calls.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    /// For every call.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// Slow before it works.
    #[must_use]
    pub fn slow_before(mut self, wait: Duration) -> Self {
        self.slow_before_ms = millis(wait);
        self
    }

    /// Slow to answer after it has worked.
    #[must_use]
    pub fn slow_after(mut self, wait: Duration) -> Self {
        self.slow_after_ms = millis(wait);
        self
    }

    /// What is made appears late in listings.
    #[must_use]
    pub fn list_late(mut self, by: Duration) -> Self {
        self.list_late_ms = millis(by);
        self
    }

    /// Is this call meant?
    pub(crate) fn means(&self, ask: &Ask, account: Option<&str>, publishes: bool) -> bool {
        let named = self.method.is_some() || self.path.is_some();
        (named || publishes)
            && self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&ask.method))
            && self.path.as_ref().is_none_or(|path| ask.path.contains(path))
            && self.account.as_ref().is_none_or(|wanted| account == Some(wanted))
            && self.text.as_ref().is_none_or(|text| ask.says(text))
    }
}

/// A cue and how often it was met and used.
pub(crate) struct Armed {
    cue: Cue,
    met: u64,
    used: u64,
}

impl Armed {
    pub(crate) fn new(cue: Cue) -> Self {
        Self { cue, met: 0, used: 0 }
    }

    /// The cue, if it acts on this call.
    pub(crate) fn take(
        &mut self,
        ask: &Ask,
        account: Option<&str>,
        publishes: bool,
        rng: &mut impl Rng,
    ) -> Option<Cue> {
        if self.spent() || !self.cue.means(ask, account, publishes) {
            return None;
        }
        self.met += 1;
        let its_turn = self.cue.nth.is_none_or(|n| n == self.met);
        let lucky = self.cue.probability.is_none_or(|chance| rng.random_bool(chance.clamp(0.0, 1.0)));
        (its_turn && lucky).then(|| {
            self.used += 1;
            self.cue.clone()
        })
    }

    /// Will it never act again?
    pub(crate) fn spent(&self) -> bool {
        !self.cue.always && self.used >= self.cue.times.max(1)
    }
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}
